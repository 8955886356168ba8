/* Why a call failed, for the client. */
#ifndef PM_POLICY_FAILURE_H
#define PM_POLICY_FAILURE_H

enum pm_code {
  PM_CODE_NONE,
  /* faults of form, answered with a JSON-RPC error */
  PM_CODE_NOT_JSON,      /* -32700 */
  PM_CODE_NO_REQUEST,    /* -32600 */
  PM_CODE_NO_METHOD,     /* -32601 */
  PM_CODE_BAD_PARAMETER, /* -32602 */
  /* failures of the action, answered with a result */
  PM_CODE_NOT_FOUND,
  PM_CODE_PERMISSION_DENIED,
  PM_CODE_INVALID_ARGUMENT,
  PM_CODE_STALE_PROCESS,
  PM_CODE_UNSUPPORTED,
  PM_CODE_LOGS_UNAVAILABLE,
  PM_CODE_LIMIT_EXCEEDED,
  PM_CODE_START_FAILED,
  PM_CODE_TIMED_OUT,
  PM_CODE_INTERNAL,
  PM_CODE_COUNT
};

struct pm_code_info {
  int number;       /* of JSON-RPC 2.0; 0: a failure of the action */
  const char *word; /* on the wire */
  const char *what; /* for people */
};
extern const struct pm_code_info pm_codes[PM_CODE_COUNT];

struct pm_failure {
  enum pm_code code;
  int num;            /* errno value, 0 = none */
  const char *stage;  /* where an action failed, or NULL */
  char parameter[64]; /* of a bad parameter, or "" */
  char message[320];
};

/* Returns -1, so that a caller can write `return pm_fail(...)`. */
int pm_fail(struct pm_failure *ret, enum pm_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int pm_fail_parameter(struct pm_failure *ret, const char *parameter,
                      const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
