/* SPDX-License-Identifier: Apache-2.0 */
/* Every policy of policies.def, on random problems, keeps the contract of policy.h: what it states in terms
 * is what its definition says, through any sequence of moves and swaps. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/decide/cost/evaluator.h"
#include "tests/random_problem.h"

#define SEEDS 600
#define STEPS 30

static Arena fresh_arena(void) {
        static unsigned char memory[1 << 20];

        return arena_over(memory, sizeof(memory));
}

static const Problem *problem_of(Arena *a, uint64_t seed) {
        return random_problem(a, seed,
                              (RandomShape){ .hosts = 9,
                                             .vms = 24,
                                             .res = 4,
                                             .rules = 6,
                                             .reserve = true,
                                             .talks = true,
                                             .pack = true,
                                             .deviations = true,
                                             .one_tier = seed % 3 == 0 });
}

static Evaluator *evaluator_of(Arena *a, const Problem *p, PolicySet set, const HostIx *host_of) {
        Terms *t = NULL;
        Evaluator *e = NULL;

        cr_assert_eq(0, policies_state(a, p, set, NULL, &t));
        cr_assert_eq(0, evaluator_build(a, t, host_of, &e));
        return e;
}

static void same_costs(const Costs *a, const Costs *b, const char *what, const char *policy, uint64_t seed) {
        for (int t = 0; t < TIER_N; t++)
                cr_assert_eq(a->tier[t], b->tier[t], "%s: %s: seed %llu: %s %lld != %lld", policy, what,
                             (unsigned long long) seed, tier_names[t], (long long) a->tier[t],
                             (long long) b->tier[t]);
}

static bool random_move(const Evaluator *e, Prng *g, Move *ret) {
        const Problem *p = e->problem;

        ret->vm = prng_below(g, p->n_vms);
        ret->from = e->x->host_of[ret->vm];
        ret->to = prng_below(g, 3) == 0 ? p->home[ret->vm] : prng_below(g, p->n_hosts);
        return ret->from != ret->to;
}

/* Parameters are indexes: Criterion runs each test in a process of its own. */
static struct criterion_test_params each_policy(void) {
        const uint32_t n = policies_all().n + 1; /* the last: all of them together */
        uint32_t *all = cr_malloc(n * sizeof(uint32_t));

        for (uint32_t i = 0; i < n; i++)
                all[i] = i;
        return cr_make_param_array(uint32_t, all, n);
}

static PolicySet set_of(uint32_t i, const char **ret_name) {
        const PolicySet all = policies_all();

        *ret_name = i < all.n ? all.policies[i]->name : "all";
        return i < all.n ? (PolicySet){ all.policies + i, 1 } : all;
}

ParameterizedTestParameters(policy, terms_cost_what_the_definition_says) {
        return each_policy();
}

ParameterizedTest(uint32_t *param, policy, terms_cost_what_the_definition_says) {
        const char *name;
        const PolicySet set = set_of(*param, &name);

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                Arena a = fresh_arena();
                Prng g = prng_seeded(~seed);
                const Problem *p = problem_of(&a, seed);
                Evaluator *e = evaluator_of(&a, p, set, NULL);

                for (int step = 0; step < STEPS; step++) {
                        const Costs before = policies_total(set, p, NULL, e->x);
                        Costs sum, after;
                        Move m;

                        same_costs(&e->cost, &before, "cost is total", name, seed);
                        if (!random_move(e, &g, &m) || evaluator_refuse(e, m) != REASON_NONE)
                                continue;
                        sum = costs_add(before, evaluator_delta(e, m));
                        evaluator_move(e, m);
                        after = policies_total(set, p, NULL, e->x);
                        same_costs(&sum, &after, "total + delta is the new total", name, seed);
                }
        }
}

ParameterizedTestParameters(policy, a_swap_costs_what_its_two_moves_do) {
        return each_policy();
}

ParameterizedTest(uint32_t *param, policy, a_swap_costs_what_its_two_moves_do) {
        const char *name;
        const PolicySet set = set_of(*param, &name);

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                Arena a = fresh_arena();
                Prng g = prng_seeded(seed ^ 0x5a5a);
                const Problem *p = problem_of(&a, seed);
                Evaluator *e = evaluator_of(&a, p, set, NULL);

                for (int step = 0; step < STEPS; step++) {
                        const VmIx v = prng_below(&g, p->n_vms), w = prng_below(&g, p->n_vms);
                        const HostIx from = e->x->host_of[v], to = e->x->host_of[w];
                        const Costs before = policies_total(set, p, NULL, e->x);
                        Costs sum, after;

                        if (from == to || evaluator_swap_refuse(e, v, w) != REASON_NONE)
                                continue;
                        sum = costs_add(before, evaluator_swap_delta(e, v, w));
                        same_costs(&e->cost, &before, "asking changes nothing", name, seed);
                        evaluator_move(e, (Move){ v, from, to });
                        evaluator_move(e, (Move){ w, to, from });
                        after = policies_total(set, p, NULL, e->x);
                        same_costs(&sum, &after, "total + delta is the new total", name, seed);
                        same_costs(&e->cost, &after, "cost is total", name, seed);
                }
        }
}

ParameterizedTestParameters(policy, after_moves_it_is_as_if_built_afresh) {
        return each_policy();
}

ParameterizedTest(uint32_t *param, policy, after_moves_it_is_as_if_built_afresh) {
        const char *name;
        const PolicySet set = set_of(*param, &name);

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                Arena a = fresh_arena();
                Prng g = prng_seeded(seed + 77);
                const Problem *p = problem_of(&a, seed);
                Evaluator *e = evaluator_of(&a, p, set, NULL), *fresh;
                Move m;

                for (int step = 0; step < STEPS; step++)
                        if (random_move(e, &g, &m) && evaluator_refuse(e, m) == REASON_NONE)
                                evaluator_move(e, m);
                fresh = evaluator_of(&a, p, set, e->x->host_of);
                same_costs(&e->cost, &fresh->cost, "cost", name, seed);
                cr_assert_eq(0, memcmp(e->room, fresh->room, sizeof(int64_t) * p->n_hosts * p->n_res));
                cr_assert_eq(e->n_away, fresh->n_away);
                cr_assert_eq(e->mib_away, fresh->mib_away);
                for (int step = 0; step < STEPS; step++) {
                        Costs d, f;

                        if (!random_move(e, &g, &m))
                                continue;
                        cr_assert_eq(evaluator_refuse(e, m), evaluator_refuse(fresh, m), "%s: seed %llu",
                                     name, (unsigned long long) seed);
                        if (evaluator_refuse(e, m) != REASON_NONE)
                                continue; /* deltas are exact for what may be done */
                        d = evaluator_delta(e, m);
                        f = evaluator_delta(fresh, m);
                        same_costs(&d, &f, "delta", name, seed);
                }
        }
}

/* A rule that must hold and that m would break further, by counting. */
static bool breaks_a_rule(const Problem *p, Assignment *x, Move m, RuleKind kind) {
        int64_t before[16];
        bool breaks = false;

        cr_assert_leq(p->n_rules, ARRAY_SIZE(before));
        for (uint32_t i = 0; i < p->n_rules; i++)
                before[i] = rule_broken(p, &p->rules[i], x);
        assignment_move(x, m);
        for (uint32_t i = 0; i < p->n_rules; i++)
                breaks |= p->rules[i].must && p->rules[i].kind == kind &&
                          rule_broken(p, &p->rules[i], x) > before[i];
        assignment_move(x, (Move){ m.vm, m.to, m.from });
        return breaks;
}

ParameterizedTestParameters(rules, refuse_exactly_what_breaks_them_further) {
        return each_policy();
}

ParameterizedTest(uint32_t *param, rules, refuse_exactly_what_breaks_them_further) {
        const char *name;
        const PolicySet set = set_of(*param, &name);
        uint32_t kind = 0;

        while (kind < RULE_ON && strcmp(name, rule_kind_names[kind]) != 0)
                kind++;
        for (uint64_t seed = 1; kind < RULE_ON && seed <= SEEDS; seed++) {
                Arena a = fresh_arena();
                Prng g = prng_seeded(seed * 3);
                const Problem *p = problem_of(&a, seed);
                Evaluator *e = evaluator_of(&a, p, set, NULL);

                for (int step = 0; step < STEPS; step++) {
                        Reason why;
                        Move m;

                        if (!random_move(e, &g, &m))
                                continue;
                        why = evaluator_refuse(e, m);
                        cr_assert_eq(why != REASON_NONE, breaks_a_rule(p, e->x, m, (RuleKind) kind),
                                     "%s: seed %llu", name, (unsigned long long) seed);
                        if (why == REASON_NONE)
                                evaluator_move(e, m);
                }
        }
}

/* With TRANSIENT_TOGETHER, use while moving is the load plus what VMs away from a host still hold there. */
static int64_t held(const Assignment *x, HostIx h, uint32_t r) {
        const Problem *p = x->problem;
        int64_t sum = assignment_load(x, h)[r];

        for (VmIx v = 0; p->transient_mode == TRANSIENT_TOGETHER && p->transient[r] && v < p->n_vms; v++)
                if (p->home[v] == h && x->host_of[v] != h)
                        sum += problem_need(p, v)[r];
        return sum;
}

static bool overfills(Assignment *x, Move m) {
        const Problem *p = x->problem;
        bool over = false;

        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t before = held(x, m.to, r);
                int64_t after;

                assignment_move(x, m);
                after = held(x, m.to, r);
                assignment_move(x, (Move){ m.vm, m.to, m.from });
                over |= after > before && after > problem_capacity(p, m.to)[r];
        }
        return over;
}

Test(capacity, refuses_exactly_what_overfills_a_host_further) {
        const PolicySet all = policies_all();
        PolicySet set = all;

        while (strcmp(set.policies[0]->name, "capacity") != 0)
                set.policies++;
        set.n = 1;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                Arena a = fresh_arena();
                Prng g = prng_seeded(seed * 5);
                const Problem *p = problem_of(&a, seed);
                Evaluator *e = evaluator_of(&a, p, set, NULL);

                for (int step = 0; step < STEPS; step++) {
                        Reason why;
                        Move m;

                        if (!random_move(e, &g, &m))
                                continue;
                        why = evaluator_refuse(e, m);
                        cr_assert_eq(why != REASON_NONE, overfills(e->x, m), "seed %llu",
                                     (unsigned long long) seed);
                        if (why == REASON_NONE)
                                evaluator_move(e, m);
                }
        }
}

Test(policy, every_one_says_what_it_is) {
        const PolicySet all = policies_all();

        for (uint32_t i = 0; i < all.n; i++) {
                cr_assert_not_null(all.policies[i]->state);
                cr_assert_gt(strlen(all.policies[i]->summary), 10);
        }
}
