/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/moves_at_once.h"

#include <errno.h>

#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/plan/planner.h"

struct MovesAtOnce {
        MigrationNet net;
        WaveLinks *links;
        Move *moves; /* [n]; vm IX_NONE: of one the facts do not know, nothing can be said */
        uint32_t n;
};

static Move move_of(const Snapshot *s, const MoveOrder *m) {
        const Move move = { snapshot_vm(s, m->vm), snapshot_host(s, m->from), snapshot_host(s, m->to) };

        return move.vm == IX_NONE || move.from == IX_NONE || move.to == IX_NONE
                       ? (Move){ IX_NONE, IX_NONE, IX_NONE }
                       : move;
}

static int moves_at_once_predict(Arena *a, const MigrationNet *net, const MovePolicy *all, MoveOrder *io) {
        const Move m = move_of(net->s, io);
        MovePolicy policy;
        MigrationRoute route;
        MoveChoice choice = { 0 };
        bool known = false;
        int64_t kbit;
        int r;

        if (m.vm == IX_NONE || io->predicted.ms > 0)
                return 0;
        policy = move_policy_of(all, &net->s->vms[m.vm]);
        route = migration_route(net, m.from, m.to);
        kbit = migration_route_free(net, &route, &known);
        r = move_choose(a, migration_facts(net, m.vm, m.from, m.to, kbit), known, &policy, &choice);
        if (r == 0 && choice.manner.strategy != STRATEGY_NOT_NOW)
                io->predicted = choice.forecast.predicted;
        return r;
}

int moves_predict(Arena *a, const Snapshot *s, const Settings *settings, MoveOrder *io, uint32_t n) {
        const MovePolicy all = move_policy(settings);
        MigrationNet net = { 0 };
        int r = migration_net_build(a, s, settings, &net);

        for (uint32_t i = 0; r == 0 && i < n; i++)
                r = moves_at_once_predict(a, &net, &all, &io[i]);
        return r;
}

int moves_at_once_new(Arena *a, const Snapshot *s, const Settings *settings, const MoveOrder *moves,
                      uint32_t n, MovesAtOnce **ret) {
        MovesAtOnce *x = arena_new(a, MovesAtOnce, 1);
        int r;

        if (!x)
                return -ENOMEM;
        x->n = n;
        x->moves = arena_new(a, Move, n);
        if (!x->moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                x->moves[i] = move_of(s, &moves[i]);
        r = migration_net_build(a, s, settings, &x->net);
        if (r == 0)
                r = wave_links_new(a, &x->net, planner_link_caps(settings), n, &x->links);
        if (r == 0)
                *ret = x;
        return r;
}

bool moves_at_once_allow(MovesAtOnce *once, uint32_t move, const bool *runs) {
        bool beside = false, allowed;

        if (once->moves[move].vm == IX_NONE)
                return true;
        for (uint32_t i = 0; i < once->n; i++)
                if (runs[i] && i != move && once->moves[i].vm != IX_NONE) {
                        wave_links_add(once->links, once->moves[i]);
                        beside = true;
                }
        allowed = !beside || wave_links_allow(once->links, once->moves[move]);
        wave_links_end(once->links);
        return allowed;
}
