/* What procman-hold start is at work on, for its files: start_request.c takes
 * it from the request, start_holder.c starts a holder and waits for it, start.c
 * does the rest. */
#ifndef PM_HOLD_START_WORK_H
#define PM_HOLD_START_WORK_H

#include "hold/cgroup.h"
#include "hold/fdstore_client.h"
#include "hold/run_as.h"
#include "hold/unit_args.h"

#include "base/buf.h"
#include "base/hold_start.h"
#include "base/job_spec.h"
#include "base/job_state.h"

enum { HOLD_START_PATHS = 2 * PM_HOLD_START_PATH };

struct hold_start_packet {
  struct pm_hold_start_request request;
  _Alignas(8) char behind[PM_JOB_SPEC_MOST +
                          PM_HOLD_START_TEXTS * PM_HOLD_START_PATH +
                          PM_HOLD_START_MAY * sizeof(uint32_t)];
};

struct hold_start {
  struct pm_hold_start_reply answer;
  struct pm_job_spec spec;
  char id[PM_JOB_ID_MOST + 1]; /* of a job that exists */
  char text[PM_HOLD_START_TEXTS][PM_HOLD_START_PATH];
  struct hold_run_as as;
  int pidfd;             /* of the peer, -1: none */
  struct pm_buf record;  /* of the spec, as it will stand in the folder */
  struct hold_kept kept; /* descriptors of the holder before */
  char folder[HOLD_START_PATHS]; /* of the job */
  char group[HOLD_CGROUP_PATH];  /* its control group; empty: none */
  char unit[HOLD_UNIT_NAME];     /* of its holder; empty: no service */
  int dir;                       /* the folder */
  bool lives;                    /* the job: it is only to have a holder */
  int64_t began_ms;              /* hold_start_ms */
  pid_t started;                 /* the holder */
  pid_t holder;                  /* the same, until it has ended: 0 */
};

/* Returns -1. */
int hold_start_fail(struct hold_start *work, enum pm_hold_start_step step,
                    int num);

/* -1: the answer says that it is none. */
int hold_start_take(struct hold_start *work, struct hold_start_packet *packet,
                    size_t length);

/* Where a service manager runs: names the unit, and the control group that will
 * be its.  For a job that exists: the ones that the folder's link names, or new
 * ones unless it lives.  -1: the holder will be a process of its own. */
int hold_start_name_unit(struct hold_start *work);
int hold_start_find_unit(struct hold_start *work);

/* Has the holder started as that unit.  -EEXIST: it is there, and has the job
 * or will; -errno: nothing is left of it. */
int hold_start_unit(struct hold_start *work);
/* True: it is gone, or, `fresh`, fails again and again; for who looks every
 * 2 ms. */
bool hold_start_unit_is_over(struct hold_start *work, bool fresh);
void hold_start_stop_unit(struct hold_start *work);

/* CLOCK_MONOTONIC */
int64_t hold_start_ms(void);

/* The pid of who has the job's lock, 0: nobody. */
pid_t hold_start_locked_by(const struct hold_start *work);

/* In the folder; -1: the answer says why not. */
int hold_start_holder(struct hold_start *work);
/* Until the job has exec'd; -1: the answer says why it has not. */
int hold_start_wait_for_job(struct hold_start *work);
/* Until the holder has taken over, or has ended since nothing is left to do. */
int hold_start_wait_for_holder(struct hold_start *work);
/* With the job. */
void hold_start_stop_holder(struct hold_start *work);

#endif
