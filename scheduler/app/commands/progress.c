/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/progress.h"

#include <string.h>

#include "scheduler/app/commands/progress_total.h"
#include "scheduler/app/terminal/bar.h"
#include "scheduler/app/terminal/human.h"

#define DRAW_EVERY (200 * USEC_PER_MSEC)
#define LINES_MAX  12U
#define BAR_WIDTH  20U
#define BAR_LEAST  8U

typedef struct Running {
        bool runs;
        MigrationStatus status;
        usec_t started;
} Running;

struct Progress {
        const Screen *screen;
        const MoveOrder *moves;
        Running *running;
        ProgressMove *seen; /* [n] what the total is made of */
        uint32_t n, n_ended, n_running;
        unsigned drawn; /* lines on the screen that are drawn again */
        usec_t last;
};

Progress *progress_begin(Arena *a, const Screen *screen, const MoveOrder *moves, uint32_t n) {
        Progress *p = arena_new(a, Progress, 1);
        Running *running = arena_new(a, Running, n);
        ProgressMove *seen = arena_new(a, ProgressMove, n);

        if (!p || !running || !seen)
                return NULL;
        *p = (Progress){ .screen = screen, .moves = moves, .running = running, .seen = seen, .n = n };
        return p;
}

/* The redrawn lines go; what is printed next stands where they were. */
static void progress_wipe(Progress *progress) {
        screen_wipe(progress->screen, progress->drawn);
        progress->drawn = 0;
}

static void print_names(const Progress *progress, uint32_t i) {
        char vm[256], from[256], to[256];

        (void) out_say(progress->screen->out, "%s%s%s %s → %s", screen_style(progress->screen, STYLE_STRONG),
                       text_safe(progress->moves[i].vm, vm, sizeof(vm)),
                       screen_style(progress->screen, STYLE_PLAIN),
                       text_safe(progress->moves[i].from, from, sizeof(from)),
                       text_safe(progress->moves[i].to, to, sizeof(to)));
}

void progress_started(Progress *progress, uint32_t move) {
        char size[HUMAN_SIZE], time[HUMAN_SIZE];

        progress->running[move] = (Running){ .runs = true, .started = clock_monotonic() };
        progress->n_running++;
        if (progress->screen->live)
                return;
        (void) fputs("start  ", progress->screen->out);
        print_names(progress, move);
        (void) out_say(progress->screen->out, ", %s, about %s\n",
                       human_mib(progress->moves[move].memory_mib, size),
                       human_ms(progress->moves[move].predicted.ms, time));
        (void) fflush(progress->screen->out);
}

void progress_seen(Progress *progress, uint32_t move, const MigrationStatus *status) {
        progress->running[move].status = *status;
}

static void print_done(Progress *progress, uint32_t i, const MoveOutcome *o) {
        FILE *out = progress->screen->out;
        char bytes[HUMAN_SIZE], took[HUMAN_SIZE], predicted[HUMAN_SIZE], remark[256];

        (void) out_say(out, "%sdone%s   ", screen_style(progress->screen, STYLE_GOOD),
                       screen_style(progress->screen, STYLE_PLAIN));
        print_names(progress, i);
        (void) out_say(out, ", %s in %s (predicted %s)", human_bytes(o->status.bytes_done, bytes),
                       human_ms((o->status.ended - o->status.started) / USEC_PER_MSEC, took),
                       human_ms(progress->moves[i].predicted.ms, predicted));
        if (o->status.downtime_ms != UNKNOWN)
                (void) out_say(out, ", downtime %lld ms", (long long) o->status.downtime_ms);
        if (o->status.remark[0])
                (void) out_say(out, "; %s", text_safe(o->status.remark, remark, sizeof(remark)));
        (void) fputc('\n', out);
}

void progress_ended(Progress *progress, uint32_t move, const MoveOutcome *o) {
        char why[512];

        if (progress->running[move].runs)
                progress->n_running--;
        progress->running[move].runs = false;
        progress->seen[move].ended = true;
        progress->n_ended++;
        progress_wipe(progress);
        if (o->end == MOVE_DONE) {
                print_done(progress, move, o);
        } else {
                Style style = move_end_is_open(o->end) ? STYLE_WARN : STYLE_BAD;

                (void) out_say(progress->screen->out, "%s%s%s ", screen_style(progress->screen, style),
                               move_end_names[o->end], screen_style(progress->screen, STYLE_PLAIN));
                print_names(progress, move);
                (void) out_say(progress->screen->out, ": %s\n", text_safe(o->why, why, sizeof(why)));
        }
        progress_draw(progress, true);
        (void) fflush(progress->screen->out);
}

void progress_say(Progress *progress, Style style, const char *text) {
        progress_wipe(progress);
        (void) out_say(progress->screen->out, "%s%s%s\n", screen_style(progress->screen, style), text,
                       screen_style(progress->screen, STYLE_PLAIN));
        progress_draw(progress, true);
        (void) fflush(progress->screen->out);
}

/* ---- what is redrawn: each line fits, as one that wraps could not be drawn over ---- */

static unsigned line_room(const Progress *progress) {
        return progress->screen->width > 1 ? progress->screen->width - 1 : 79;
}

/* s, cut and filled up to so many columns. */
static void progress_cell(FILE *out, const char *s, unsigned columns) {
        char safe[256];
        size_t n;

        (void) text_safe(s, safe, sizeof(safe));
        n = text_fit(safe, strlen(safe), columns);
        (void) out_say(out, "%.*s%*s", (int) n, safe, (int) (columns - text_columns(safe, n)), "");
}

/* The words of a line after its bar, cut at the edge. */
static void progress_words(const Progress *progress, const char *words, unsigned taken) {
        const unsigned room = line_room(progress);
        const size_t n = text_fit(words, strlen(words), room > taken ? room - taken : 0);

        (void) out_say(progress->screen->out, "%.*s\n", (int) n, words);
}

/* By what it still has to send and how fast it does. */
static int64_t progress_left_ms(const MigrationStatus *s) {
        if (s->phase == MIGRATION_VERIFYING)
                return 0;
        if (s->bytes_total <= 0 || s->bytes_per_s <= 0 || s->bytes_left / s->bytes_per_s > 10000000)
                return UNKNOWN; /* slower than 100 days is as good as not known */
        return (int64_t) ((double) s->bytes_left / (double) s->bytes_per_s * 1000);
}

static int64_t progress_share(const MigrationStatus *s) {
        return s->phase == MIGRATION_VERIFYING ? 1000 : migration_permille(s->bytes_total, s->bytes_left);
}

static void draw_one(const Progress *progress, uint32_t i, usec_t now) {
        const MigrationStatus *s = &progress->running[i].status;
        const unsigned room = line_room(progress),
                       name = room >= 99   ? 24
                              : room >= 79 ? 16
                                           : 11,
                       bar = room >= 99   ? 16
                             : room >= 79 ? 12
                                          : BAR_LEAST;
        char rate[HUMAN_SIZE], time[HUMAN_SIZE], predicted[HUMAN_SIZE], hosts[256], words[256];
        const MoveOrder *m = &progress->moves[i];

        (void) snprintf(hosts, sizeof(hosts), "%.120s > %.120s", m->from, m->to);
        (void) fputs("  ", progress->screen->out);
        progress_cell(progress->screen->out, m->vm, name);
        (void) fputc(' ', progress->screen->out);
        progress_cell(progress->screen->out, hosts, name);
        (void) fputc(' ', progress->screen->out);
        bar_print_progress(progress_share(s), bar, progress->screen);
        (void) snprintf(words, sizeof(words), " %3lld%%  %s of %s, %s/s%s",
                        (long long) (progress_share(s) / 10),
                        human_ms((now - progress->running[i].started) / USEC_PER_MSEC, time),
                        m->predicted.ms > 0 ? human_ms(m->predicted.ms, predicted) : "?",
                        human_bytes(s->bytes_per_s, rate),
                        s->phase == MIGRATION_VERIFYING ? ", verifying on both hosts" : "");
        progress_words(progress, words, 4 + 2 * name + bar);
}

static ProgressTotal total_now(const Progress *progress, usec_t now) {
        for (uint32_t i = 0; i < progress->n; i++) {
                const Running *r = &progress->running[i];
                ProgressMove *seen = &progress->seen[i];

                seen->runs = r->runs;
                seen->elapsed_ms = r->runs ? (int64_t) ((now - r->started) / USEC_PER_MSEC) : 0;
                seen->share = r->runs ? progress_share(&r->status) : 0;
                seen->left_ms = r->runs ? progress_left_ms(&r->status) : UNKNOWN;
        }
        return progress_total(progress->moves, progress->seen, progress->n);
}

/* How far all of it is. Where the terminal is narrow the count of what runs goes first (each has its line), then the bounds. */
static void draw_total(const Progress *progress, usec_t now) {
        const ProgressTotal t = total_now(progress, now);
        const unsigned room = line_room(progress);
        unsigned taken, bar;
        char ms[HUMAN_SIZE], low[HUMAN_SIZE], high[HUMAN_SIZE], running[64],
                left[64] = ", time left not known", bounds[96] = "", words[512];

        (void) snprintf(running, sizeof(running), ", %u running", progress->n_running);
        if (t.ms != UNKNOWN) {
                (void) snprintf(left, sizeof(left), ", about %s left", human_ms(t.ms, ms));
                (void) snprintf(bounds, sizeof(bounds), " (%s to %s)", human_ms(t.ms_low, low),
                                human_ms(t.ms_high, high));
        }
        for (unsigned drop = 0; drop < 3; drop++) {
                (void) snprintf(words, sizeof(words), " %3lld%%  %u of %u finished%s%s%s",
                                (long long) (t.share / 10), progress->n_ended, progress->n,
                                drop < 1 ? running : "", left, drop < 2 ? bounds : "");
                if (2 + BAR_LEAST + text_columns(words, strlen(words)) <= room)
                        break;
        }
        taken = 2 + text_columns(words, strlen(words));
        bar = room > taken + BAR_LEAST ? room - taken : BAR_LEAST;
        bar = bar < BAR_WIDTH ? bar : BAR_WIDTH;
        (void) fputs("  ", progress->screen->out);
        bar_print_progress(t.share, bar, progress->screen);
        progress_words(progress, words, 2 + bar);
}

void progress_draw(Progress *progress, bool now) {
        usec_t time = clock_monotonic();
        unsigned lines = 0, mark;

        if (!progress->screen->live || (!now && time < progress->last + DRAW_EVERY))
                return;
        progress_wipe(progress);
        mark = screen_mark(progress->screen);
        for (uint32_t i = 0; i < progress->n && lines < LINES_MAX; i++)
                if (progress->running[i].runs) {
                        draw_one(progress, i, time);
                        lines++;
                }
        draw_total(progress, time);
        progress->drawn = screen_drawn(progress->screen, mark, lines + 1);
        progress->last = time;
        if (progress->n_ended == progress->n)
                progress_wipe(progress);
        (void) fflush(progress->screen->out);
}
