/* SPDX-License-Identifier: Apache-2.0 */
/* When a plan costs more than its budgets (moves, MiB, minutes, together), it is made of its most important
 * moves again: repairs first, then evacuation, load lines, balance, each in the order of the waves. What
 * depends on each other comes together: VMs that make room, VMs that rules bind, all VMs of a host that is
 * emptied to be idle. Whatever makes the schedule too long, or has no safe order without the rest, is left
 * for another time. Half of the moves are tried at a time, then quarters, down to one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"
#include "scheduler/model/by_host.h"

/* Orders that are tried at most: a thousand moves need ten to find where the budget ends, and some more to
 * find what fits beside it. */
#define TRIES_MAX 256

typedef struct Wanted {
        Move move;
        uint32_t tier, step; /* the first tier it gains in; TIER_N: none, alone */
} Wanted;

typedef struct Budget {
        Planning *pl;
        Evaluator *e; /* what is kept has been moved, and what is tried */
        Wanted *wanted;
        uint32_t *of;             /* [vm] index into wanted; IX_NONE */
        bool *taken;              /* [wanted] */
        uint32_t *tried, n_tried; /* taken beyond what is kept, in the order of their moves */
        ByHost leaving;           /* wanted moves, most important first */
        bool *idle;               /* [host] emptied by the plan, to be idle */
        Costs kept;               /* cost of what is kept */
        WaveOrder order;          /* of what is kept */
        uint32_t n, tries;
        bool cut; /* time is up: nothing more is tried */
} Budget;

static int by_importance(const void *left, const void *right) {
        const Wanted *x = left, *y = right;

        if (x->tier != y->tier)
                return x->tier < y->tier ? -1 : 1;
        return x->step < y->step ? -1 : x->step > y->step;
}

static uint32_t tier_gained(const Costs *d) {
        uint32_t t = 0;

        while (t < TIER_N && d->tier[t] == 0)
                t++;
        return t < TIER_N && d->tier[t] < 0 ? t : TIER_N;
}

/* The net moves, each as important as the best of its steps. */
static int list_wanted(Budget *k) {
        Planning *pl = k->pl;
        const Problem *p = pl->first;
        uint32_t *tier = arena_new(&pl->scratch, uint32_t, p->n_vms);
        uint32_t *step = arena_new(&pl->scratch, uint32_t, p->n_vms);

        if (!tier || !step)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                tier[v] = TIER_N;
        for (uint32_t i = pl->n_steps; i-- > 0;)
                step[pl->steps[i].move.vm] = i;
        for (uint32_t i = 0; i < pl->n_steps; i++) {
                const Move m = pl->steps[i].move;
                const Costs d = evaluator_delta(k->e, m);
                const uint32_t gained = tier_gained(&d);

                tier[m.vm] = gained < tier[m.vm] ? gained : tier[m.vm];
                evaluator_move(k->e, m);
        }
        for (VmIx v = 0; v < p->n_vms; v++) {
                if (pl->now[v] == p->home[v])
                        continue;
                k->wanted[k->n++] = (Wanted){ { v, p->home[v], pl->now[v] }, tier[v], step[v] };
                evaluator_move(k->e, (Move){ v, pl->now[v], p->home[v] });
        }
        qsort(k->wanted, k->n, sizeof(Wanted), by_importance);
        for (uint32_t i = 0; i < k->n; i++)
                k->of[k->wanted[i].move.vm] = i;
        return 0;
}

static int plan_budget_list_sources(Budget *k) {
        const Problem *p = k->pl->first;
        HostIx *from = arena_new(&k->pl->scratch, HostIx, k->n);

        if (!from)
                return -ENOMEM;
        for (uint32_t i = 0; i < k->n; i++)
                from[i] = k->wanted[i].move.from;
        for (HostIx h = 0; h < p->n_hosts; h++)
                k->idle[h] = p->pack && p->pack->cost[h] > 0;
        for (VmIx v = 0; v < p->n_vms; v++)
                k->idle[k->pl->now[v]] = false;
        return by_host_build(&k->pl->scratch, from, k->n, p->n_hosts, &k->leaving);
}

static int budget_begin(Budget *k) {
        Planning *pl = k->pl;
        const Problem *p = pl->first;

        k->wanted = arena_new(&pl->scratch, Wanted, p->n_vms);
        k->of = arena_new(&pl->scratch, uint32_t, p->n_vms);
        k->taken = arena_new(&pl->scratch, bool, p->n_vms);
        k->tried = arena_new(&pl->scratch, uint32_t, p->n_vms);
        k->idle = arena_new(&pl->scratch, bool, p->n_hosts);
        if (!k->wanted || !k->of || !k->taken || !k->tried || !k->idle ||
            evaluator_build(&pl->scratch, pl->terms, NULL, &k->e) < 0)
                return -ENOMEM;
        memset(k->of, 0xff, sizeof(uint32_t) * p->n_vms);
        if (list_wanted(k) < 0 || plan_budget_list_sources(k) < 0)
                return -ENOMEM;
        k->kept = k->e->cost;
        return 0;
}

/* ---- what comes together ---- */

static void plan_budget_take(Budget *k, uint32_t i);

static bool plan_budget_may_go(const Budget *k, uint32_t i) {
        return evaluator_refuse(k->e, k->wanted[i].move) == REASON_NONE;
}

/* VMs that leave the host it goes to, until it may go. */
static void take_room(Budget *k, uint32_t i) {
        const HostIx to = k->wanted[i].move.to;

        for (uint32_t m = k->leaving.from[to];
             m < k->leaving.from[to + 1] && !k->cut && !plan_budget_may_go(k, i); m++)
                plan_budget_take(k, k->leaving.at[m]);
}

static void take_group(Budget *k, uint32_t i) {
        const Problem *p = k->pl->first;
        const VmIx v = k->wanted[i].move.vm;

        if (!p->groups || !p->groups_of_start)
                return;
        for (uint32_t n = p->groups_of_start[v]; n < p->groups_of_start[v + 1] && !plan_budget_may_go(k, i);
             n++) {
                const Group *g = &p->groups[p->groups_of[n]];

                for (uint32_t m = 0; m < g->n_vms && !k->cut && !plan_budget_may_go(k, i); m++)
                        if (k->of[g->vms[m]] != IX_NONE)
                                plan_budget_take(k, k->of[g->vms[m]]);
        }
}

/* Depth: each is taken once, so that rings end; the order of moves is asked whether they can be opened. */
static void plan_budget_take(Budget *k, uint32_t i) {
        const HostIx from = k->wanted[i].move.from;

        k->cut = k->cut || plan_time_is_up(k->pl, PLAN_PART_ORDER);
        if (k->taken[i] || k->cut)
                return;
        k->taken[i] = true;
        if (!plan_budget_may_go(k, i))
                take_room(k, i);
        if (!plan_budget_may_go(k, i))
                take_group(k, i);
        k->tried[k->n_tried++] = i;
        evaluator_move(k->e, k->wanted[i].move);
        for (uint32_t m = k->leaving.from[from]; k->idle[from] && m < k->leaving.from[from + 1]; m++)
                plan_budget_take(k, k->leaving.at[m]);
}

static void give_back(Budget *k) {
        while (k->n_tried > 0) {
                const uint32_t i = k->tried[--k->n_tried];
                const Move m = k->wanted[i].move;

                evaluator_move(k->e, (Move){ m.vm, m.to, m.from });
                k->taken[i] = false;
        }
}

/* ---- what fits ---- */

static bool plan_budget_within(const Planning *pl, const WaveMove *steps, uint32_t n, int64_t ms) {
        int64_t mib = 0;

        for (uint32_t i = 0; i < n; i++)
                mib += problem_mib(pl->first, steps[i].move.vm);
        return n <= pl->request.max_moves && mib <= pl->request.max_mib && ms <= pl->request.max_ms;
}

static bool plan_budget_gains(const Budget *k) {
        const Tier last = problem_last_tier(k->pl->first);

        for (int t = 0; t <= (int) last; t++)
                if (k->e->cost.tier[t] != k->kept.tier[t])
                        return k->e->cost.tier[t] < k->kept.tier[t];
        return false;
}

/* 1: all that is taken has an order within the budgets, and gains by what is tried. */
static int plan_budget_fits(Budget *k, WaveOrder *ret) {
        Planning *pl = k->pl;
        Move *moves = arena_new(&pl->scratch, Move, k->n);
        int64_t ms = 0;
        uint32_t n = 0;
        int r;

        if (!moves)
                return -ENOMEM;
        if (!plan_budget_gains(k))
                return 0;
        for (VmIx v = 0; v < pl->first->n_vms; v++)
                if (k->of[v] != IX_NONE && k->taken[k->of[v]])
                        moves[n++] = k->wanted[k->of[v]].move;
        k->tries++;
        r = plan_order(pl, plan_wave_limits(pl), pl->first, moves, n, ret);
        if (r < 0 || ret->n_left_out > 0)
                return r;
        r = plan_rules_no_worse(pl, ret->host_of);
        if (r <= 0)
                return r;
        r = plan_makespan(pl, ret->moves, ret->n, ret->n_waves, &ms);
        return r < 0 ? r : plan_budget_within(pl, ret->moves, ret->n, ms);
}

static int keep_what_fits(Budget *k, uint32_t first, uint32_t end) {
        const ArenaMark mark = arena_mark(&k->pl->scratch);
        WaveOrder order;
        int r;

        for (uint32_t i = first; i < end; i++)
                plan_budget_take(k, i);
        if (k->n_tried == 0 || k->tries >= TRIES_MAX || k->cut) {
                give_back(k);
                return 0;
        }
        r = plan_budget_fits(k, &order);
        if (r > 0) {
                k->kept = k->e->cost;
                k->order = order; /* in scratch, as all of this: nothing is rewound */
                k->n_tried = 0;
                return 0;
        }
        give_back(k);
        arena_rewind(&k->pl->scratch, mark);
        if (r < 0 || end - first <= 1)
                return r;
        r = keep_what_fits(k, first, first + (end - first) / 2);
        return r < 0 ? r : keep_what_fits(k, first + (end - first) / 2, end);
}

static int budget_end(Budget *k) {
        Planning *pl = k->pl;
        const uint32_t n_vms = pl->first->n_vms;
        WaveMove *steps = arena_new(pl->arena, WaveMove, k->order.n);

        if (!steps)
                return -ENOMEM;
        if (k->order.n > 0)
                memcpy(steps, k->order.moves, sizeof(WaveMove) * k->order.n);
        pl->steps = steps;
        pl->n_steps = k->order.n;
        pl->n_waves = k->order.n_waves;
        for (VmIx v = 0; v < n_vms; v++) {
                const HostIx to = k->order.n > 0 ? k->order.host_of[v] : pl->first->home[v];

                if (pl->now[v] != to)
                        pl->left_out[v] = REASON_BUDGET;
                pl->now[v] = to;
        }
        pl->capped = true;
        return 0;
}

int plan_budget(Planning *pl) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        Budget k = { .pl = pl };
        int64_t ms = 0;
        int r = plan_makespan(pl, pl->steps, pl->n_steps, pl->n_waves, &ms);

        if (r < 0 || plan_budget_within(pl, pl->steps, pl->n_steps, ms))
                return r;
        r = budget_begin(&k);
        if (r == 0)
                r = keep_what_fits(&k, 0, k.n);
        if (r == 0)
                r = budget_end(&k);
        arena_rewind(&pl->scratch, mark);
        return r;
}
