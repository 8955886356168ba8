/* One method from a command's point of view: connects when it is first needed,
 * and says what went wrong. */
#ifndef PM_CLI_CALL_H
#define PM_CLI_CALL_H

#include "cli/command.h"
#include "cli/params.h"
#include "wire/json_in.h"

/* *ret is the result, valid until the next call.  Anything but CTL_DONE was
 * said on stderr, and with -o json a result without success was printed.
 * Hints of params that this server does not know are dropped.  params may be
 * NULL.  seconds: how much longer than usual an answer may take. */
enum ctl_status ctl_call(struct ctl *ctl, const char *method,
                         struct ctl_params *params, double seconds,
                         const struct pm_json **ret);
/* The same without a word about a failure of the action. */
enum ctl_status ctl_call_quietly(struct ctl *ctl, const char *method,
                                 struct ctl_params *params,
                                 const struct pm_json **ret);
/* Calls, and prints the result: `show` does it for people. */
enum ctl_status ctl_call_and_print(struct ctl *ctl, const char *method,
                                   struct ctl_params *params,
                                   void (*show)(const struct ctl *ctl,
                                                const struct pm_json *result));
/* Hands every item to `each`, until the stream ends. */
enum ctl_status ctl_stream(struct ctl *ctl, const char *method,
                           struct ctl_params *params,
                           void (*each)(void *arg, const struct pm_json *item),
                           void *arg);

/* One line, on a terminal without what could act on it. */
void ctl_print_json(const struct ctl *ctl, const struct pm_json *value);
void ctl_print_line(const struct ctl *ctl, const struct pm_buf *json);

/* Ends the program if stdout cannot be written. */
void ctl_flush(void);

void ctl_disconnect(struct ctl *ctl);

#endif
