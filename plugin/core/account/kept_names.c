#include "core/account/kept_names.h"

#include "base/crc32c.h"

#include <errno.h>
#include <string.h>

static const char magic[8] = "pmgroups";

struct head {
  char magic[8];
  uint32_t schema;
  uint32_t checksum; /* CRC-32C of the record, with this member as 0 */
  uint64_t length;   /* of the record */
  uint64_t saved;    /* pm_now.real */
  uint64_t interval; /* ns */
  double tokens[2];  /* of names, of ids */
  uint32_t first;    /* pm_admit.first */
  uint32_t count;    /* of items, which follow */
};

/* Its texts follow: the key, the name. */
struct item {
  uint64_t unused_ns; /* since it was last emitted */
  uint64_t small_ns;  /* as a member; 0: it was not */
  uint64_t entry_mark;
  uint16_t key_length, name_length;
  uint8_t by, entry_by, is_id, in;
};

/* ---- writing ---- */

static int add_item(const struct pm_group *g, struct pm_now now,
                    struct pm_buf *ret) {
  const struct pm_admit_item *a = &g->admit;
  struct item item = {
      .unused_ns = a->in ? 0 : now.mono - a->used,
      .small_ns = a->small_since ? now.mono - a->small_since + 1 : 0,
      .entry_mark = a->entry_mark,
      .key_length = (uint16_t)strlen(g->raw),
      .name_length = (uint16_t)strlen(g->name),
      .by = (uint8_t)g->by,
      .entry_by = a->entry_by,
      .is_id = a->is_id,
      .in = a->in,
  };
  int status = pm_buf_add(ret, &item, sizeof item);
  if (status == 0)
    status = pm_buf_add(ret, g->raw, item.key_length);
  return status < 0 ? status : pm_buf_add(ret, g->name, item.name_length);
}

static uint32_t checksum(const char *record, const struct head *head) {
  struct head h = *head;
  h.checksum = 0;
  uint32_t sum = pm_crc32c(0, &h, sizeof h);
  return pm_crc32c(sum, record + sizeof h, head->length - sizeof h);
}

int pm_kept_names_write(const struct pm_groups *g, const struct pm_admit *a,
                        struct pm_now now, uint64_t interval_ns,
                        struct pm_buf *ret) {
  size_t from = ret->length;
  struct head head = {
      .schema = PM_KEPT_SCHEMA,
      .saved = now.real,
      .interval = interval_ns,
      .tokens = {a->quota[0].tokens, a->quota[1].tokens},
      .first = a->first,
  };
  memcpy(head.magic, magic, sizeof magic);
  int status = pm_buf_add(ret, &head, sizeof head);
  for (size_t i = g->configured; status == 0 && i < g->count; i++) {
    const struct pm_group *group = g->list[i];
    if (group->kind != PM_ROW_AUTOMATIC || !group->admit.named)
      continue;
    status = add_item(group, now, ret);
    head.count++;
  }
  if (status < 0)
    return status;
  head.length = ret->length - from;
  head.checksum = checksum(ret->data + from, &head);
  memcpy(ret->data + from, &head, sizeof head);
  return 0;
}

/* ---- reading ---- */

struct names {
  struct item item;
  char key[PM_PROGRAM], name[PM_NAME];
};

/* Reads one from *at and moves it on.  False: it is none. */
static bool take_text(const char **at, const char *end, size_t length,
                      char *ret, size_t size) {
  if (length == 0 || length >= size || length > (size_t)(end - *at) ||
      memchr(*at, '\0', length))
    return false;
  memcpy(ret, *at, length);
  ret[length] = '\0';
  *at += length;
  return true;
}

/* Of the characters of pm_name_identifier. */
static bool is_identifier(const char *name) {
  static const char valid[] = "abcdefghijklmnopqrstuvwxyz"
                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.@+-";
  return name[0] != '_' && name[strspn(name, valid)] == '\0';
}

static bool take_item(const char **at, const char *end, struct names *ret) {
  if ((size_t)(end - *at) < sizeof ret->item)
    return false;
  memcpy(&ret->item, *at, sizeof ret->item);
  *at += sizeof ret->item;
  if (!take_text(at, end, ret->item.key_length, ret->key, sizeof ret->key) ||
      !take_text(at, end, ret->item.name_length, ret->name, sizeof ret->name))
    return false;
  return is_identifier(ret->name) && ret->item.by < PM_BY_COUNT &&
         ret->item.entry_by < PM_TOP_COUNT && ret->item.is_id < 2;
}

static int check_head(const char *bytes, size_t length, struct head *ret) {
  if (length < sizeof *ret)
    return -EBADMSG;
  memcpy(ret, bytes, sizeof *ret);
  if (memcmp(ret->magic, magic, sizeof magic) != 0 || ret->length != length ||
      ret->checksum != checksum(bytes, ret))
    return -EBADMSG;
  return ret->schema == PM_KEPT_SCHEMA ? 0 : -EPROTONOSUPPORT;
}

/* All of it, before anything is done.  ret_in: how many were emitted. */
static int check_record(const char *bytes, size_t length, struct head *ret,
                        size_t *ret_in) {
  int status = check_head(bytes, length, ret);
  const char *at = bytes + sizeof *ret, *end = bytes + length;
  struct names n;
  *ret_in = 0;
  for (uint32_t i = 0; status == 0 && i < ret->count; i++) {
    if (!take_item(&at, end, &n))
      return -EBADMSG;
    *ret_in += n.item.in != 0;
  }
  return status < 0 || at == end ? status : -EBADMSG;
}

static bool groups_by(const struct pm_select_options *select,
                      enum pm_group_by by) {
  for (size_t i = 0; i < select->by_count; i++)
    if (select->by[i] == by)
      return true;
  return false;
}

/* Between the last save and now. */
struct absence {
  uint64_t ns;
  uint64_t interval_before, interval_now; /* ns, of collectd */
};

/* What it used in an interval of the one length, in one of the other. */
static uint64_t rescale(uint64_t used, uint64_t from_ns, uint64_t to_ns) {
  return from_ns && from_ns != to_ns
             ? (uint64_t)((double)used * (double)to_ns / (double)from_ns)
             : used;
}

/* Differences of times are kept, also to before the boot: unsigned numbers wrap
 * around. */
static void restore_item(const struct names *n, struct pm_now now,
                         const struct absence *absence, bool in,
                         struct pm_admit_item *ret) {
  *ret = (struct pm_admit_item){
      .in = in,
      .is_id = n->item.is_id,
      .named = true,
      .used = in ? now.mono : now.mono - n->item.unused_ns - absence->ns,
      .entry_by = n->item.entry_by,
      .entry_mark = n->item.entry_mark,
  };
  if (n->item.entry_by != PM_TOP_RSS) /* that is no rate */
    ret->entry_mark = rescale(ret->entry_mark, absence->interval_before,
                              absence->interval_now);
  if (in && n->item.small_ns) {
    ret->small_since = now.mono - (n->item.small_ns - 1);
    ret->small_since += ret->small_since == 0;
  }
}

static int restore_group(const struct names *n, struct pm_now now,
                         const struct absence *absence, bool fits,
                         const struct pm_kept_into *into,
                         struct pm_kept_count *ret) {
  const uint64_t days = PM_ADMIT_NAME_DAYS;
  if (n->item.unused_ns >= days * 86400 * PM_NS_PER_S - absence->ns ||
      !groups_by(into->select, (enum pm_group_by)n->item.by))
    return 0;
  struct pm_group *group;
  int status = pm_groups_restore(into->groups, (enum pm_group_by)n->item.by,
                                 n->key, n->name, &group);
  if (status < 0)
    return status == -EEXIST ? 0 : status;
  bool in = n->item.in && fits && absence->ns < PM_ADMIT_LINGER_S * PM_NS_PER_S;
  restore_item(n, now, absence, in, &group->admit);
  into->admit->quota[n->item.is_id].names++;
  ret->in += in;
  ret->names++;
  return 0;
}

/* No more than names are kept.  A clock that has gone back, or on by more than
 * a year, was wrong then or is now: then as little as may be is forgotten. */
static uint64_t time_away(const struct head *head, struct pm_now now) {
  const uint64_t day = 86400 * PM_NS_PER_S, most = PM_ADMIT_NAME_DAYS * day;
  uint64_t away = now.real - head->saved;
  if (now.real < head->saved || away > 366 * day)
    return 0;
  return away < most ? away : most;
}

/* As many as there were, and those that have come since.  A place whose first
 * name was left out is free for another one. */
static void restore_tokens(const struct head *head,
                           const struct absence *absence, size_t names,
                           const struct pm_kept_into *into) {
  double most = into->options->names_per_hour;
  double come = pm_seconds(absence->ns) / 3600 * most;
  for (int i = 0; i < 2; i++) {
    double tokens = head->tokens[i] + come;
    if (tokens >= 0 && tokens < most) /* not NaN either */
      into->admit->quota[i].tokens = tokens;
  }
  into->admit->first = head->first < names ? head->first : (uint32_t)names;
}

int pm_kept_names_read(const void *bytes, size_t length, struct pm_now now,
                       const struct pm_kept_into *into,
                       struct pm_kept_count *ret) {
  struct head head;
  size_t in;
  struct pm_kept_count count = {0, 0};
  int status = check_record(bytes, length, &head, &in);
  if (status < 0)
    return status;
  struct absence absence = {time_away(&head, now), head.interval,
                            into->interval_ns};
  /* with fewer places than before the largest are to have them */
  bool fits = in <= into->admit->places;
  const char *at = (const char *)bytes + sizeof head,
             *end = (const char *)bytes + length;
  struct names n;
  for (uint32_t i = 0; status == 0 && i < head.count; i++)
    if (take_item(&at, end, &n))
      status = restore_group(&n, now, &absence, fits, into, &count);
  restore_tokens(&head, &absence, count.names, into);
  *ret = count;
  return status;
}
