/* Folders whose files nobody else can have put there. */
#ifndef PM_BASE_OWN_FOLDER_H
#define PM_BASE_OWN_FOLDER_H

/* A descriptor for openat(2), close-on-exec, the caller's.  -EPERM: it is
 * neither the effective user's nor root's, or others may write to it; -ENOTDIR:
 * also a symbolic link; another -errno of open(2). */
int pm_own_folder_open(const char *path);

#endif
