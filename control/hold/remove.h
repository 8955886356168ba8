/* procman-hold remove: removes what is left of a job that is over: its log, as
 * its user, and its folder (base/hold_remove.h). */
#ifndef PM_HOLD_REMOVE_H
#define PM_HOLD_REMOVE_H

int hold_remove(int argc, char **argv);

#endif
