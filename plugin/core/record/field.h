/* field.def as an enum and as masks.  A number that is not known has no bit in
 * `have`; there is no -1 and no zero that stands for "unknown". */
#ifndef PM_CORE_RECORD_FIELD_H
#define PM_CORE_RECORD_FIELD_H

#include <stdint.h>

enum pm_field {
#define PM_FIELD(ident, kind, join, unit, what) PM_F_##ident,
#include "core/record/field.def"
#undef PM_FIELD
  PM_F_COUNT
};

#define PM_F_COUNTERS PM_F_rss /* fields below this one are counters */
#define PM_F_GAUGES (PM_F_COUNT - PM_F_COUNTERS)
#define PM_F_NARROW PM_F_anon /* gauges from here to PM_F_vsize - 1 */
#define PM_F_NARROWS (PM_F_vsize - PM_F_NARROW)

#define PM_BIT(field) (UINT32_C(1) << (field))
_Static_assert(PM_F_COUNT <= 32, "a field needs its bit in `have`");

#define PM_HAVE_COUNTERS (PM_BIT(PM_F_COUNTERS) - 1)
#define PM_HAVE_CPU (PM_BIT(PM_F_cpu_user) | PM_BIT(PM_F_cpu_system))
#define PM_HAVE_IO                                                             \
  (PM_BIT(PM_F_io_read) | PM_BIT(PM_F_io_write) | PM_BIT(PM_F_disk_read) |     \
   PM_BIT(PM_F_disk_write))
/* The parts add up to rss. */
#define PM_HAVE_PARTS                                                          \
  (PM_BIT(PM_F_anon) | PM_BIT(PM_F_file) | PM_BIT(PM_F_shmem))
#define PM_HAVE_RESIDENT (PM_BIT(PM_F_rss) | PM_HAVE_PARTS)
#define PM_HAVE_MEMORY                                                         \
  (PM_HAVE_RESIDENT | PM_BIT(PM_F_hugetlb) | PM_BIT(PM_F_swap))
#define PM_HAVE_FDS (PM_BIT(PM_F_fds) | PM_BIT(PM_F_fd_share))

enum pm_join { PM_JOIN_SUM, PM_JOIN_MAX, PM_JOIN_MIN };

/* How a group joins its members' numbers, by field. */
extern const enum pm_join pm_field_join[PM_F_COUNT];

#endif
