/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/status_summary.h"

#include "scheduler/model/host_silence.h"

static void status_summary_count(const char *before, uint32_t n, const char *what, const Screen *screen) {
        (void) out_say(screen->out, "%s%s%u%s %s", before, n > 0 ? screen_style(screen, STYLE_BAD) : "", n,
                       n > 0 ? screen_style(screen, STYLE_PLAIN) : "", what);
}

static void status_summary_moves(const LiveState *live, const Screen *screen) {
        uint32_t running = 0, waiting = 0;

        for (uint32_t i = 0; i < live->n_moves; i++) {
                const MigrationPhase phase = live->moves[i].status.phase;

                running += phase == MIGRATION_RUNNING || phase == MIGRATION_VERIFYING;
                waiting += phase == MIGRATION_QUEUED;
        }
        (void) out_say(screen->out, "; moves: %u running, %u waiting", running, waiting);
}

/* Of the store alone: who leads is in no file. */
static void status_summary_leader(const StatusView *s, const Screen *screen) {
        char safe[512];

        if (s->has_live && s->leads)
                (void) out_say(screen->out, "; leader: %s", text_safe(s->live.leader, safe, sizeof(safe)));
        else
                (void) out_say(screen->out, "; %s%s%s", screen_style(screen, STYLE_WARN),
                               s->has_live ? "no leader" : "no service", screen_style(screen, STYLE_PLAIN));
}

void status_summary_print(const StatusView *s, const Screen *screen) {
        uint32_t over = 0;

        for (HostIx h = 0; h < s->snapshot->n_hosts; h++)
                over += s->shares[h].over;
        status_summary_count("summary: ", over, "above the load line", screen);
        status_summary_count(", ", hosts_failing(s->snapshot), "failing", screen);
        status_summary_count(", ", hosts_silent(s->snapshot), "not known", screen);
        status_summary_count(", ", snapshot_excluded(s->snapshot), "excluded", screen);
        status_summary_count(", ", s->brake.n_held, "held", screen);
        if (s->store && s->has_live)
                status_summary_moves(&s->live, screen);
        if (s->store)
                status_summary_leader(s, screen);
        (void) out_say(screen->out, "\n\n");
}
