# The tests, by rung.  Included by the top-level Makefile.am.

TESTS =
check_PROGRAMS =
dist_check_SCRIPTS =
AM_TESTS_ENVIRONMENT = \
	PM_SRC='$(abs_srcdir)'; export PM_SRC; \
	PM_BUILD='$(abs_builddir)'; export PM_BUILD; \
	PM_CC='$(CC)'; export PM_CC; \
	PM_PLUGINDIR='$(plugindir)'; export PM_PLUGINDIR; \
	COLLECTD='$(COLLECTD)'; export COLLECTD;

# ---- scenarios: the real plugin against fakes, time as a variable ----

check_PROGRAMS += tests/host/play
tests_host_play_SOURCES = tests/host/play.c \
	tests/fakes/collectd.c tests/fakes/collectd.h \
	tests/fakes/machine.c tests/fakes/machine.h \
	tests/fakes/oconfig.c tests/fakes/oconfig.h
tests_host_play_CPPFLAGS = $(AM_CPPFLAGS) $(COLLECTD_CPPFLAGS) \
	-I$(srcdir)/tests
tests_host_play_LDADD = libpmplugin.la libpmcore.la libpmbase.la -lm
tests_host_play_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pm_emit \
	-Wl,--wrap=calloc -Wl,--wrap=realloc

TEST_EXTENSIONS = .scn .py .sh
SCN_LOG_COMPILER = ./tests/host/play
PY_LOG_COMPILER = $(PYTHON)
SH_LOG_COMPILER = $(SHELL)

scenarios = \
	tests/scenario/01-first-intervals.scn \
	tests/scenario/02-pid-reuse.scn \
	tests/scenario/03-birth-under-our-eyes.scn \
	tests/scenario/04-zombies.scn \
	tests/scenario/05-exec.scn \
	tests/scenario/06-ten-turns-a-close.scn \
	tests/scenario/07-cannot-be-read.scn \
	tests/scenario/08-kernel-threads.scn \
	tests/scenario/09-books.scn \
	tests/scenario/10-admission.scn \
	tests/scenario/11-linger.scn \
	tests/scenario/12-crash-loop.scn \
	tests/scenario/13-clock-step.scn \
	tests/scenario/14-deaths.scn \
	tests/scenario/15-configured-groups.scn \
	tests/scenario/16-bad-configuration.scn \
	tests/scenario/17-io.scn \
	tests/scenario/18-names.scn \
	tests/scenario/19-group-by.scn \
	tests/scenario/20-hanging-command-line.scn \
	tests/scenario/21-out-of-memory.scn \
	tests/scenario/22-steps-back.scn \
	tests/scenario/23-io-outside.scn
TESTS += $(scenarios)
EXTRA_DIST += $(scenarios) tests/scenario/README.md

# ---- the house itself ----

house_tests = tests/house/rooms.py tests/house/headers.sh \
	tests/house/sizes.py tests/house/docs.py
TESTS += $(house_tests)
EXTRA_DIST += $(house_tests) tests/rooms.txt

# ---- end to end, in the real collectd ----

e2e_tests = tests/e2e/test_config.py tests/e2e/test_guest.py \
	tests/e2e/test_hang.py tests/e2e/test_series.py
EXTRA_DIST += $(e2e_tests) tests/e2e/harness.py tests/host/run.sh \
	tests/host/table.sh
if !SANITIZERS
TESTS += $(e2e_tests)
check_PROGRAMS += tests/e2e/hang
tests_e2e_hang_SOURCES = tests/e2e/hang.c
tests_e2e_hang_LDFLAGS = -pthread
endif
