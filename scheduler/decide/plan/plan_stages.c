/* SPDX-License-Identifier: Apache-2.0 */
/* Search, order, and again from where that leads, until nothing is worth moving: so that planning once more
 * after the plan was carried out gives nothing. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/plan/plan_parts.h"

/* Most plans are at rest after one stage and a second that finds nothing. */
#define STAGES_MAX 12

/* How often the search is asked again without the VMs that had no safe order. */
#define RETRIES_MAX 6

static int64_t mib_of(const Planning *pl, const WaveMove *steps, uint32_t n) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < n; i++)
                sum += problem_mib(pl->first, steps[i].move.vm);
        return sum;
}

/* Where the VMs would be better, within what the steps so far leave of the budgets. */
static int stage_search(Planning *pl, const Problem *p, SearchResult *ret) {
        SearchBudget budget = {
                .evaluations = pl->request.evaluations,
                .max_moves = pl->request.max_moves,
                .max_mib = pl->request.max_mib,
                .tasks = (unsigned) settings_int(pl->settings, "plan", "searches"),
                .time = time_limit_of(pl->request.time, PLAN_PART_SEARCH),
        };
        SearchInput in = { .problem = p,
                           .policies = pl->policies,
                           .settings = pl->settings,
                           .seed = pl->request.seed,
                           .workers = pl->request.workers };
        const HostIx *host_of;
        int64_t mib = mib_of(pl, pl->steps, pl->n_steps);
        int r;

        if (budget.max_moves != UINT32_MAX)
                budget.max_moves -= budget.max_moves < pl->n_steps ? budget.max_moves : pl->n_steps;
        if (budget.max_mib != INT64_MAX)
                budget.max_mib -= budget.max_mib < mib ? budget.max_mib : mib;
        in.budget = budget;
        r = search_run(&pl->scratch, &in, ret);
        if (r < 0)
                return r;
        pl->evaluations += ret->evaluations;
        for (int i = 0; i < REASON_N; i++)
                pl->refusals[i] += ret->refusals[i];
        pl->guard_fired |= ret->guard_fired;
        if (pl->n_steps == 0)
                pl->search = ret->annealed ? PLAN_BY_ANNEALING : p->pack ? PLAN_BY_PACKING : PLAN_BY_DESCENT;
        host_of = ret->host_of;
        r = plan_polish(pl, p, &budget, &host_of);
        if (host_of != ret->host_of)
                ret->n_walk = 0;
        ret->host_of = host_of;
        return r;
}

static int moves_between(Arena *a, const HostIx *from, const HostIx *to, uint32_t n_vms, Move **ret,
                         uint32_t *ret_n) {
        uint32_t n = 0;
        Move *moves;

        for (VmIx v = 0; v < n_vms; v++)
                n += from[v] != to[v];
        moves = arena_new(a, Move, n);
        if (!moves)
                return -ENOMEM;
        n = 0;
        for (VmIx v = 0; v < n_vms; v++)
                if (from[v] != to[v])
                        moves[n++] = (Move){ v, from[v], to[v] };
        *ret = moves;
        *ret_n = n;
        return 0;
}

static int cost_at(Planning *pl, const Problem *p, const HostIx *host_of, Costs *ret) {
        Assignment *x;
        int r = assignment_build(&pl->scratch, p, &x);

        for (VmIx v = 0; v < p->n_vms && r == 0; v++)
                if (host_of[v] != x->host_of[v])
                        assignment_move(x, (Move){ v, x->host_of[v], host_of[v] });
        if (r == 0)
                *ret = policies_total(pl->policies, p, pl->settings, x);
        return r;
}

static Costs costs_that_count(const Problem *p, Costs c) {
        for (int t = (int) problem_last_tier(p) + 1; t < TIER_N; t++)
                c.tier[t] = 0;
        return c;
}

/* What leaving home costs v, by the policies. */
static void price_add(const Terms *t, VmIx v, Costs *c) {
        for (uint32_t i = 0; i < t->n_move_costs; i++)
                c->tier[t->move_costs[i].tier] +=
                        t->move_costs[i].weight * (t->move_costs[i].price ? t->move_costs[i].price[v] : 1);
}

/* Whether the order still gains when something was left out, or moves twice at twice the price. 1: it does.
 */
static int still_gains(Planning *pl, const Problem *p, const WaveOrder *order) {
        Costs before = { 0 }, after = { 0 };
        int r = cost_at(pl, p, p->home, &before);

        if (r == 0)
                r = cost_at(pl, p, order->host_of, &after);
        if (r < 0)
                return r;
        for (uint32_t i = 0; i < order->n && order->n_stop_overs > 0; i++)
                if (order->host_of[order->moves[i].move.vm] != order->moves[i].move.to)
                        price_add(pl->terms, order->moves[i].move.vm, &after);
        before = costs_that_count(p, before);
        after = costs_that_count(p, after);
        return costs_compare(&after, &before) < 0 ? plan_rules_no_worse(pl, order->host_of) : 0;
}

static int append_steps(Planning *pl, const WaveOrder *order) {
        WaveMove *steps = arena_new(pl->arena, WaveMove, (size_t) pl->n_steps + order->n);

        if (!steps)
                return -ENOMEM;
        if (pl->n_steps > 0)
                memcpy(steps, pl->steps, sizeof(WaveMove) * pl->n_steps);
        for (uint32_t i = 0; i < order->n; i++) {
                steps[pl->n_steps + i] = order->moves[i];
                steps[pl->n_steps + i].wave += pl->n_waves;
        }
        pl->steps = steps;
        pl->n_steps += order->n;
        pl->n_waves += order->n_waves;
        memcpy(pl->now, order->host_of, sizeof(HostIx) * pl->first->n_vms);
        return 0;
}

/* A host is emptied wholly or not at all: of those that the order leaves half empty, the VMs stay. Returns
 * how many. */
static int hold_halves(Planning *pl, const Problem *p, const HostIx *wanted, const HostIx *got,
                       Reason *pinned) {
        bool *move_costs = arena_new(&pl->scratch, bool, p->n_hosts);
        bool *half = arena_new(&pl->scratch, bool, p->n_hosts);
        int n = 0;

        if (!move_costs || !half)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                move_costs[wanted[v]] = true;
        for (VmIx v = 0; v < p->n_vms; v++)
                half[got[v]] |= !move_costs[got[v]] && p->pack->cost[got[v]] > 0;
        for (VmIx v = 0; v < p->n_vms; v++)
                if (half[pl->now[v]]) {
                        pl->left_out[v] = pinned[v] = REASON_ORDER;
                        n++;
                }
        return n;
}

/* What came of a try. */
enum {
        STAGE_AT_REST = 0, /* nothing (more) is worth moving */
        STAGE_ADDED = 1,   /* steps were added */
        STAGE_AGAIN = 2,   /* some VMs were pinned for want of an order: another try may find other moves */
};

/* One search and an order for what it wants. */
typedef struct Stage {
        Problem p;      /* from where the steps so far lead */
        Reason *pinned; /* [vm] p's: also those without a safe order */
        SearchResult found;
        Move *moves; /* what the search wants */
        uint32_t n;
        WaveOrder order; /* of these */
        bool urgent;     /* what is found is what cannot wait alone */
        bool no_urgent;  /* that was tried, and there is no way to do any of it */
} Stage;

/* The problem as the steps so far leave it. */
static int stage_begin(Planning *pl, Stage *st) {
        int r;

        st->p = *pl->stage;
        st->p.home = pl->now;
        st->p.pinned = st->pinned;
        r = problem_flight_bars(&pl->scratch, pl->s, &st->p);
        return r == 0 && st->p.reserve ? problem_reserve_again(&pl->scratch, &st->p) : r;
}

/* What cannot wait alone; where nothing of it is found, all within the laws of relief. */
static int stage_relieve(Planning *pl, Stage *st) {
        const uint32_t tiers_left = st->p.tiers_left;
        bool urgent = false;
        int r = plan_relief_objects(pl, &st->p, st->found.host_of, &urgent);

        if (r <= 0)
                return r;
        if (urgent && !st->no_urgent) {
                st->p.tiers_left = TIER_N - 1 - TIER_EVACUATE;
                r = stage_search(pl, &st->p, &st->found);
                st->urgent = r == 0 && memcmp(st->found.host_of, pl->now, sizeof(HostIx) * st->p.n_vms) != 0;
                if (r < 0 || st->urgent)
                        return r;
                st->p.tiers_left = tiers_left;
        }
        r = 1;
        for (int takes_none = 0; takes_none <= 1 && r > 0; takes_none++) {
                r = plan_relief_confine(pl, &st->p, st->pinned, takes_none);
                if (r == 0)
                        r = stage_search(pl, &st->p, &st->found);
                if (r == 0)
                        r = plan_relief_objects(pl, &st->p, st->found.host_of, &urgent);
        }
        if (r > 0) /* what no way is worth, or safe, waits */
                st->found.host_of = pl->now;
        return r < 0 ? r : 0;
}

/* The moves that the search wants; which of one host goes first where that must be left by a deadline. */
static int stage_want(Planning *pl, Stage *st) {
        int r = moves_between(&pl->scratch, pl->now, st->found.host_of, st->p.n_vms, &st->moves, &st->n);

        return r < 0 || st->n == 0 ? r : plan_deadline_order(pl, st->moves, st->n, &st->p.first);
}

/* 1: the order gains; 0: it does not. */
static int stage_gains(Planning *pl, const Stage *st) {
        if (st->order.n == 0)
                return 0;
        return st->order.n_left_out + st->order.n_stop_overs == 0 ? 1 : still_gains(pl, &st->p, &st->order);
}

/* Waves that are safe at every instant; without stop-overs where those cost more than they bring.
 * STAGE_ADDED: they gain; STAGE_AT_REST: they do not; STAGE_AGAIN. */
static int stage_order(Planning *pl, Stage *st) {
        WaveLimits limits = plan_wave_limits(pl);
        int r = plan_order(pl, limits, &st->p, st->moves, st->n, &st->order);

        if (r == 0 && st->found.n_walk > 0 && (st->order.n_left_out > 0 || st->order.n > st->found.n_walk))
                r = plan_walk(pl, limits, &st->p, st->found.walk, st->found.n_walk, &st->order);
        if (r == 0 && st->p.pack && st->order.n_left_out > 0)
                r = hold_halves(pl, &st->p, st->found.host_of, st->order.host_of, st->pinned);
        if (r != 0)
                return r < 0 ? r : STAGE_AGAIN;
        r = stage_gains(pl, st);
        if (r != 0 || st->order.n_stop_overs == 0)
                return r;
        limits.stop_overs = false;
        r = plan_order(pl, limits, &st->p, st->moves, st->n, &st->order);
        if (r < 0 || st->order.n == 0)
                return r;
        return still_gains(pl, &st->p, &st->order);
}

/* One that must leave its host, and is not moved for any other reason. */
static bool stage_must_leave(const Planning *pl, VmIx v) {
        return problem_leave(pl->first, v, pl->now[v]) > 0;
}

/* VMs without a safe order stay, and are not asked for again in this stage. One that must leave is, as long as others
 * were left out beside it: when these stay, it may have a way of its own. */
static int stage_pin(Planning *pl, const Stage *st) {
        bool others = false;

        for (uint32_t i = 0; i < st->order.n_left_out; i++)
                others |= !stage_must_leave(pl, st->order.left_out[i]);
        for (uint32_t i = 0; i < st->order.n_left_out; i++) {
                const VmIx v = st->order.left_out[i];

                if (!others || st->order.cut || !stage_must_leave(pl, v))
                        pl->left_out[v] = st->pinned[v] = st->order.cut ? REASON_TIME : REASON_ORDER;
        }
        return st->order.n_left_out > 0 ? STAGE_AGAIN : STAGE_AT_REST;
}

static int stage_try(Planning *pl, Reason *pinned, bool *io_no_urgent) {
        Stage st = { .pinned = pinned, .no_urgent = *io_no_urgent };
        int r = stage_begin(pl, &st);

        if (r == 0)
                r = stage_search(pl, &st.p, &st.found);
        if (r == 0)
                r = stage_relieve(pl, &st);
        if (r == 0)
                r = stage_want(pl, &st);
        if (r < 0 || st.n == 0)
                return r;
        r = stage_order(pl, &st);
        if (r == STAGE_AT_REST && st.urgent) {
                *io_no_urgent = true;
                return STAGE_AGAIN;
        }
        if (r == STAGE_AT_REST)
                return stage_pin(pl, &st);
        if (r == STAGE_ADDED && st.order.cut)
                (void) stage_pin(pl, &st); /* so that they are said to be left for want of time */
        if (r == STAGE_ADDED && append_steps(pl, &st.order) < 0)
                return -ENOMEM;
        return r;
}

/* The time of searching or ordering is up: there is no other try. */
static bool stages_are_cut(const Planning *pl) {
        return pl->guard_fired || (pl->cut & (1U << PLAN_PART_ORDER)) != 0;
}

int plan_stages_to(Planning *pl, const HostIx *host_of) {
        Stage st = { .pinned = arena_new(&pl->scratch, Reason, pl->first->n_vms),
                     .found = { .host_of = host_of } };
        int r = st.pinned ? 0 : -ENOMEM;

        if (r == 0 && pl->first->n_vms > 0)
                memcpy(st.pinned, pl->stage->pinned, sizeof(Reason) * pl->first->n_vms);
        if (r == 0)
                r = stage_begin(pl, &st);
        if (r == 0)
                r = stage_want(pl, &st);
        if (r < 0 || st.n == 0)
                return r;
        r = stage_order(pl, &st);
        if (r == STAGE_ADDED) /* several at once may part what the search, one by one, keeps together */
                r = plan_rules_no_worse(pl, st.order.host_of);
        if (r == STAGE_ADDED)
                r = append_steps(pl, &st.order) < 0 ? -ENOMEM : 1;
        return r == STAGE_AGAIN ? 0 : r;
}

/* STAGE_ADDED or STAGE_AT_REST. */
static int stage_run(Planning *pl) {
        uint32_t n_vms = pl->first->n_vms;
        ArenaMark mark = arena_mark(&pl->scratch);
        Reason *pinned = arena_new(&pl->scratch, Reason, n_vms);
        bool no_urgent = false;
        int r = pinned ? STAGE_AGAIN : -ENOMEM;

        memset(pl->left_out, 0, sizeof(Reason) * n_vms);
        if (pinned && n_vms > 0)
                memcpy(pinned, pl->stage->pinned, sizeof(Reason) * n_vms);
        for (int i = 0; i < RETRIES_MAX && r == STAGE_AGAIN && !stages_are_cut(pl); i++)
                r = stage_try(pl, pinned, &no_urgent);
        arena_rewind(&pl->scratch, mark);
        return r == STAGE_AGAIN ? STAGE_AT_REST : r;
}

int plan_stages(Planning *pl) {
        int r = STAGE_ADDED;

        pl->stages = pl->n_steps > 0;
        while (pl->stages < STAGES_MAX && r == STAGE_ADDED && !stages_are_cut(pl)) {
                r = stage_run(pl);
                pl->stages += r == STAGE_ADDED;
        }
        return r < 0 ? r : 0;
}

/* 1: something is broken, and no less of it after the steps; 0. */
static int mends_nothing(Planning *pl) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        Costs after = { 0 };
        int r = 0;

        if (pl->before.costs.tier[TIER_REPAIR] > 0)
                r = cost_at(pl, pl->first, pl->now, &after);
        arena_rewind(&pl->scratch, mark);
        return r < 0 ? r
                     : after.tier[TIER_REPAIR] > 0 &&
                               after.tier[TIER_REPAIR] >= pl->before.costs.tier[TIER_REPAIR];
}

/* All again, after one move. */
static int stages_after(Planning *pl, Move first) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        WaveLimits limits = plan_wave_limits(pl);
        WaveOrder order;
        int r;

        limits.time = (TimeLimit){ 0 }; /* one move: it was ordered before */
        pl->n_steps = pl->n_waves = 0;
        memset(pl->left_out, 0, sizeof(Reason) * pl->first->n_vms);
        r = plan_order(pl, limits, pl->first, &first, 1, &order);
        if (r == 0)
                r = append_steps(pl, &order);
        arena_rewind(&pl->scratch, mark);
        return r < 0 ? r : plan_stages(pl);
}

int plan_stages_mend(Planning *pl) {
        Move first = { .vm = IX_NONE };
        int r;

        if (pl->movers) /* of a request about some hosts nothing else is to be mended */
                return 0;
        r = mends_nothing(pl);
        if (r > 0) /* also where the search was cut short: this has time of its own */
                r = plan_mend(pl, &first);
        if (r > 0 && first.vm != IX_NONE)
                r = stages_after(pl, first);
        return r < 0 ? r : 0;
}

int plan_steps_to(Planning *pl, const HostIx *host_of, uint32_t most) {
        Problem p = *pl->first;
        WaveOrder order;
        Move *moves;
        uint32_t n;
        int r = moves_between(&pl->scratch, pl->first->home, host_of, pl->first->n_vms, &moves, &n);

        if (r == 0)
                r = plan_deadline_order(pl, moves, n, &p.first);
        if (r == 0)
                r = plan_order(pl, plan_wave_limits(pl), &p, moves, n, &order);
        if (r != 0 || order.n_left_out > 0 || order.n > most)
                return r < 0 ? r : 0;
        pl->n_steps = pl->n_waves = 0;
        r = append_steps(pl, &order);
        return r < 0 ? r : 1;
}

/* Several stages, or stop-overs, may have moved a VM more than once: if what comes out in the end can be
 * ordered as it is with fewer steps, that is the plan. */
int plan_merge_stages(Planning *pl) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        int r = pl->stages > 1 ? plan_steps_to(pl, pl->now, pl->n_steps) : 0;

        arena_rewind(&pl->scratch, mark);
        return r < 0 ? r : 0;
}
