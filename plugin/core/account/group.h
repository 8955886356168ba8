/* Groups of processes and what they add up to.  Totals only grow; what a
 * group uses while it is not emitted goes to _other, or, of a job, to _jobs.
 * Belongs to the tick's thread. */
#ifndef PM_CORE_ACCOUNT_GROUP_H
#define PM_CORE_ACCOUNT_GROUP_H

#include "base/hash_table.h"
#include "base/siphash.h"
#include "core/account/admit.h"
#include "core/identity/select.h"
#include "core/record/field.h"
#include "core/report/report.h"

struct pm_slot;
struct pm_slot_candidate;

struct pm_group {
  char *raw;                      /* an automatic or a job's group's key */
  uint32_t number;                /* its place in the list */
  uint32_t hash, identifier_hash; /* of raw; of the identifier made of it */
  enum pm_group_by by;
  enum pm_row_kind kind;
  bool full, notify;
  char name[PM_NAME];         /* "" until it is first emitted */
  struct pm_admit_item admit; /* .in: charges stay here */
  struct pm_slot *slots;
  struct pm_slot_candidate *candidates; /* of one close; as many as slots */
  size_t candidate_count;
  uint32_t slot_count;
  uint32_t members; /* entries of the table that point here */
  bool keep;        /* in the sweep that is being made */
  uint32_t since;   /* first turn after the last admission */
  bool left;        /* evicted in the last close */
  uint64_t total[PM_F_COUNTERS], events[PM_EVENTS]; /* as emitted */
  uint64_t spent_ns, spent_disk, waited_ns; /* since the last close, by all
                                               members, emitted or not */
  uint64_t since_snapshot_ns, lived_ns; /* CPU of all members, emitted or not,
                                  since the last snapshot, and in all */
  uint32_t place;                       /* in the snapshot that is being made */
  /* of the last turn */
  uint64_t gauge[PM_F_GAUGES];
  uint32_t processes;
  uint32_t lacks; /* PM_BIT: not known of at least one member */
};

struct pm_groups {
  struct pm_group **list; /* configured in their order, then the others */
  size_t count, room, configured;
  struct pm_siphash_key hash_key; /* any user chooses names of programs */
  struct pm_hash_table index;     /* of keys, to places in the list */
  struct pm_hash_table names;     /* of identifiers, to places in the list */
  size_t settled;                 /* groups that the last sweep has left */
  size_t jobs_known;              /* groups of jobs in the list */
  bool jobs_shown;                /* something of a job was in _jobs */
  struct pm_group other, kernel, jobs;
};

/* How many groups of ended processes, never emitted, are kept in an interval.
 * When there are more, those that used little are forgotten; _other was charged
 * for them. */
enum { PM_GROUPS_ENDED = 4096 };

/* One group per rule.  -ENOMEM. */
int pm_groups_init(struct pm_groups *groups,
                   const struct pm_select_options *options, struct pm_err *err);
void pm_groups_done(struct pm_groups *groups);

/* The group of a choice; an automatic one is made if there is none.  NULL: no
 * memory. */
struct pm_group *pm_groups_get(struct pm_groups *groups,
                               const struct pm_choice *choice);

/* Before any other automatic one: a group of an earlier start, with the name
 * under which it was emitted.  -EEXIST: another has the key or the name;
 * -ENOMEM. */
int pm_groups_restore(struct pm_groups *groups, enum pm_group_by by,
                      const char *key, const char *name, struct pm_group **ret);

/* A member of that group, as the relative of a process. */
void pm_groups_relative(const struct pm_group *group, struct pm_relative *ret);

/* Forgets groups without members whose name is not in use; configured ones
 * stay. */
void pm_groups_sweep(struct pm_groups *groups);

/* Gives a group that is admitted the name under which it is emitted. */
void pm_groups_name(struct pm_groups *groups, struct pm_group *group);

/* The name under which it is or would be emitted; of a group that never was,
 * without the hash that tells it from another of that name. */
void pm_group_name(const struct pm_group *group, char ret[PM_NAME]);

void pm_groups_begin_turn(struct pm_groups *groups);
void pm_groups_begin_snapshot(struct pm_groups *groups);
void pm_groups_begin_interval(struct pm_groups *groups);

/* Between these two, the group of each job that has one, which is emitted from
 * then on; those of other jobs are emitted no longer.  NULL: no memory. */
void pm_groups_begin_jobs(struct pm_groups *groups);
struct pm_group *pm_groups_add_job(struct pm_groups *groups, const char *name);
void pm_groups_end_jobs(struct pm_groups *groups);

/* Where the group's charges go: to itself, or to _other or _jobs while it is
 * out. */
struct pm_group *pm_groups_payer(struct pm_groups *groups,
                                 struct pm_group *group);
void pm_groups_charge(struct pm_groups *groups, struct pm_group *group,
                      enum pm_field field, uint64_t delta);

/* Adds one member's gauge to the turn's. */
void pm_group_join(struct pm_group *group, enum pm_field field, uint64_t value);

#endif
