/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/move_worth.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/decide/plan/plan_gain.h"
#include "scheduler/decide/problem/problem_build.h"

#define WORTH_ARENA ((size_t) 8 << 30) /* address space; less where there is less */
#define WORTH_LEAST ((size_t) 64 << 20)

struct MoveWorth {
        GainInput in; /* problem NULL: nothing was missed yet */
        const MoveOrder *moves;
        uint32_t n, missed; /* missed: as it was looked at last */
        Arena arena;
        ArenaMark end; /* of the problem */
        GainStep *steps;
        bool *idle;
        const MoveOrder *first; /* that was missed */
};

int move_worth_new(const Snapshot *facts, const Settings *settings, const MoveOrder *moves, uint32_t n,
                   MoveWorth **ret) {
        MoveWorth *w = calloc(1, sizeof(*w));
        int r = -ENOMEM;

        for (size_t limit = WORTH_ARENA; w && r < 0 && limit >= WORTH_LEAST; limit /= 4)
                r = arena_open(limit, &w->arena);
        if (r < 0) {
                free(w);
                return r;
        }
        w->in = (GainInput){ .snapshot = facts, .settings = settings, .policies = policies_all() };
        w->moves = moves;
        w->n = n;
        *ret = w;
        return 0;
}

MoveWorth *move_worth_free(MoveWorth *w) {
        if (w) {
                arena_close(&w->arena);
                free(w);
        }
        return NULL;
}

static int move_worth_begin(MoveWorth *w) {
        int r = problem_build(&w->arena, w->in.snapshot, w->in.settings, &w->in.problem);

        w->steps = arena_new(&w->arena, GainStep, w->n);
        w->idle = arena_new(&w->arena, bool, w->n);
        w->end = arena_mark(&w->arena);
        return r < 0 ? r : w->steps && w->idle ? 0 : -ENOMEM;
}

/* How many were missed. What nobody knows the end of is as good as missed: nothing is to rest on it. */
static uint32_t move_worth_count(MoveWorth *w, const RecheckStep *steps) {
        uint32_t missed = 0;

        w->first = NULL;
        for (uint32_t i = 0; i < w->n; i++) {
                if (steps[i] != RECHECK_MISSED && steps[i] != RECHECK_UNCLEAR)
                        continue;
                w->first = w->first ? w->first : &w->moves[i];
                missed++;
        }
        return missed;
}

int move_worth_look(MoveWorth *w, const RecheckStep *steps, uint32_t move, char *why, size_t size) {
        const uint32_t missed = move_worth_count(w, steps);
        int r = missed > 0 && !w->in.problem ? move_worth_begin(w) : 0;

        if (r == 0 && missed != w->missed) {
                for (uint32_t i = 0; i < w->n; i++)
                        w->steps[i] = steps[i] == RECHECK_WAITS                              ? GAIN_WAITS
                                      : steps[i] == RECHECK_RUNS || steps[i] == RECHECK_MADE ? GAIN_MADE
                                                                                             : GAIN_MISSED;
                arena_rewind(&w->arena, w->end);
                r = plan_idle_moves(&w->arena, &w->in, w->moves, w->steps, w->n, w->idle);
                w->missed = missed;
        }
        if (r < 0) {
                (void) snprintf(why, size, "out of memory");
                return r;
        }
        if (missed == 0 || !w->idle[move])
                return 0;
        (void) snprintf(why, size, "%s was not moved from %s to %s: without that it gains nothing",
                        w->first->vm, w->first->from, w->first->to);
        return RUN_RECHECK_NEEDED;
}
