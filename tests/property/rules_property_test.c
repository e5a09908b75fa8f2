/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of rules, over random sets of them: what must hold is broken no further, by the definition and after
 * each wave; what can be mended by a move is mended; a rule that is taken away costs nothing. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/milp/exact.h"
#include "tests/random_cluster.h"

#define SEEDS SEEDS_OF(400)

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(rules, .init = open_arena);

static const Snapshot *without_rule(const Snapshot *s, uint32_t rule) {
        Snapshot *copy = arena_new(&arena, Snapshot, 1);
        Rule *rules = arena_new(&arena, Rule, s->n_rules);

        *copy = *s;
        copy->rules = rules;
        copy->n_rules = 0;
        for (uint32_t i = 0; i < s->n_rules; i++)
                if (i != rule)
                        rules[copy->n_rules++] = s->rules[i];
        return copy;
}

static const Problem *problem_of(const Snapshot *s, const Settings *settings) {
        const Problem *p = NULL;

        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        return p;
}

static const Plan *plan_of(const Snapshot *s, const Settings *settings) {
        const Plan *plan = NULL;

        cr_assert_eq(0, planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
        return plan;
}

/* VMs where a rule on hosts forbids them. */
static int64_t misplaced(const Problem *p, const Assignment *x) {
        int64_t n = 0;

        for (VmIx v = 0; v < p->n_vms; v++)
                n += p->n_classes > 0 && problem_class_denies(p, v, x->host_of[v]) == REASON_RULE_HOSTS;
        return n;
}

static void expect_no_worse(const Problem *p, const Assignment *x, const Assignment *home, bool end,
                            uint64_t seed) {
        cr_assert_leq(misplaced(p, x), misplaced(p, home), "seed %lu", seed);
        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];

                /* these can only be kept by moving all of them at once: asked at the end */
                if (!rule->must || (!end && (rule->kind == RULE_TOGETHER || rule->kind == RULE_NEAR)))
                        continue;
                cr_assert_leq(rule_broken(p, rule, x), rule_broken(p, rule, home),
                              "seed %lu: %s %u is broken further", seed, rule_kind_names[rule->kind], i);
        }
}

Test(rules, that_must_hold_are_never_broken_further) {
        uint32_t moves = 0, broken = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = random_settings(&arena, seed);
                const Snapshot *s = random_cluster(&arena, seed + 7000, false);
                const Problem *p = problem_of(s, settings);
                const Plan *plan = plan_of(s, settings);
                Assignment *x, *home;

                cr_assert_eq(0, assignment_build(&arena, p, &x));
                cr_assert_eq(0, assignment_build(&arena, p, &home));
                for (uint32_t i = 0; i < plan->n_moves; i++) {
                        const PlanMove *m = &plan->moves[i];

                        assignment_move(x, (Move){ m->move.vm, m->move.from, m->move.to });
                        if (i + 1 == plan->n_moves || plan->moves[i + 1].wave != m->wave)
                                expect_no_worse(p, x, home, i + 1 == plan->n_moves, seed);
                }
                for (uint32_t i = 0; i < p->n_rules; i++)
                        broken += p->rules[i].must && rule_broken(p, &p->rules[i], home) > 0;
                moves += plan->n_moves;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(moves, SEEDS, "%u moves", moves);
        cr_assert_gt(broken, SEEDS / 4, "%u rules were broken", broken);
}

/* By itself, as the whole of a plan. */
static bool judge_accepts(const Snapshot *s, const Settings *settings, Move m) {
        const MoveOrder move = move_order_of(s, &(PlanMove){ .move = m });
        const Objection *objections = NULL;
        uint32_t n = 0;

        return plan_check(&arena, s, settings, &move, 1, &objections, &n) == 0;
}

/* Some single move that the judge accepts mends something. */
static bool can_be_mended(const Snapshot *s, const Settings *settings) {
        const Problem *p = problem_of(s, settings);
        Terms *t = NULL;
        Evaluator *e = NULL;

        cr_assert_eq(0, policies_add_terms(&arena, p, policies_all(), settings, &t));
        cr_assert_eq(0, evaluator_build(&arena, t, NULL, &e));
        for (VmIx v = 0; v < p->n_vms; v++)
                for (HostIx h = 0; h < p->n_hosts; h++) {
                        const Move m = { v, p->home[v], h };

                        if (h != p->home[v] && evaluator_refuse(e, m) == REASON_NONE &&
                            evaluator_delta(e, m).tier[TIER_REPAIR] < 0 && judge_accepts(s, settings, m))
                                return true;
                }
        return false;
}

/* Strictly: where one move that the judge accepts would mend something, the plan mends something. */
static bool expect_mended(const Snapshot *s, const Settings *settings, const Plan *plan, uint64_t seed) {
        const Cost before = plan->before.costs.tier[TIER_REPAIR], after = plan->after.costs.tier[TIER_REPAIR];

        cr_assert_leq(after, before, "seed %lu", seed);
        cr_assert(plan->status != PLAN_BALANCED || after == 0 || plan->n_refused_all == 0,
                  "seed %lu: balanced, and something is broken", seed);
        if (before == 0 || !can_be_mended(s, settings))
                return false;
        cr_expect_lt(after, before, "seed %lu: %ld is not mended", seed, before);
        return true;
}

/* What is broken after a plan is told: it is blocked, or cannot hold. */
static void expect_told(const Snapshot *s, const Settings *settings, const Plan *plan, uint64_t seed) {
        const Problem *p = problem_of(s, settings);
        Assignment *x;
        int64_t broken;

        cr_assert_eq(0, assignment_build(&arena, p, &x));
        for (uint32_t i = 0; i < plan->n_moves; i++)
                assignment_move(x, (Move){ plan->moves[i].move.vm, plan->moves[i].move.from,
                                           plan->moves[i].move.to });
        broken = misplaced(p, x);
        for (uint32_t i = 0; i < p->n_rules; i++)
                broken += p->rules[i].must ? rule_broken(p, &p->rules[i], x) : 0;
        cr_assert(broken == 0 || plan->status >= PLAN_BLOCKED, "seed %lu: %s", seed,
                  plan_status_names[plan->status]);
        cr_assert(broken > 0 || plan->status != PLAN_INFEASIBLE, "seed %lu", seed);
        cr_assert_eq(plan->status == PLAN_INFEASIBLE, plan->n_conflicts > 0 && plan->status != PLAN_BLIND);
        cr_assert(plan->status != PLAN_BLOCKED || plan->n_refused_all > 0 || plan->reserve.blocked);
}

/* Both are asked of the same plans. For more than SEEDS clusters: PLIMSOLL_SEEDS=10000. */
Test(rules, that_are_broken_and_can_be_mended_are_and_what_stays_broken_is_told, .timeout = 600) {
        const char *more = getenv("PLIMSOLL_SEEDS");
        const uint64_t seeds = more ? strtoull(more, NULL, 10) : SEEDS;
        uint32_t mended = 0;

        for (uint64_t seed = 1; seed <= seeds; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed + 9000, false);
                const Plan *plan = plan_of(s, settings);

                mended += expect_mended(s, settings, plan, seed);
                expect_told(s, settings, plan, seed);
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(mended, seeds / 10, "%u", mended);
}

/* ---- without a rule ---- */

static const Snapshot *few(uint64_t seed) {
        const Snapshot *s = random_cluster(&arena, seed, false);
        Snapshot *copy = arena_new(&arena, Snapshot, 1);
        Vm *vms = arena_new(&arena, Vm, 6);
        Rule *rules = arena_new(&arena, Rule, s->n_rules);
        uint32_t n_rules = 0;

        if (s->n_hosts < 2 || s->n_vms < 6)
                return NULL;
        *copy = *s;
        copy->n_vms = 6;
        copy->n_hosts = s->n_hosts < 4 ? s->n_hosts : 4;
        memcpy(vms, s->vms, sizeof(*vms) * 6);
        for (VmIx v = 0; v < 6; v++) {
                vms[v].host %= copy->n_hosts;
                if (vms[v].in_flight_to != IX_NONE)
                        vms[v].in_flight_to %= copy->n_hosts;
        }
        for (uint32_t i = 0; i < s->n_rules; i++) {
                Dice d = { .prng = prng_seeded(seed * 31 + i), .arena = &arena };

                do
                        random_rule(&d, &rules[n_rules], i, copy->n_hosts, 6);
                while (rules[n_rules].n_vms < 2);
                n_rules++;
        }
        copy->vms = vms;
        copy->rules = rules;
        copy->n_rules = n_rules;
        return copy;
}

/* What a rule's terms cost at a placement. */
static Costs own_cost(const Terms *t, uint32_t rule, HostIx *host_of) {
        const Assignment x = { .problem = t->problem, .host_of = host_of };
        Costs own = { 0 };

        for (uint32_t i = 0; i < t->n_rules; i++)
                if (t->rules[i].rule->source == rule)
                        own.tier[t->rules[i].tier] +=
                                t->rules[i].weight * rule_broken(t->problem, t->rules[i].rule, &x);
        return own;
}

static bool solve(const Problem *p, const Settings *settings, Terms **ret_terms, SolverResult *ret) {
        SolverTask task;

        cr_assert_eq(0, policies_add_terms(&arena, p, policies_all(), settings, ret_terms));
        task = (SolverTask){ .terms = *ret_terms,
                             .start = p->home,
                             .max_moves = UINT32_MAX,
                             .max_mib = INT64_MAX,
                             .nodes = 3000 };
        return exact_solver.solve(&arena, &task, ret) == 0 && ret->proven;
}

static bool between_vms(const Rule *rule) {
        return rule->kind != RULE_ON && rule->kind != RULE_NOT_ON;
}

/* By the exact solver, strictly: the best placement without a rule costs at most what the best one with it
 * does, the rule's own cost left out. */
Test(rules, the_best_without_one_is_no_worse, .timeout = 600) {
        uint32_t asked = 0, dear = 0;

        if (!exact_solver.solve)
                cr_skip_test("built without the exact solver");
        for (uint64_t seed = 1; seed <= PART_OF(150); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = few(seed);
                SolverResult with, without;
                Terms *t, *u;

                for (uint32_t i = 0; s && i < s->n_rules; i++) {
                        Costs own, best;

                        if (!between_vms(&s->rules[i]) ||
                            !solve(problem_of(s, settings), settings, &t, &with) ||
                            !solve(problem_of(without_rule(s, i), settings), settings, &u, &without))
                                continue;
                        own = own_cost(t, i, (HostIx *) (uintptr_t) with.host_of);
                        best = with.cost;
                        for (int k = 0; k < TIER_N; k++)
                                best.tier[k] -= own.tier[k];
                        cr_assert_leq(costs_compare(&without.cost, &best), 0, "seed %lu, rule %u", seed, i);
                        asked++;
                        dear += costs_compare(&without.cost, &best) < 0;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(asked, PART_OF(100), "%u", asked);
        cr_assert_gt(dear, PART_OF(20), "%u of %u rules cost something", dear, asked);
}

/* The planner's search is no proof, and stops at what is worth its price: without a rule it does worse now
 * and then. How often is held below one in ten. */
Test(rules, without_one_the_search_is_seldom_worse) {
        uint32_t asked = 0, worse = 0;

        for (uint64_t seed = 1; seed <= PART_OF(80); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *s = random_cluster(&arena, seed + 500, false);
                const Plan *plan = plan_of(s, settings);

                for (uint32_t i = 0; i < s->n_rules; i++) {
                        const Problem *p = problem_of(s, settings);
                        const Plan *other = plan_of(without_rule(s, i), settings);
                        HostIx *end = arena_new(&arena, HostIx, p->n_vms);
                        Costs own, best = plan->after.costs;
                        Terms *t = NULL;

                        if (!between_vms(&s->rules[i]))
                                continue;
                        memcpy(end, p->home, sizeof(*end) * p->n_vms);
                        for (uint32_t k = 0; k < plan->n_moves; k++)
                                end[plan->moves[k].move.vm] = plan->moves[k].move.to;
                        cr_assert_eq(0, policies_add_terms(&arena, p, policies_all(), settings, &t));
                        own = own_cost(t, i, end);
                        for (int k = 0; k < TIER_N; k++)
                                best.tier[k] -= own.tier[k];
                        asked++;
                        worse += costs_compare(&other->after.costs, &best) > 0;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(asked, PART_OF(50));
        cr_assert_lt(worse * 10, asked, "%u of %u are worse without a rule", worse, asked);
}

/* Each of n full hosts holds VMs whose only allowed host is another of them, in random rings; one more is free, and no rule
 * allows it. */
static const Snapshot *ring_cluster(uint64_t seed, uint32_t n, uint32_t each) {
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        Host *hosts = arena_new(&arena, Host, n + 1);
        Vm *vms = arena_new(&arena, Vm, n * each);
        Rule *rules = arena_new(&arena, Rule, n * each);
        VmIx *named = arena_new(&arena, VmIx, n * each);
        HostIx *home = arena_new(&arena, HostIx, n * each);
        Prng g = prng_seeded(seed);

        for (HostIx h = 0; h <= n; h++) {
                hosts[h] = host_unknown();
                hosts[h].name = text_format(&arena, "h%02u", h);
                hosts[h].cpus = 16;
                hosts[h].memory_mib = 65536;
        }
        for (uint32_t k = 0; k < each; k++)
                for (uint32_t i = 0; i < n; i++) {
                        const uint32_t j = prng_below(&g, i + 1); /* Fisher and Yates, inside out */

                        home[k * n + i] = home[k * n + j];
                        home[k * n + j] = i;
                }
        for (VmIx v = 0; v < n * each; v++) {
                vms[v] = vm_unknown();
                vms[v].name = text_format(&arena, "v%02u", v);
                vms[v].host = v % n;
                vms[v].vcpus = 1;
                vms[v].movable = true;
                vms[v].priority = 100;
                vms[v].memory_mib = 50000 / each + prng_below(&g, 1000);
                vms[v].cpu_mcores = prng_below(&g, 3) == 0 ? UNKNOWN : 200;
                named[v] = v;
                rules[v] = (Rule){ .kind = RULE_ON,
                                   .name = text_format(&arena, "home-%02u", v),
                                   .must = true,
                                   .vms = &named[v],
                                   .n_vms = 1,
                                   .hosts = &home[v],
                                   .n_hosts = 1 };
        }
        *s = (Snapshot){ .cluster = "rings",
                         .hosts = hosts,
                         .n_hosts = n + 1,
                         .vms = vms,
                         .n_vms = n * each,
                         .rules = rules,
                         .n_rules = n * each };
        return s;
}

Test(rules, about_hosts_that_are_broken_in_rings_are_mended_through_one_free_host) {
        uint32_t longest = 0;

        for (uint64_t seed = 1; seed <= SEEDS / 4; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const uint32_t n = 2 + (uint32_t) (seed % 9);
                const Snapshot *s = ring_cluster(seed, n, 1 + (uint32_t) (seed % 3 == 0));
                const Plan *plan = plan_of(s, settings);
                const Objection *objections = NULL;
                const Cost before = plan->before.costs.tier[TIER_REPAIR];

                cr_assert_eq(objections_to(&arena, s, settings, plan, &objections), 0, "seed %lu: %s", seed,
                             objections ? objections[0].text : "");
                cr_assert_eq(plan->after.costs.tier[TIER_REPAIR], 0,
                             "seed %lu: %ld of %ld VMs stay where they may not be", seed,
                             plan->after.costs.tier[TIER_REPAIR], before);
                cr_assert_eq(plan->status, before > 0 ? PLAN_REPAIRED : PLAN_BALANCED, "seed %lu: %s", seed,
                             plan_status_names[plan->status]);
                longest = before > longest ? (uint32_t) before : longest;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(longest, 6);
}

/* With every rule that can be: waived for what must leave its host. */
static const Snapshot *with_waivers(const Snapshot *s) {
        Snapshot *copy = arena_new(&arena, Snapshot, 1);
        Rule *rules = arena_new(&arena, Rule, s->n_rules);

        *copy = *s;
        copy->rules = rules;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                rules[i] = s->rules[i];
                rules[i].evacuate = rules[i].must && rules[i].kind != RULE_NEAR;
        }
        return copy;
}

/* VMs on hosts that are emptied, each with its host's weight. */
static Cost left_behind(const Plan *plan) {
        return plan->after.costs.tier[TIER_EVACUATE];
}

Test(rules, that_are_waived_for_evacuation_hold_for_all_others_and_leave_no_more_behind) {
        uint32_t saved = 0, moves = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = default_settings(&arena);
                const Snapshot *strict = random_cluster(&arena, seed + 7000, false),
                               *s = with_waivers(strict);
                const Problem *p = problem_of(strict, settings);
                const Plan *plan = plan_of(s, settings), *firm = plan_of(strict, settings);
                const Objection *objections = NULL;

                cr_assert_eq(objections_to(&arena, s, settings, plan, &objections), 0, "seed %lu: %s", seed,
                             objections ? objections[0].text : "");
                for (uint32_t i = 0; i < plan->n_moves; i++) {
                        const Move m = plan->moves[i].move;

                        if (problem_leave(p, m.vm, p->home[m.vm]) == 0)
                                cr_assert_neq(problem_denied(p, m.vm, m.to), REASON_RULE_HOSTS,
                                              "seed %lu: %s", seed, s->vms[m.vm].name);
                }
                saved += left_behind(plan) < left_behind(firm);
                cr_expect_leq(left_behind(plan), left_behind(firm), "seed %lu: %ld, and %ld without waivers",
                              seed, left_behind(plan), left_behind(firm));
                moves += plan->n_moves;
                arena_rewind(&arena, mark);
        }
        cr_assert(saved > 0 || SEEDS_OF(4) < 4,
                  "no waiver saved any VM"); /* a sanitized build draws a quarter: none of these may */
        cr_assert_gt(moves, SEEDS);
}
