/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/slow_ways_text.h"

#include <string.h>

#include "scheduler/base/out.h"
#include "scheduler/model/move_lessons.h"

#define SLOW_WAY_PERMILLE                                                                                    \
        250 /* below that a way is slower than its links: migration_lessons.c believes it as measured */

/* *ret_own: by migrations over this way; else by most of those over others. */
static int64_t slow_ways_permille(const Snapshot *s, const Move *move, bool *ret_own) {
        const MoveLessons *l = s->lessons;

        *ret_own = true;
        for (uint32_t i = 0; i < l->n_routes; i++)
                if (strcmp(l->routes[i].from, s->hosts[move->from].name) == 0 &&
                    strcmp(l->routes[i].to, s->hosts[move->to].name) == 0)
                        return l->routes[i].speed_permille;
        *ret_own = false;
        return l->speed_permille;
}

static bool slow_ways_was_before(const Plan *plan, uint32_t i) {
        for (uint32_t k = 0; k < i; k++)
                if (plan->moves[k].move.from == plan->moves[i].move.from &&
                    plan->moves[k].move.to == plan->moves[i].move.to)
                        return true;
        return false;
}

void slow_ways_print(const Snapshot *s, const Plan *plan, const char *indent, const Screen *screen) {
        uint32_t n = 0;

        if (!s->lessons)
                return;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const Move *move = &plan->moves[i].move;
                const int64_t kbit = plan->moves[i].predicted.basis.bandwidth_kbit;
                bool own = false;
                const int64_t permille = slow_ways_permille(s, move, &own);

                if (kbit <= 0 || permille <= 0 || permille >= SLOW_WAY_PERMILLE ||
                    slow_ways_was_before(plan, i) || n++ >= SLOW_WAYS_SHOWN)
                        continue;
                (void) out_say(screen->out,
                               "%s%snote:%s migrations from %s to %s get %lld of %lld Mbit/s, %s\n", indent,
                               screen_style(screen, STYLE_WARN), screen_style(screen, STYLE_PLAIN),
                               s->hosts[move->from].name, s->hosts[move->to].name,
                               (long long) (kbit / 1000 * permille / 1000), (long long) (kbit / 1000),
                               own ? "as measured" : "as most others did");
        }
        if (n > SLOW_WAYS_SHOWN)
                (void) out_say(screen->out, "%s… and so on %u more paths\n", indent, n - SLOW_WAYS_SHOWN);
}
