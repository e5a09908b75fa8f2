/* SPDX-License-Identifier: Apache-2.0 */
/* The exact solver and the bound against all assignments of tiny problems, tried one by one.
 * PLIMSOLL_SEEDS=N: how many problems (the default suits the fast suite). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/search/bound.h"
#include "scheduler/decide/search/search.h"
#include "scheduler/milp/exact.h"
#include "tests/random_problem.h"
#include "tests/seeds.h"

static uint64_t seeds(uint64_t usual) {
        const char *text = getenv("PLIMSOLL_SEEDS");

        return text ? strtoull(text, NULL, 10) : usual;
}

static const Problem *tiny_problem(Arena *a, uint64_t seed) {
        return random_problem(
                a, seed,
                (RandomShape){ .hosts = 4, .vms = 7, .res = 3, .rules = 4, .one_tier = seed % 3 == 0 });
}

/* What solver.h calls standing, in its own words. */
static bool stands(const Assignment *x, const Assignment *home) {
        const Problem *p = x->problem;

        for (VmIx v = 0; v < p->n_vms; v++)
                if (x->host_of[v] != p->home[v] &&
                    (p->pinned[v] != REASON_NONE || p->roles[p->home[v]].no_exit ||
                     problem_denied(p, v, x->host_of[v]) != REASON_NONE))
                        return false;
        for (uint32_t i = 0; i < p->n_hosts * p->n_res; i++) {
                const int64_t most = p->capacity[i] > home->load[i] ? p->capacity[i] : home->load[i];
                int64_t held = x->load[i];

                for (VmIx v = 0; v < p->n_vms; v++)
                        if (p->transient_mode == TRANSIENT_TOGETHER && p->transient[i % p->n_res] &&
                            p->home[v] == i / p->n_res && x->host_of[v] != p->home[v])
                                held += problem_need(p, v)[i % p->n_res];
                if (held > most)
                        return false;
        }
        for (uint32_t i = 0; i < p->n_rules; i++)
                if (p->rules[i].must && rule_broken(p, &p->rules[i], x) > rule_broken(p, &p->rules[i], home))
                        return false;
        return true;
}

static void put(Assignment *x, VmIx v, HostIx h) {
        if (x->host_of[v] != h)
                assignment_move(x, (Move){ v, x->host_of[v], h });
}

/* The least cost of all standing assignments; each of them costs at least `bound` in every tier. */
static Costs brute_force(Arena *a, const Problem *p, const Costs *bound, uint64_t seed) {
        Assignment *x, *home;
        Costs best = { .tier = { INT64_MAX } };
        uint64_t all = 1;

        cr_assert_eq(assignment_build(a, p, &x), 0);
        cr_assert_eq(assignment_build(a, p, &home), 0);
        for (VmIx v = 0; v < p->n_vms; v++)
                all *= p->n_hosts;
        for (uint64_t i = 0; i < all; i++) {
                uint64_t digits = i;
                Costs cost;

                for (VmIx v = 0; v < p->n_vms; v++, digits /= p->n_hosts)
                        put(x, v, (HostIx) (digits % p->n_hosts));
                if (!stands(x, home))
                        continue;
                cost = policies_total(policies_all(), p, NULL, x);
                for (int t = 0; t < TIER_N; t++)
                        cr_assert_leq(bound->tier[t], cost.tier[t], "seed %llu: %s: bound %lld, cost %lld",
                                      (unsigned long long) seed, tier_names[t], (long long) bound->tier[t],
                                      (long long) cost.tier[t]);
                if (costs_compare(&cost, &best) < 0)
                        best = cost;
        }
        return best;
}

static SolverTask whole_task(const Terms *t, uint64_t nodes) {
        return (SolverTask){ .terms = t,
                             .start = t->problem->home,
                             .max_moves = UINT32_MAX,
                             .max_mib = INT64_MAX,
                             .nodes = nodes };
}

Test(exact, is_what_trying_all_assignments_finds, .timeout = 3000) {
        const uint64_t n = seeds(PART_OF(200));
        uint64_t nodes = 0;
        Arena a;

        cr_assert_eq(arena_open(64 << 20, &a), 0);
        for (uint64_t seed = 1; seed <= n; seed++) {
                const Problem *p = tiny_problem(&a, seed);
                SolverResult result;
                Costs bound, best;
                SolverTask task;
                Terms *t;

                cr_assert_eq(policies_add_terms(&a, p, policies_all(), NULL, &t), 0);
                cr_assert_eq(bound_aggregate(&a, t, &bound), 0);
                best = brute_force(&a, p, &bound, seed);
                task = whole_task(t, 100000);
                cr_assert_eq(exact_solver.solve(&a, &task, &result), 0);
                cr_assert(result.proven, "seed %llu", (unsigned long long) seed);
                for (int i = 0; i < TIER_N; i++)
                        cr_assert_eq(result.cost.tier[i], best.tier[i], "seed %llu: %s %lld, but %lld exists",
                                     (unsigned long long) seed, tier_names[i],
                                     (long long) result.cost.tier[i], (long long) best.tier[i]);
                cr_assert_eq(costs_compare(&result.bound, &best), 0);
                nodes += result.nodes;
                arena_rewind(&a, 0);
        }
        cr_log_info("%llu problems, %llu relaxations", (unsigned long long) n, (unsigned long long) nodes);
        arena_close(&a);
}

/* Where search was lucky, and where exact began from what search found. */
Test(exact, is_never_beaten_by_search_and_starts_from_it, .timeout = 3000) {
        const uint64_t n = seeds(PART_OF(150));
        uint64_t better = 0;
        Arena a;

        cr_assert_eq(arena_open(64 << 20, &a), 0);
        for (uint64_t seed = 1; seed <= n; seed++) {
                const Problem *p = random_problem(
                        &a, seed,
                        (RandomShape){
                                .hosts = 5, .vms = 9, .res = 3, .rules = 4, .one_tier = seed % 3 == 0 });
                const SearchBudget budget = { .evaluations = 20000,
                                              .max_moves = seed % 5 == 0 ? 2 : UINT32_MAX,
                                              .max_mib = seed % 7 == 0 ? 100 : INT64_MAX,
                                              .tasks = 1 };
                SearchResult found;
                SolverResult result, again;
                SolverTask task;
                Terms *t;

                cr_assert_eq(policies_add_terms(&a, p, policies_all(), NULL, &t), 0);
                cr_assert_eq(
                        search_run(&a, &(SearchInput){ p, policies_all(), NULL, budget, seed, &workers_none },
                                   &found),
                        0);
                task = whole_task(t, 50000);
                task.max_moves = budget.max_moves;
                task.max_mib = budget.max_mib;
                cr_assert_eq(exact_solver.solve(&a, &task, &result), 0);
                cr_assert(result.proven, "seed %llu", (unsigned long long) seed);
                cr_assert_leq(costs_compare(&result.cost, &found.after), 0, "seed %llu",
                              (unsigned long long) seed);
                better += costs_compare(&result.cost, &found.after) < 0;
                task.start = found.host_of;
                cr_assert_eq(exact_solver.solve(&a, &task, &again), 0);
                cr_assert_eq(costs_compare(&again.cost, &result.cost), 0, "seed %llu",
                             (unsigned long long) seed);
                arena_rewind(&a, 0);
        }
        cr_log_info("%llu problems, search was beaten on %llu", (unsigned long long) n,
                    (unsigned long long) better);
        arena_close(&a);
}

Test(exact, with_a_small_budget_is_no_worse_than_its_start_and_bounds_the_best, .timeout = 3000) {
        const uint64_t n = seeds(PART_OF(150));
        uint64_t open = 0;
        Arena a;

        cr_assert_eq(arena_open(64 << 20, &a), 0);
        for (uint64_t seed = 1; seed <= n; seed++) {
                const Problem *p = tiny_problem(&a, seed);
                SolverResult full, part;
                Evaluator *start;
                SolverTask task;
                Terms *t;

                cr_assert_eq(policies_add_terms(&a, p, policies_all(), NULL, &t), 0);
                cr_assert_eq(evaluator_build(&a, t, NULL, &start), 0);
                task = whole_task(t, 100000);
                cr_assert_eq(exact_solver.solve(&a, &task, &full), 0);
                task.nodes = seed % 7;
                cr_assert_eq(exact_solver.solve(&a, &task, &part), 0);
                cr_assert_leq(part.nodes, task.nodes);
                cr_assert_leq(costs_compare(&part.cost, &start->cost), 0);
                cr_assert_leq(costs_compare(&part.bound, &full.cost), 0, "seed %llu",
                              (unsigned long long) seed);
                cr_assert_eq(part.proven, costs_compare(&part.bound, &part.cost) == 0);
                open += !part.proven;
                arena_rewind(&a, 0);
        }
        cr_assert_gt(open, n / 10);
        arena_close(&a);
}

/* Only two VMs and two hosts are given to it: the others stay, and trying all of them gives the same. */
Test(exact, of_a_part_moves_only_that_part, .timeout = 3000) {
        const uint64_t n = seeds(PART_OF(200));
        Arena a;

        cr_assert_eq(arena_open(64 << 20, &a), 0);
        for (uint64_t seed = 1; seed <= n; seed++) {
                const Problem *p = tiny_problem(&a, seed);
                const VmIx free[2] = { 0, p->n_vms - 1 };
                const HostIx hosts[2] = { p->home[0], p->home[p->n_vms - 1] };
                const uint32_t n_free = p->n_vms > 1 ? 2 : 1, n_hosts = hosts[0] != hosts[1] ? 2 : 1;
                Costs best = { .tier = { INT64_MAX } };
                SolverResult result;
                Assignment *x, *home;
                SolverTask task;
                Terms *t;

                cr_assert_eq(policies_add_terms(&a, p, policies_all(), NULL, &t), 0);
                task = whole_task(t, 100000);
                task.free = free;
                task.n_free = n_free;
                task.hosts = hosts;
                task.n_hosts = n_hosts;
                cr_assert_eq(exact_solver.solve(&a, &task, &result), 0);
                cr_assert_eq(assignment_build(&a, p, &x), 0);
                cr_assert_eq(assignment_build(&a, p, &home), 0);
                for (uint32_t i = 0; i < 4; i++) {
                        Costs cost;

                        put(x, free[0], hosts[i % n_hosts]);
                        put(x, free[n_free - 1], hosts[n_free > 1 ? i / 2 % n_hosts : i % n_hosts]);
                        cost = policies_total(policies_all(), p, NULL, x);
                        if (stands(x, home) && costs_compare(&cost, &best) < 0)
                                best = cost;
                }
                cr_assert(result.proven);
                cr_assert_eq(costs_compare(&result.cost, &best), 0, "seed %llu", (unsigned long long) seed);
                for (VmIx v = 1; v + 1 < p->n_vms; v++)
                        cr_assert_eq(result.host_of[v], p->home[v]);
                arena_rewind(&a, 0);
        }
        arena_close(&a);
}
