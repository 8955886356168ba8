/* What the tick and the control thread exchange: the latest snapshot, the
 * events since they were requested, and what the control thread requests.
 * procman's only mutex is here, held for pointer swaps and short copies. */
#ifndef PM_CORE_SNAPSHOT_EXCHANGE_H
#define PM_CORE_SNAPSHOT_EXCHANGE_H

#include "base/err.h"
#include "core/report/exit.h"
#include "core/snapshot/snapshot.h"

struct pm_exchange;

/* -ENOMEM, or why there is no eventfd(2). */
int pm_exchange_new(struct pm_exchange **ret, struct pm_err *err);
/* Neither thread may use it any more.  Accepts NULL. */
void pm_exchange_free(struct pm_exchange *exchange);

/* ---- the tick ---- */

/* Takes over the snapshot; wakes the control thread. */
void pm_exchange_publish(struct pm_exchange *exchange,
                         struct pm_snapshot *snapshot);

/* Shall this tick make a turn although no interval is over? */
bool pm_exchange_wants_turn(struct pm_exchange *exchange, uint64_t mono);
/* Shall events be added? */
bool pm_exchange_wants_events(struct pm_exchange *exchange, uint64_t mono);

enum pm_exchange_event_kind {
  PM_EXCHANGE_START,
  PM_EXCHANGE_EXIT,
  PM_EXCHANGE_OOM
};

struct pm_exchange_event {
  enum pm_exchange_event_kind kind;
  int32_t pid;
  uint64_t birth;
  uint64_t real_ns;         /* when it happened, or was seen; CLOCK_REALTIME */
  uint32_t uid, ptrace_gid; /* as in struct pm_task */
  bool uid_known;           /* both */
  bool status_known;        /* of an exit; by /proc alone it is not */
  uint32_t status;          /* of wait4(2) */
  char comm[PM_COMM];
  char group[PM_NAME];
};

/* Kept only once events were requested; the newest replace the oldest.  Readers
 * are woken by the next pm_exchange_publish. */
void pm_exchange_add_event(struct pm_exchange *exchange,
                           const struct pm_exchange_event *event);

/* Is that how a process ends that was sent a signal through the socket less
 * than PM_EXCHANGE_SIGNAL_S ago?  A crash is not, nor is a death for lack of
 * memory. */
bool pm_exchange_was_asked(struct pm_exchange *exchange,
                           const struct pm_exit *exit, uint64_t mono);

/* ---- the control thread ---- */

enum { PM_EXCHANGE_SIGNAL_S = 60 };

/* That signal was sent to that process; birth 0: whichever has the pid. */
void pm_exchange_note_signal(struct pm_exchange *exchange, int32_t pid,
                             uint64_t birth, int signal, uint64_t mono);

/* An eventfd that becomes readable when a snapshot was published; read(2)
 * resets it.  The exchange's. */
int pm_exchange_fd(const struct pm_exchange *exchange);

/* A reference to the newest snapshot; NULL: there is none yet. */
struct pm_snapshot *pm_exchange_latest(struct pm_exchange *exchange);

/* Every tick makes a turn until then.  A longer request stays valid. */
void pm_exchange_request_turns(struct pm_exchange *exchange,
                               uint64_t until_mono);
/* The same for events, which are kept from now on.  -ENOMEM. */
int pm_exchange_request_events(struct pm_exchange *exchange,
                               uint64_t until_mono);

/* Events have numbers without gaps.  The next event's: */
uint64_t pm_exchange_next_event(struct pm_exchange *exchange);
/* Copies at most `room` events from number *cursor on and moves *cursor behind
 * them; adds to *lost the number of those that were replaced.  Returns how many
 * were copied. */
size_t pm_exchange_read_events(struct pm_exchange *exchange, uint64_t *cursor,
                               struct pm_exchange_event *ret, size_t room,
                               uint64_t *lost);

#endif
