/* The player's rooms: play.c reads the lines and runs the plugin,
 * play_machine.c changes the machine, play_expect.c judges what was sent,
 * play_watch.c what a client would see, play_jobs.c tells of jobs. */
#ifndef PM_HOST_PLAY_H
#define PM_HOST_PLAY_H

#include "fakes/collectd.h"

#include "core/report/report.h"

#include <stdbool.h>
#include <stdio.h>

enum { WORDS = 64, TEXT = 8192 };

struct fake_task;

struct pm_exchange;

/* The file that is played, the words of its present line, what was saved. */
extern struct play {
  const char *file;
  unsigned line;
  FILE *stream;
  char config[TEXT];
  bool running;
  bool control;                 /* the option, for the next start */
  struct pm_exchange *exchange; /* the running plugin's, with control */
  uint64_t cursor;              /* behind the last event that was looked at */
  bool books_known;
  struct pm_books books;
  struct fake_series *saved;
  size_t saved_count;
  char *word[WORDS];
  int count;
} play;

/* Says file, line, why and what the plugin logged; ends the program. */
_Noreturn void play_fail(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

const char *play_word(int i); /* fails if there is none */

/* A number with a unit of time (in ns) or size (in bytes), or none. */
double play_amount(const char *text);
uint64_t play_since_start(const char *text); /* on the clocks, ns */

/* The task that the line's first word names; fails if it is not there. */
struct fake_task *play_existing(void);

void play_tick(void);
void play_advance(uint64_t ns);

/* verbs of play_machine.c */
void play_task(void);
void play_gone(void);
void play_death(void);
void play_crowd(void);
void play_churn(void);
void play_at(void);
void play_run(void);
void play_clock(void);
void play_suspend(void);
void play_machine(void);
void play_interval(void);
void play_period(void);

/* verbs of play_watch.c */
void play_signal(void);
void play_watch(void);
void play_snapshot(void);
void play_shown(void);
void play_process(void);
void play_noprocess(void);
void play_group(void);
void play_nogroup(void);
void play_event(void);
void play_noevent(void);

/* verbs of play_jobs.c */
void play_job(void);
void play_nojob(void);

/* verbs of play_expect.c */
void play_expect(void);
void play_absent(void);
void play_count(void);
void play_ever(void);
void play_books(void);
void play_log(void);
void play_nolog(void);
void play_notice(void);
void play_nonotice(void);
void play_meta(void);
void play_looks(void);
void play_save(void);
void play_same(void);
void play_show(void);

#endif
