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
static void progress_wipe(Progress *p) {
        if (p->drawn > 0)
                (void) fprintf(p->screen->out, "\033[%uA\033[J", p->drawn);
        p->drawn = 0;
}

static void print_names(const Progress *p, uint32_t i) {
        char vm[256], from[256], to[256];

        (void) fprintf(p->screen->out, "%s%s%s %s > %s", screen_style(p->screen, STYLE_STRONG),
                       text_safe(p->moves[i].vm, vm, sizeof(vm)), screen_style(p->screen, STYLE_PLAIN),
                       text_safe(p->moves[i].from, from, sizeof(from)),
                       text_safe(p->moves[i].to, to, sizeof(to)));
}

void progress_started(Progress *p, uint32_t move) {
        char size[HUMAN_SIZE], time[HUMAN_SIZE];

        p->running[move] = (Running){ .runs = true, .started = clock_monotonic() };
        p->n_running++;
        if (p->screen->live)
                return;
        (void) fputs("start  ", p->screen->out);
        print_names(p, move);
        (void) fprintf(p->screen->out, ", %s, about %s\n", human_mib(p->moves[move].memory_mib, size),
                       human_ms(p->moves[move].predicted.ms, time));
        (void) fflush(p->screen->out);
}

void progress_seen(Progress *p, uint32_t move, const MigrationStatus *status) {
        p->running[move].status = *status;
}

static void print_done(Progress *p, uint32_t i, const MoveOutcome *o) {
        FILE *out = p->screen->out;
        char bytes[HUMAN_SIZE], took[HUMAN_SIZE], predicted[HUMAN_SIZE], remark[256];

        (void) fprintf(out, "%sdone%s   ", screen_style(p->screen, STYLE_GOOD),
                       screen_style(p->screen, STYLE_PLAIN));
        print_names(p, i);
        (void) fprintf(out, ", %s in %s (predicted %s)", human_bytes(o->status.bytes_done, bytes),
                       human_ms((o->status.ended - o->status.started) / USEC_PER_MSEC, took),
                       human_ms(p->moves[i].predicted.ms, predicted));
        if (o->status.downtime_ms != UNKNOWN)
                (void) fprintf(out, ", downtime %lld ms", (long long) o->status.downtime_ms);
        if (o->status.remark[0])
                (void) fprintf(out, "; %s", text_safe(o->status.remark, remark, sizeof(remark)));
        (void) fputc('\n', out);
}

void progress_ended(Progress *p, uint32_t move, const MoveOutcome *o) {
        char why[512];

        if (p->running[move].runs)
                p->n_running--;
        p->running[move].runs = false;
        p->n_ended++;
        progress_wipe(p);
        if (o->end == MOVE_DONE) {
                print_done(p, move, o);
        } else {
                Style style = o->end == MOVE_NOT_REACHED ? STYLE_WARN : STYLE_BAD;

                (void) fprintf(p->screen->out, "%s%s%s ", screen_style(p->screen, style),
                               move_end_names[o->end], screen_style(p->screen, STYLE_PLAIN));
                print_names(p, move);
                (void) fprintf(p->screen->out, ": %s\n", text_safe(o->why, why, sizeof(why)));
        }
        progress_draw(p, true);
        (void) fflush(p->screen->out);
}

void progress_say(Progress *p, Style style, const char *text) {
        progress_wipe(p);
        (void) fprintf(p->screen->out, "%s%s%s\n", screen_style(p->screen, style), text,
                       screen_style(p->screen, STYLE_PLAIN));
        progress_draw(p, true);
        (void) fflush(p->screen->out);
}

static void draw_one(const Progress *p, uint32_t i, usec_t now) {
        const MigrationStatus *s = &p->running[i].status;
        int64_t share = migration_permille(s->bytes_total, s->bytes_left);
        char rate[HUMAN_SIZE], time[HUMAN_SIZE], predicted[HUMAN_SIZE], vm[96], hosts[96], safe[256];
        const MoveOrder *m = &p->moves[i];

        /* cut by bytes of safe text: a line that wraps cannot be drawn over */
        (void) snprintf(hosts, sizeof(hosts), "%.28s > %.28s", m->from, m->to);
        (void) text_safe(m->vm, vm, 29);
        (void) fprintf(p->screen->out, "  %-16s %-14s ", vm, text_safe(hosts, safe, sizeof(safe)));
        bar_print_progress(s->phase == MIGRATION_VERIFYING ? 1000 : share, BAR_WIDTH, p->screen);
        (void) fprintf(p->screen->out, " %3lld%% %8s/s  %s of %s%s\n", (long long) (share / 10),
                       human_bytes(s->bytes_per_s, rate),
                       human_ms((now - p->running[i].started) / USEC_PER_MSEC, time),
                       human_ms(m->predicted.ms, predicted),
                       s->phase == MIGRATION_VERIFYING ? ", asking both hosts" : "");
}

void progress_draw(Progress *p, bool now) {
        usec_t time = clock_monotonic();
        unsigned lines = 0;

        if (!p->screen->live || (!now && time < p->last + DRAW_EVERY))
                return;
        progress_wipe(p);
        for (uint32_t i = 0; i < p->n && lines < LINES_MAX; i++)
                if (p->running[i].runs) {
                        draw_one(p, i, time);
                        lines++;
                }
        (void) fprintf(p->screen->out, "  %s%u of %u ended, %u running%s\n",
                       screen_style(p->screen, STYLE_FAINT), p->n_ended, p->n, p->n_running,
                       screen_style(p->screen, STYLE_PLAIN));
        p->drawn = lines + 1;
        p->last = time;
        if (p->n_ended == p->n)
                progress_wipe(p);
        (void) fflush(p->screen->out);
}
