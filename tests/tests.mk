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
tests_host_play_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=pm_emit
