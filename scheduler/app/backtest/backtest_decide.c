/* SPDX-License-Identifier: Apache-2.0 */
/* A round of a walk, as the service has it: what was moved lately rests, what only balances waits for the hold time, waves begin
 * when those before them have ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/backtest/backtest_parts.h"
#include "scheduler/app/round/cool_downs.h"
#include "scheduler/app/round/round.h"
#include "scheduler/milp/exact.h"

static int walk_cool_downs(Walk *w, RoundInput *io) {
        if (!w->cool_downs)
                return 0;
        return cool_downs_parse(&w->round, w->cool_downs, w->n_cool_downs, &io->cool_downs,
                                &io->n_cool_downs);
}

/* The moved VMs cool down from the end of their move on; kept as text, as the store keeps it. */
static int walk_cool(Walk *w, const RoundInput *in) {
        const CoolLength length = { .first = settings_int(w->settings, "service", "cool_down"),
                                    .most = settings_int(w->settings, "service", "max_cool_down") };
        const CoolDown *list = in->cool_downs;
        uint32_t n = in->n_cool_downs;
        const char *text = NULL;
        char *kept;
        size_t size = 0;
        int r = 0;

        for (uint32_t i = 0; i < w->n_moves && r == 0; i++)
                r = cool_downs_moved(
                        &w->round, list, n,
                        (VmMoved){ .vm = w->trace->start->vms[w->moves[i].vm].name, .at = w->moves[i].ends },
                        length, &list, &n);
        if (r == 0)
                r = cool_downs_print(&w->round, list, n, w->now, &text, &size);
        if (r < 0)
                return r;
        assert(text);
        kept = strdup(text);
        if (!kept)
                return -ENOMEM;
        free(w->cool_downs);
        w->cool_downs = kept;
        w->n_cool_downs = size;
        return 0;
}

/* When moves begin that are wanted now: once they were wanted for the hold time, which within a step they are, for what is read
 * then is the same. INT64_MAX: not in this step. */
static usec_t walk_begins(Walk *w, const Plan *plan) {
        const usec_t hold = settings_int(w->settings, "service", "hold");
        usec_t at;

        if (plan->n_moves == 0) {
                w->wanted_since = 0;
                return INT64_MAX;
        }
        if (w->wanted_since == 0)
                w->wanted_since = w->now;
        at = round_is_urgent(plan) || w->wanted_since + hold <= w->now ? w->now : w->wanted_since + hold;
        return at < w->now + w->trace->step ? at : INT64_MAX;
}

static void walk_start(Walk *w, const Round *round, usec_t begins) {
        const Plan *plan = round->plan;
        usec_t ends = begins;

        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *move = &plan->moves[i];
                const VmIx v = snapshot_vm(w->trace->start, round->snapshot->vms[move->move.vm].name);

                if (i > 0 && move->wave != move[-1].wave)
                        begins = ends;
                if (v == IX_NONE || w->n_moves == w->moves_room)
                        continue;
                w->moves[w->n_moves++] = (WalkMove){ .vm = v,
                                                     .to = move->move.to,
                                                     .begins = begins,
                                                     .ends = begins + move->predicted.ms * USEC_PER_MSEC };
                if (w->moves[w->n_moves - 1].ends > ends)
                        ends = w->moves[w->n_moves - 1].ends;
        }
}

int walk_decide(Walk *w, uint32_t *io_rounds) {
        RoundInput in = { .settings = w->settings, .request = PLAN_REQUEST_DEFAULT, .now = w->now };
        Round round = { 0 };
        usec_t begins;
        int r = walk_snapshot(w, &in.snapshot);

        in.request.solver = &exact_solver;
        if (r == 0)
                r = walk_cool_downs(w, &in);
        if (r == 0)
                r = round_decide(&w->round, &in, &round);
        if (r < 0)
                return r;
        assert(round.plan);
        ++*io_rounds;
        begins = walk_begins(w, round.plan);
        if (begins == INT64_MAX)
                return 0;
        walk_start(w, &round, begins);
        w->wanted_since = 0;
        return walk_cool(w, &in);
}
