/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/progress.h"

#include <string.h>

#include "scheduler/app/terminal/bar.h"
#include "scheduler/app/terminal/human.h"

#define DRAW_EVERY (200 * USEC_PER_MSEC)
#define LINES_MAX  12U
#define BAR_WIDTH  20U

typedef struct Running {
        bool runs;
        MigrationStatus status;
        usec_t started;
} Running;

struct Progress {
        const Screen *screen;
        const MoveOrder *moves;
        Running *running;
        uint32_t n, n_ended, n_running;
        unsigned drawn; /* lines on the screen that are drawn again */
        usec_t last;
};

Progress *progress_begin(Arena *a, const Screen *screen, const MoveOrder *moves, uint32_t n) {
        Progress *p = arena_new(a, Progress, 1);
        Running *running = arena_new(a, Running, n);

        if (!p || !running)
                return NULL;
        *p = (Progress){ .screen = screen, .moves = moves, .running = running, .n = n };
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

static void draw_one(const Progress *progress, uint32_t i, usec_t now) {
        const MigrationStatus *s = &progress->running[i].status;
        int64_t share = migration_permille(s->bytes_total, s->bytes_left);
        char rate[HUMAN_SIZE], time[HUMAN_SIZE], predicted[HUMAN_SIZE], vm[96], hosts[96], safe[256];
        const MoveOrder *m = &progress->moves[i];

        /* cut by bytes of safe text: a line that wraps cannot be drawn over */
        (void) snprintf(hosts, sizeof(hosts), "%.28s > %.28s", m->from, m->to);
        (void) text_safe(m->vm, vm, 29);
        (void) out_say(progress->screen->out, "  %-16s %-14s ", vm, text_safe(hosts, safe, sizeof(safe)));
        bar_print_progress(s->phase == MIGRATION_VERIFYING ? 1000 : share, BAR_WIDTH, progress->screen);
        (void) out_say(progress->screen->out, " %3lld%% %8s/s  %s of %s%s\n", (long long) (share / 10),
                       human_bytes(s->bytes_per_s, rate),
                       human_ms((now - progress->running[i].started) / USEC_PER_MSEC, time),
                       human_ms(m->predicted.ms, predicted),
                       s->phase == MIGRATION_VERIFYING ? ", verifying on both hosts" : "");
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
        (void) out_say(progress->screen->out, "  %s%u of %u finished, %u running%s\n",
                       screen_style(progress->screen, STYLE_FAINT), progress->n_ended, progress->n,
                       progress->n_running, screen_style(progress->screen, STYLE_PLAIN));
        progress->drawn = screen_drawn(progress->screen, mark, lines + 1);
        progress->last = time;
        if (progress->n_ended == progress->n)
                progress_wipe(progress);
        (void) fflush(progress->screen->out);
}
