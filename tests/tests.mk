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
