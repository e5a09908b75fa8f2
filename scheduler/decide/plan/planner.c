/* SPDX-License-Identifier: Apache-2.0 */
/* The decision as steps: planner_decide() is the table of contents. */
#include "scheduler/decide/plan/planner.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/plan/plan_parts.h"

/* A VM that alone takes longer than the plan may is not one to plan with. */
static int planner_pin_slow(Planning *pl) {
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

static int planner_threshold(Planning *pl) {
        Problem *p = arena_new(pl->arena, Problem, 1);

        if (!p)
                return -ENOMEM;
        *p = *pl->first;
        problem_set_threshold(p, pl->request.threshold);
        pl->first = p;
        return 0;
}

/* The problem as the request wants it looked at, and the network that moves go over. */
static int planner_request(Planning *pl) {
        int r = resource_layout(pl->arena, pl->s, pl->settings, &pl->layout);

        if (r == 0)
                r = migration_net_build(pl->arena, pl->s, pl->settings, &pl->net);
        if (r == 0 && pl->request.threshold > 0)
                r = planner_threshold(pl);
        if (r == 0 && pl->request.max_ms != INT64_MAX)
                r = planner_pin_slow(pl);
        return r == 0 ? plan_about_begin(pl) : r;
}

/* What the policies want of it; no steps yet; and room to search in. */
static int planner_begin(Planning *pl) {
        const uint32_t n_vms = pl->s->n_vms;
        Terms *terms = NULL;
        int r = policies_add_terms(pl->arena, pl->first, pl->policies, pl->settings, &terms);

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
        return arena_split(pl->arena, (pl->arena->limit - pl->arena->used) / 2 & ~(size_t) 4095,
                           &pl->scratch);
}

static int planner_names(Planning *pl, Plan *plan) {
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

/* A host that is to be emptied, and is not until an operator says so. */
static bool planner_holds(const Planning *pl) {
        for (HostIx h = 0; h < pl->s->n_hosts; h++)
                if (pl->s->hosts[h].held && (!pl->about || pl->about[h]))
                        return true;
        return false;
}

/* A VM runs on several hosts, and what is asked is about it. */
static bool planner_doubled(const Planning *pl) {
        for (VmIx v = 0; v < pl->s->n_vms; v++)
                if (vm_is_doubled(&pl->s->vms[v]) && (!pl->movers || pl->movers[v]))
                        return true;
        return false;
}

/* Time was up, and what must or should be done is not: nobody knows whether it could have been. */
static bool planner_left_undone(const Plan *plan) {
        const Score *after = &plan->after;

        return plan->cut != 0 && (after->costs.tier[TIER_REPAIR] > 0 ||
                                  after->costs.tier[TIER_EVACUATE] > 0 || after->over_limit > 0);
}

/* The first that holds. */
static PlanStatus planner_status(const Planning *pl, const Plan *plan) {
        const Cost *before = plan->before.costs.tier, *after = plan->after.costs.tier;
        bool relieved = plan->before.over_limit > 0 && plan->after.over_limit == 0;

        if (snapshot_is_blind(pl->s))
                return PLAN_BLIND;
        if (plan->n_conflicts > 0)
                return PLAN_INFEASIBLE;
        if (plan->n_refused_all > 0 || plan->reserve.blocked || planner_holds(pl) || planner_doubled(pl) ||
            (!pl->movers && planner_left_undone(plan)))
                return PLAN_BLOCKED;
        if (plan->n_moves == 0)
                return PLAN_BALANCED;
        if (before[TIER_EVACUATE] > after[TIER_EVACUATE])
                return PLAN_EVACUATED;
        relieved |= plan->reserve.uncovered_before > plan->reserve.uncovered_after ||
                    plan->reserve.lacking_before > plan->reserve.lacking_after;
        if (before[TIER_REPAIR] > after[TIER_REPAIR] || relieved)
                return PLAN_REPAIRED;
        return pl->request.wish.vm && costs_compare(&plan->after.costs, &plan->before.costs) >= 0
                       ? PLAN_ASKED
                       : PLAN_IMPROVED;
}

/* Where the steps lead, beside where all began. */
static int planner_scores(Planning *pl, Plan *plan) {
        const int r = plan_score(pl, pl->now, &pl->after);

        plan->before = pl->before;
        plan->after = pl->after;
        return r;
}

/* How the plan was found, and what it amounts to. */
static int planner_sum_up(Planning *pl, Plan *plan) {
        memcpy(plan->refusals, pl->refusals, sizeof(plan->refusals));
        plan->about = pl->request.about;
        plan->wish = pl->request.wish;
        plan->threshold = pl->first->threshold;
        plan->seed = pl->request.seed;
        plan->evaluations = pl->evaluations;
        plan->guard_fired = pl->guard_fired;
        plan->cut = pl->cut | (pl->guard_fired ? 1U << PLAN_PART_SEARCH : 0);
        plan->search = pl->search;
        plan->exact = pl->exact;
        plan->has_bound = true;
        plan->bound = pl->bound;
        plan->status = planner_status(pl, plan);
        return planner_names(pl, plan);
}

/* Fails closed: a plan that the judge objects to is never handed out. -ETIME: it came to no end. */
static int planner_judge(Planning *pl, const Plan *plan) {
        ArenaMark mark = arena_mark(&pl->scratch);
        MoveOrder *named = arena_new(&pl->scratch, MoveOrder, plan->n_moves);
        PlanToCheck check = { .s = pl->s,
                              .settings = pl->settings,
                              .moves = named,
                              .n_moves = plan->n_moves,
                              .time = time_limit_of(pl->request.time, PLAN_PART_JUDGE) };
        const Objection *objections;
        uint32_t n;
        int r;

        if (!named)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++)
                named[i] = move_order_of(pl->s, &plan->moves[i]);
        r = plan_check_in_time(&pl->scratch, &check, &objections, &n);
        arena_rewind(&pl->scratch, mark);
        return r > 0 ? -ENOTRECOVERABLE : r;
}

/* What is to be done: steps in their order. */
static int planner_find(Planning *pl) {
        int r = planner_request(pl); /* how much may be done, and why at all */

        if (r == 0)
                r = planner_begin(pl); /* what the policies want of it */
        if (r == 0)
                r = plan_bound(pl); /* no placement can cost less */
        if (r == 0)
                r = plan_score(pl, pl->now, &pl->before); /* how things stand */
        if (r == 0)
                r = pl->request.wish.vm
                            ? plan_about_wish(pl) /* one VM's move, and what must make way for it */
                            : plan_stages(pl);    /* search, order, and again until nothing is worth moving */
        if (r == 0)
                r = plan_about_ways(pl); /* of a request about some hosts: what must make way */
        if (r == 0)
                r = plan_stages_mend(pl); /* still broken: one move that mends, and again */
        if (r == 0)
                r = plan_rings(pl); /* rules about hosts that are broken in rings */
        if (r == 0 && !pl->request.wish.vm)
                r = plan_leave(pl); /* who must leave and has no order among the others: by itself */
        if (r == 0)
                r = plan_merge_stages(pl); /* what several stages did, in fewer steps */
        if (r == 0)
                r = plan_budget(pl); /* the most important of it, within the request's caps */
        if (r == 0)
                r = plan_about_prune(pl); /* nothing that a request of some of it does not need */
        return r;
}

/* What there is to say of it. */
static int planner_tell(Planning *pl, Plan *plan) {
        int r = planner_scores(pl, plan); /* how things will stand */

        if (r == 0)
                r = plan_story(pl, plan); /* each move: cost, forecast, manner, and why */
        if (r == 0)
                r = plan_hosts(pl, plan); /* how loaded each host is then that it touches */
        if (r == 0)
                r = plan_late(pl, plan); /* who will miss a deadline */
        if (r == 0)
                r = plan_reserve(pl, plan); /* whether hosts may fail then */
        if (r == 0)
                r = plan_idle(pl, plan); /* whether hosts may be powered off then */
        if (r == 0)
                r = plan_refused(pl, plan); /* what should be done and cannot, and why */
        if (r == 0)
                r = planner_sum_up(pl, plan); /* the status, and how it was found */
        return r;
}

/* Time was up before the judge had an end: what is not judged is not done. */
static int planner_give_up(Planning *pl, Plan *plan) {
        pl->cut |= 1U << PLAN_PART_JUDGE;
        for (VmIx v = 0; v < pl->first->n_vms; v++) {
                if (pl->now[v] != pl->first->home[v])
                        pl->left_out[v] = REASON_TIME;
                pl->now[v] = pl->first->home[v];
        }
        pl->n_steps = pl->n_waves = 0;
        *plan = (Plan){ 0 };
        return planner_tell(pl, plan);
}

int planner_decide(Arena *a, const Snapshot *s, const Problem *p, const Settings *settings,
                   PolicySet policies, PlanRequest request, const Plan **ret) {
        Planning pl = {
                .arena = a, .s = s, .first = p, .settings = settings, .policies = policies, .request = request
        };
        Plan *plan = arena_new(a, Plan, 1);
        int r = plan ? planner_find(&pl) : -ENOMEM;

        if (r == 0)
                r = planner_tell(&pl, plan);
        if (r == 0)
                r = planner_judge(&pl, plan); /* by code that shares nothing with the above */
        if (r == -ETIME)
                r = planner_give_up(&pl, plan);
        if (r == 0)
                *ret = plan;
        return r;
}

int planner_plan(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies,
                 PlanRequest request, const Plan **ret) {
        const Problem *p = NULL;
        int r = problem_build(a, s, settings, &p);

        return r < 0 ? r : planner_decide(a, s, p, settings, policies, request, ret);
}
