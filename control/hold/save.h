/* procman-hold save FOLDER: replaces the file in which procman.so keeps what
 * outlives a restart, as a write may block (base/hold_save.h). */
#ifndef PM_HOLD_SAVE_H
#define PM_HOLD_SAVE_H

int hold_save(int argc, char **argv);

#endif
