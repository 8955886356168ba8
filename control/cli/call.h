/* Calls of methods for the commands: connects on the first call, and prints on
 * stderr what went wrong. */
#ifndef PM_CLI_CALL_H
#define PM_CLI_CALL_H

#include "cli/command.h"
#include "cli/params.h"
#include "wire/json_in.h"

/* *ret is the result, valid until the next call.  On anything but CTL_DONE an
 * error has been printed, and with -o json a result without success too.
 * Drops hints in params that this server does not know.  params may be NULL.
 * seconds: how much longer than usual the answer may take. */
enum ctl_status ctl_call(struct ctl *ctl, const char *method,
                         struct ctl_params *params, double seconds,
                         const struct pm_json **ret);
/* The same, but prints nothing if the action failed. */
enum ctl_status ctl_call_quietly(struct ctl *ctl, const char *method,
                                 struct ctl_params *params,
                                 const struct pm_json **ret);
/* The same method many times, several calls at once. */
struct ctl_batch {
  const char *method;
  size_t count;
  double seconds; /* as in ctl_call, for each */
  void (*params)(void *arg, size_t i, struct ctl_params *ret);
  /* The result of call i, in the order in which they come. */
  enum ctl_status (*done)(void *arg, size_t i, const struct pm_json *result);
  void *arg;
};
/* The worst status of all.  Without a connection the rest is not called. */
enum ctl_status ctl_call_each(struct ctl *ctl, const struct ctl_batch *batch);

/* Calls, and prints the result: as JSON, or by `show`. */
enum ctl_status ctl_call_and_print(struct ctl *ctl, const char *method,
                                   struct ctl_params *params,
                                   void (*show)(const struct ctl *ctl,
                                                const struct pm_json *result));
/* Calls `each` for every item until the stream ends; *ret_end (or NULL) is then
 * its result, valid until the next call. */
enum ctl_status ctl_stream(struct ctl *ctl, const char *method,
                           struct ctl_params *params,
                           void (*each)(void *arg, const struct pm_json *item),
                           void *arg, const struct pm_json **ret_end);

/* One line; on a terminal control characters are escaped. */
void ctl_print_json(const struct ctl *ctl, const struct pm_json *value);
void ctl_print_line(const struct ctl *ctl, const struct pm_buf *json);

/* Ends the program if stdout cannot be written. */
void ctl_flush(void);

void ctl_disconnect(struct ctl *ctl);

#endif
