#include "core/account/slot.h"

#include "core/account/table.h"

static bool ranks_before(const struct pm_slot_candidate *a,
                         const struct pm_slot_candidate *b) {
  return a->spent_ns != b->spent_ns ? a->spent_ns > b->spent_ns
                                    : a->rss > b->rss;
}

void pm_slot_consider(struct pm_slot_candidate *list, size_t *count,
                      size_t room, struct pm_slot_candidate c) {
  size_t at = *count;
  while (at > 0 && ranks_before(&c, &list[at - 1]))
    at--;
  if (at == room)
    return;
  if (*count < room)
    ++*count;
  for (size_t i = *count - 1; i > at; i--)
    list[i] = list[i - 1];
  list[at] = c;
}

static struct pm_slot *find_empty(struct pm_slot *slots, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!slots[i].entry && !slots[i].vacated)
      return &slots[i];
  return NULL;
}

void pm_slot_assign(struct pm_slot *slots, size_t slot_count,
                    const struct pm_slot_candidate *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    struct pm_slot *slot = find_empty(slots, slot_count);
    if (slot)
      slot->entry = list[i].entry;
  }
  for (size_t i = 0; i < slot_count; i++) {
    slots[i].left = slots[i].vacated;
    slots[i].vacated = false;
  }
}

void pm_slot_leave(struct pm_slot *slots, size_t slot_count,
                   const struct pm_entry *entry) {
  for (size_t i = 0; i < slot_count; i++)
    if (slots[i].entry == entry)
      slots[i] = (struct pm_slot){.vacated = true};
}
