#include "policy/failure.h"

#include "base/copy.h"

#include <stdarg.h>
#include <stdio.h>

const struct pm_code_info pm_codes[PM_CODE_COUNT] = {
    [PM_CODE_NOT_JSON] = {-32700, "parse_error",
                          "it is no JSON; the connection is closed"},
    [PM_CODE_NO_REQUEST] = {-32600, "invalid_request",
                            "it is no request of JSON-RPC 2.0 with an id that "
                            "is not in use, or it is beyond a limit"},
    [PM_CODE_NO_METHOD] = {-32601, "method_not_found", "no such method"},
    [PM_CODE_BAD_PARAMETER] = {-32602, "invalid_params",
                               "a parameter is unknown, missing, mistyped or "
                               "out of range; data.parameter names it"},
    [PM_CODE_NOT_FOUND] = {0, "not_found",
                           "there is no such process or job, or you may not "
                           "see it"},
    [PM_CODE_PERMISSION_DENIED] = {0, "permission_denied",
                                   "you may not do that"},
    [PM_CODE_INVALID_ARGUMENT] = {0, "invalid_argument",
                                  "well-formed, but not acceptable"},
    [PM_CODE_STALE_PROCESS] = {0, "stale_process",
                               "the process that you mean has ended; another "
                               "one may have its pid"},
    [PM_CODE_UNSUPPORTED] = {0, "unsupported",
                             "this server cannot do that here"},
    [PM_CODE_LOGS_UNAVAILABLE] = {0, "logs_unavailable",
                                  "what it prints is not kept anywhere that "
                                  "can be read; the message says where it "
                                  "goes"},
    [PM_CODE_LIMIT_EXCEEDED] = {0, "limit_exceeded",
                                "too much at once; try again later"},
    [PM_CODE_START_FAILED] = {0, "start_failed",
                              "the process could not be started: stage and "
                              "errno say where and why"},
    [PM_CODE_TIMED_OUT] = {0, "timed_out", "it did not happen in time"},
    [PM_CODE_INTERNAL] = {0, "internal", "the server failed"},
};

int pm_fail(struct pm_failure *ret, enum pm_code code, const char *format,
            ...) {
  *ret = (struct pm_failure){.code = code};
  va_list args;
  va_start(args, format);
  vsnprintf(ret->message, sizeof ret->message, format, args);
  va_end(args);
  return -1;
}

int pm_fail_parameter(struct pm_failure *ret, const char *parameter,
                      const char *format, ...) {
  *ret = (struct pm_failure){.code = PM_CODE_BAD_PARAMETER};
  pm_copy_text(ret->parameter, sizeof ret->parameter, parameter);
  va_list args;
  va_start(args, format);
  vsnprintf(ret->message, sizeof ret->message, format, args);
  va_end(args);
  return -1;
}
