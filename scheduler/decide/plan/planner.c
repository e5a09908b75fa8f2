/* SPDX-License-Identifier: Apache-2.0 */
/* Search, order, and again from where that leads, until nothing is worth moving: so that planning once more
 * after the plan was carried out gives nothing. Then the net moves are ordered anew, told, scored and judged.
 */
#include "scheduler/decide/plan/planner.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/plan/plan_parts.h"

const SettingDef planner_settings[] = {
        { .name = "goal",
          .type = SETTING_CHOICE,
          .choices = plan_goal_names,
          .doc = "spread: hosts are equally full (section balance). pack: hosts are emptied, so that they "
                 "may "
                 "be powered off (section pack). Load lines and rules come first in both." },
        { .name = "threshold",
          .type = SETTING_COUNT,
          .def = 3,
          .min = PLAN_THRESHOLD_MIN,
          .max = PLAN_THRESHOLD_MAX,
          .doc = "What is a reason to move a VM. 1: broken rules and hosts to be emptied, nothing else. 2: "
                 "also load lines and a lacking reserve. 3: also balance and wishes, each move at its full "
                 "price (stay.price). 4: the same at 30% of the price. 5: at 5%, almost any gain." },
        { .name = "moves_in",
          .type = SETTING_COUNT,
          .max = 1000,
          .doc = "Migrations that one host receives at once. 0: two, and up to eight small ones, of which "
                 "what is fixed takes longer than sending." },
        { .name = "moves_out",
          .type = SETTING_COUNT,
          .max = 1000,
          .doc = "Migrations that leave one host at once. 0: two, and up to eight small ones, of which what "
                 "is fixed takes longer than sending." },
        { .name = "moves_at_once",
          .type = SETTING_COUNT,
          .def = 100,
          .min = 1,
          .max = 100000,
          .doc = "Migrations at once in the whole cluster." },
        { .name = "moves_per_switch",
          .type = SETTING_COUNT,
          .max = 100000,
          .doc = "Migrations at once from or to hosts of one switch (as LLDP tells them), whose tables learn "
                 "the VM's addresses anew. 0: any number." },
        { .name = "moves_per_pool",
          .type = SETTING_COUNT,
          .max = 100000,
          .doc = "Migrations at once of VMs with disks in one storage pool. 0: any number." },
        { .name = "drain_within",
          .type = SETTING_DURATION,
          .def = 1800 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = INT64_C(30) * 86400 * USEC_PER_SEC,
          .doc = "VMs on hardware of grade 3 should have left it within this time: those that weigh most "
                 "leave "
                 "first, and those that will not make it are named in the plan." },
        { .name = "drain_now_within",
          .type = SETTING_DURATION,
          .def = 300 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = INT64_C(30) * 86400 * USEC_PER_SEC,
          .doc = "The same of grade 4." },
        { .name = "stop_overs",
          .type = SETTING_BOOL,
          .def = 1,
          .doc = "Whether a VM may wait on a third host when moves wait for each other in a ring." },
        { .name = "searches",
          .type = SETTING_COUNT,
          .def = 1,
          .min = 1,
          .max = 64,
          .doc = "Independent searches, of which the best one counts; they run on as many cores as there "
                 "are." },
        { .name = "exact_nodes",
          .type = SETTING_COUNT,
          .def = 50,
          .max = 1000000000,
          .doc = "Small clusters: what the exact solver may spend, in linear relaxations, to do better than "
                 "the search and to raise the bound; 0: it is not asked." },
        { .name = "exact_places",
          .type = SETTING_COUNT,
          .def = 1000,
          .max = 20000,
          .doc = "A cluster is small for the exact solver up to this number of VMs times hosts." },
        { .name = NULL },
};

/* Most plans are at rest after one stage and a second that finds nothing. */
#define STAGES_MAX 12

/* How often the search is asked again without the VMs that had no safe order. */
#define RETRIES_MAX 6

static int64_t mib_of(const Planning *pl, const WaveMove *steps, uint32_t n) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < n; i++)
                sum += problem_need(pl->first, steps[i].move.vm)[RES_MEMORY];
        return sum;
}

static int stage_search(Planning *pl, const Problem *p, SearchResult *ret) {
        SearchBudget budget = {
                .evaluations = pl->request.evaluations,
                .max_moves = pl->request.max_moves,
                .max_mib = pl->request.max_mib,
                .tasks = (unsigned) settings_int(pl->settings, "plan", "searches"),
                .stop = pl->request.stop,
                .stop_arg = pl->request.stop_arg,
        };
        int64_t mib = mib_of(pl, pl->steps, pl->n_steps);
        int r;

        if (budget.max_moves != UINT32_MAX)
                budget.max_moves -= budget.max_moves < pl->n_steps ? budget.max_moves : pl->n_steps;
        if (budget.max_mib != INT64_MAX)
                budget.max_mib -= budget.max_mib < mib ? budget.max_mib : mib;
        r = search_run(&pl->scratch, p, pl->policies, pl->settings, budget, pl->request.seed,
                       pl->request.workers, ret);
        if (r < 0)
                return r;
        pl->evaluations += ret->evaluations;
        for (int i = 0; i < REASON_N; i++)
                pl->refusals[i] += ret->refusals[i];
        pl->guard_fired |= ret->guard_fired;
        if (pl->n_steps == 0)
                pl->search = ret->annealed ? PLAN_BY_ANNEALING : p->pack ? PLAN_BY_PACKING : PLAN_BY_DESCENT;
        return plan_polish(pl, p, &budget, &ret->host_of);
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
        for (uint32_t i = 0; i < t->n_stays; i++)
                c->tier[t->stays[i].tier] +=
                        t->stays[i].weight * (t->stays[i].price ? t->stays[i].price[v] : 1);
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
        bool *stays = arena_new(&pl->scratch, bool, p->n_hosts);
        bool *half = arena_new(&pl->scratch, bool, p->n_hosts);
        int n = 0;

        if (!stays || !half)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                stays[wanted[v]] = true;
        for (VmIx v = 0; v < p->n_vms; v++)
                half[got[v]] |= !stays[got[v]] && p->pack->cost[got[v]] > 0;
        for (VmIx v = 0; v < p->n_vms; v++)
                if (half[pl->now[v]]) {
                        pl->left_out[v] = pinned[v] = REASON_ORDER;
                        n++;
                }
        return n;
}

/* One search and an order for what it wants. 1: steps were added; 0: nothing (more) is worth moving; 2:
 * nothing was added, some VMs were pinned for want of an order, and another try may find other moves. */
static int stage_try(Planning *pl, Reason *pinned) {
        Problem p = *pl->first;
        WaveLimits limits = plan_wave_limits(pl);
        SearchResult found;
        WaveOrder order;
        Move *moves = NULL;
        uint32_t n = 0;
        int r;

        p.home = pl->now;
        p.pinned = pinned;
        r = p.reserve ? problem_reserve_again(&pl->scratch, &p) : 0;
        if (r == 0)
                r = stage_search(pl, &p, &found);
        if (r == 0)
                r = moves_between(&pl->scratch, pl->now, found.host_of, p.n_vms, &moves, &n);
        if (r < 0 || n == 0)
                return r;
        r = plan_hurry(pl, moves, n, &p.first);
        if (r < 0)
                return r;
        r = waves_order(&pl->scratch, &p, limits, moves, n, &order);
        if (r == 0 && p.pack && order.n_left_out > 0)
                r = hold_halves(pl, &p, found.host_of, order.host_of, pinned);
        if (r != 0)
                return r < 0 ? r : 2;
        r = order.n == 0 ? 0 : order.n_left_out + order.n_stop_overs == 0 ? 1 : still_gains(pl, &p, &order);
        if (r == 0 && order.n_stop_overs > 0) {
                limits.stop_overs = false;
                r = waves_order(&pl->scratch, &p, limits, moves, n, &order);
                if (r == 0)
                        r = order.n == 0 ? 0 : still_gains(pl, &p, &order);
        }
        if (r < 0)
                return r;
        if (r > 0)
                return append_steps(pl, &order) < 0 ? -ENOMEM : 1;
        for (uint32_t i = 0; i < order.n_left_out; i++)
                pl->left_out[order.left_out[i]] = pinned[order.left_out[i]] = REASON_ORDER;
        return order.n_left_out > 0 ? 2 : 0;
}

/* 1: steps were added; 0: the plan is at rest. */
static int stage_run(Planning *pl) {
        uint32_t n_vms = pl->first->n_vms;
        ArenaMark mark = arena_mark(&pl->scratch);
        Reason *pinned = arena_new(&pl->scratch, Reason, n_vms);
        int r = pinned ? 2 : -ENOMEM;

        memset(pl->left_out, 0, sizeof(Reason) * n_vms);
        if (pinned && n_vms > 0)
                memcpy(pinned, pl->first->pinned, sizeof(Reason) * n_vms);
        for (int i = 0; i < RETRIES_MAX && r == 2; i++)
                r = stage_try(pl, pinned);
        arena_rewind(&pl->scratch, mark);
        return r == 2 ? 0 : r;
}

/* Several stages, or stop-overs, may have moved a VM more than once: if what comes out in the end can be
 * ordered as it is with fewer steps, that is the plan. */
static int merge_stages(Planning *pl) {
        ArenaMark mark = arena_mark(&pl->scratch);
        Problem p = *pl->first;
        WaveOrder order;
        Move *moves;
        uint32_t n;
        int r = moves_between(&pl->scratch, pl->first->home, pl->now, pl->first->n_vms, &moves, &n);

        if (r == 0)
                r = plan_hurry(pl, moves, n, &p.first);
        if (r == 0)
                r = waves_order(&pl->scratch, &p, plan_wave_limits(pl), moves, n, &order);
        if (r == 0 && order.n_left_out == 0 && order.n <= pl->n_steps) {
                pl->n_steps = pl->n_waves = 0;
                r = append_steps(pl, &order);
        }
        arena_rewind(&pl->scratch, mark);
        return r;
}

/* Stages until the plan is at rest. Returns how many there were, with the steps there are already. */
static int stages_run(Planning *pl) {
        int stages = pl->n_steps > 0, r = 1;

        while (stages < STAGES_MAX && r > 0 && !pl->guard_fired) {
                r = stage_run(pl);
                stages += r > 0;
        }
        return r < 0 ? r : stages;
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
        WaveOrder order;
        int r;

        pl->n_steps = pl->n_waves = 0;
        memset(pl->left_out, 0, sizeof(Reason) * pl->first->n_vms);
        r = waves_order(&pl->scratch, pl->first, plan_wave_limits(pl), &first, 1, &order);
        if (r == 0)
                r = append_steps(pl, &order);
        arena_rewind(&pl->scratch, mark);
        return r < 0 ? r : stages_run(pl);
}

static int plan_stages(Planning *pl) {
        Move first = { .vm = IX_NONE };
        int stages = stages_run(pl), r = stages < 0 ? stages : mends_nothing(pl);

        if (r > 0 && !pl->guard_fired)
                r = plan_mend(pl, &first);
        if (r > 0 && first.vm != IX_NONE)
                r = stages = stages_after(pl, first);
        if (r < 0)
                return r;
        return stages > 1 ? merge_stages(pl) : 0;
}

/* A VM that alone takes longer than the plan may is not one to plan with. */
static int pin_slow(Planning *pl) {
        Reason *pinned = arena_new(pl->arena, Reason, pl->first->n_vms);
        Problem *p = arena_new(pl->arena, Problem, 1);

        if (!pinned || !p)
                return -ENOMEM;
        *p = *pl->first;
        for (VmIx v = 0; v < p->n_vms; v++)
                pinned[v] = p->pinned[v] == REASON_NONE && plan_alone_ms(pl, v) > pl->request.max_ms
                                    ? REASON_BUDGET
                                    : p->pinned[v];
        p->pinned = pinned;
        pl->first = p;
        return 0;
}

static int threshold_of_request(Planning *pl) {
        Problem *p = arena_new(pl->arena, Problem, 1);

        if (!p)
                return -ENOMEM;
        *p = *pl->first;
        problem_set_threshold(p, pl->request.threshold);
        pl->first = p;
        return 0;
}

static int planning_begin(Planning *pl) {
        uint32_t n_vms = pl->s->n_vms;
        Terms *terms = NULL;
        int r = resource_layout(pl->s, pl->settings, &pl->layout);

        if (r == 0)
                r = migration_net_build(pl->arena, pl->s, pl->settings, &pl->net);
        if (r == 0)
                r = problem_build(pl->arena, pl->s, pl->settings, &pl->first);
        if (r == 0 && pl->request.threshold > 0)
                r = threshold_of_request(pl);
        if (r == 0 && pl->request.max_ms != INT64_MAX)
                r = pin_slow(pl);
        if (r == 0)
                r = policies_state(pl->arena, pl->first, pl->policies, pl->settings, &terms);
        if (r < 0)
                return r;
        pl->terms = terms;
        pl->now = arena_new(pl->arena, HostIx, n_vms);
        pl->left_out = arena_new(pl->arena, Reason, n_vms);
        if (!pl->now || !pl->left_out)
                return -ENOMEM;
        if (n_vms > 0)
                memcpy(pl->now, pl->first->home, sizeof(HostIx) * n_vms);
        /* What a search needs comes and goes; half of what is left is its. */
        r = arena_split(pl->arena, (pl->arena->limit - pl->arena->used) / 2 & ~(size_t) 4095, &pl->scratch);
        if (r == 0)
                r = plan_bound(pl);
        return r < 0 ? r : plan_score(pl, pl->now, &pl->before);
}

static int name_tables(Planning *pl, Plan *plan) {
        const char **policies = arena_new(pl->arena, const char *, pl->policies.n);
        const char **resources = arena_new(pl->arena, const char *, pl->layout.n);

        if (!policies || !resources)
                return -ENOMEM;
        for (uint32_t i = 0; i < pl->policies.n; i++)
                policies[i] = pl->policies.policies[i]->name;
        memcpy(resources, pl->layout.names, sizeof(const char *) * pl->layout.n);
        plan->policy_names = policies;
        plan->n_policies = pl->policies.n;
        plan->res_names = resources;
        plan->n_res = pl->layout.n;
        return 0;
}

static PlanStatus plan_status(const Plan *plan) {
        const Cost *before = plan->before.costs.tier, *after = plan->after.costs.tier;
        bool relieved = plan->before.over_limit > 0 && plan->after.over_limit == 0;

        if (plan->n_conflicts > 0)
                return PLAN_INFEASIBLE;
        if (plan->n_refused_all > 0 || plan->reserve.blocked)
                return PLAN_BLOCKED;
        if (plan->n_moves == 0)
                return PLAN_BALANCED;
        if (before[TIER_EVACUATE] > after[TIER_EVACUATE])
                return PLAN_EVACUATED;
        relieved |= plan->reserve.uncovered_before > plan->reserve.uncovered_after ||
                    plan->reserve.lacking_before > plan->reserve.lacking_after;
        return before[TIER_REPAIR] > after[TIER_REPAIR] || relieved ? PLAN_REPAIRED : PLAN_IMPROVED;
}

/* Fails closed: a plan that the judge objects to is never handed out. */
static int plan_judge(Planning *pl, const Plan *plan) {
        ArenaMark mark = arena_mark(&pl->scratch);
        NamedMove *named = arena_new(&pl->scratch, NamedMove, plan->n_moves);
        const Objection *objections;
        uint32_t n;
        int r;

        if (!named)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const PlanMove *m = &plan->moves[i];

                named[i] = (NamedMove){ pl->s->vms[m->vm].name, pl->s->hosts[m->from].name,
                                        pl->s->hosts[m->to].name, m->wave };
        }
        r = plan_check(&pl->scratch, pl->s, pl->settings, named, plan->n_moves, &objections, &n);
        arena_rewind(&pl->scratch, mark);
        return r > 0 ? -EPROTO : r;
}

static int plan_tell(Planning *pl, Plan *plan) {
        int r = name_tables(pl, plan);

        if (r == 0)
                r = plan_budget(pl);
        if (r == 0)
                r = plan_story(pl, plan);
        if (r == 0)
                r = plan_late(pl, plan);
        if (r == 0)
                r = plan_score(pl, pl->now, &pl->after);
        plan->before = pl->before;
        plan->after = pl->after;
        if (r == 0)
                r = plan_reserve(pl, plan);
        if (r == 0)
                r = plan_idle(pl, plan);
        if (r == 0)
                r = plan_refused(pl, plan);
        if (r < 0)
                return r;
        memcpy(plan->refusals, pl->refusals, sizeof(plan->refusals));
        plan->threshold = pl->first->threshold;
        plan->seed = pl->request.seed;
        plan->evaluations = pl->evaluations;
        plan->guard_fired = pl->guard_fired;
        plan->search = pl->search;
        plan->exact = pl->exact;
        plan->has_bound = true;
        plan->bound = pl->bound;
        plan->status = plan_status(plan);
        return plan_judge(pl, plan);
}

int planner_plan(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies,
                 PlanRequest request, const Plan **ret) {
        Planning pl = { .arena = a, .s = s, .settings = settings, .policies = policies, .request = request };
        Plan *plan = arena_new(a, Plan, 1);
        int r = plan ? planning_begin(&pl) : -ENOMEM;

        if (r == 0)
                r = plan_stages(&pl);
        if (r == 0)
                r = plan_tell(&pl, plan);
        if (r < 0)
                return r;
        *ret = plan;
        return 0;
}
