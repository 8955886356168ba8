#include "host/play.h"

#include "fakes/machine.h"

#include <fnmatch.h>
#include <math.h>

/* ---- expectations ---- */

static bool close_to(double a, double b) {
  return fabs(a - b) <= 1e-6 * fmax(1, fmax(fabs(a), fabs(b)));
}

void play_expect(void) {
  const struct fake_series *s = fake_collectd_now(play_word(1));
  if (!s)
    play_fail("%s was not sent", play_word(1));
  if ((size_t)play.count - 2 != s->count)
    play_fail("%s has %zu values", s->name, s->count);
  for (size_t i = 0; i < s->count; i++)
    if (!close_to(s->value[i], play_amount(play_word((int)i + 2))))
      play_fail("%s is %.9g, not %s", s->name, s->value[i],
                play_word((int)i + 2));
}

static size_t matching(const char *glob, bool ever) {
  size_t n = 0;
  for (size_t i = 0; i < fake_collectd.series_count; i++) {
    const struct fake_series *s = &fake_collectd.series[i];
    if ((ever || s->round == fake_collectd.round) &&
        fnmatch(glob, s->name, 0) == 0)
      n++;
  }
  return n;
}

void play_absent(void) {
  if (matching(play_word(1), false))
    play_fail("%s was sent", play_word(1));
}

void play_count(void) {
  size_t n = matching(play_word(1), false);
  if (n != (size_t)atoi(play_word(2)))
    play_fail("%zu series match %s", n, play_word(1));
}

void play_ever(void) {
  size_t n = matching(play_word(1), true);
  if (n > (size_t)atoi(play_word(2)))
    play_fail("%zu series ever matched %s", n, play_word(1));
}

/* books BUSY CHARGED UNATTRIBUTED SURPLUS, and what was sent adds up to it */
void play_books(void) {
  const struct pm_books *b = &play.books;
  double sum = 0, rows = 0;
  if (!play.books_known)
    play_fail("no interval was closed yet");
  const uint64_t have[] = {b->busy, b->charged, b->unattributed, b->surplus};
  for (int i = 0; i < 4 && i + 1 < play.count; i++)
    if (have[i] != (uint64_t)play_amount(play_word(i + 1)))
      play_fail("of the books, number %d is %llu ns", i + 1,
                (unsigned long long)have[i]);
  for (size_t i = 0; i < fake_collectd.series_count; i++) {
    const struct fake_series *s = &fake_collectd.series[i];
    if (fnmatch("procman-*/ps_cputime", s->name, 0) != 0 ||
        strcmp(s->name, "procman-_unattributed/ps_cputime") == 0)
      continue;
    sum += s->value[0] + s->value[1];
    rows++;
  }
  /* each row cuts its two numbers to whole microseconds */
  if (fabs(sum - (double)b->charged / 1e3) > 2 * rows)
    play_fail("groups add up to %.0f us, %llu ns were charged", sum,
              (unsigned long long)b->charged);
}

void play_log(void) {
  int times = 0;
  for (const char *p = fake_collectd.log; (p = strstr(p, play_word(1))); p++)
    times++;
  if (times == 0)
    play_fail("the log does not say \"%s\"", play_word(1));
  if (play.count > 2 && times != atoi(play_word(2)))
    play_fail("the log says \"%s\" %d times", play_word(1), times);
}

void play_nolog(void) {
  if (strstr(fake_collectd.log, play_word(1)))
    play_fail("the log says \"%s\"", play_word(1));
}

void play_notice(void) {
  if (!strstr(fake_collectd.notice, play_word(1)))
    play_fail("the notification is \"%s\"", fake_collectd.notice);
}

void play_nonotice(void) {
  if (strstr(fake_collectd.notice, play_word(1)))
    play_fail("the notification is \"%s\"", fake_collectd.notice);
}

void play_meta(void) {
  const struct fake_series *s = fake_collectd_now(play_word(1));
  if (!s || !strstr(s->meta, play_word(2)))
    play_fail("%s has the meta data \"%s\"", play_word(1),
              s ? s->meta : "(not sent)");
}

void play_looks(void) {
  unsigned most = (unsigned)atoi(play_word(2));
  if (play_existing()->looks > most)
    play_fail("task %s was looked at %u times", play_word(1),
              play_existing()->looks);
}

/* save, restart, same: two ways must lead to the same series */
void play_save(void) {
  free(play.saved);
  play.saved_count = fake_collectd.series_count;
  play.saved = malloc(play.saved_count * sizeof *play.saved);
  if (!play.saved)
    abort();
  memcpy(play.saved, fake_collectd.series,
         play.saved_count * sizeof *play.saved);
}

void play_same(void) {
  for (size_t i = 0; i < play.saved_count; i++) {
    const struct fake_series *a = &play.saved[i];
    if (strncmp(a->name, "procman_self", 12) == 0)
      continue;
    const struct fake_series *b = fake_collectd_now(a->name);
    if (!b)
      play_fail("%s was not sent this time", a->name);
    for (size_t k = 0; k < a->count; k++)
      if (!close_to(a->value[k], b->value[k]))
        play_fail("%s is %.9g, before %.9g", a->name, b->value[k], a->value[k]);
  }
  if (play.saved_count == 0 || fake_collectd.series_count != play.saved_count)
    play_fail("%zu series, before %zu", fake_collectd.series_count,
              play.saved_count);
}

void play_show(void) {
  for (size_t i = 0; i < fake_collectd.series_count; i++) {
    const struct fake_series *s = &fake_collectd.series[i];
    if (s->round == fake_collectd.round)
      printf("%s %.9g %.9g\n", s->name, s->value[0], s->value[1]);
  }
}
