/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that run nowhere yet, on random clusters: what it costs to start one, and what refuses it. */
#include <criterion/criterion.h>

#include "scheduler/decide/whynot/trial.h"
#include "tests/random_cluster.h"

#define SEEDS 400

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
}

TestSuite(trial, .init = open_arena);

/* Some of the cluster's VMs run nowhere yet. */
static const Snapshot *with_newcomers(const Snapshot *s, uint64_t seed) {
        Snapshot *copy = arena_new(&arena, Snapshot, 1);
        Vm *vms = arena_new(&arena, Vm, s->n_vms);
        Prng random = prng_seeded(seed);

        memcpy(vms, s->vms, sizeof(Vm) * s->n_vms);
        for (VmIx v = 0; v < s->n_vms; v++)
                if (v == 0 || prng_below(&random, 4) == 0) {
                        vms[v].host = IX_NONE;
                        vms[v].in_flight = false;
                        vms[v].movable = true;
                        if (vms[v].cpu_mcores == UNKNOWN)
                                vms[v].cpu_mcores = vms[v].vcpus * 1000;
                }
        *copy = *s;
        copy->vms = vms;
        return copy;
}

static void expect_equal(Costs got, Costs before, Costs after, uint64_t seed, const char *what) {
        for (int t = 0; t < TIER_N; t++)
                cr_assert_eq(got.tier[t], after.tier[t] - before.tier[t], "seed %llu, %s: %s",
                             (unsigned long long) seed, what, tier_names[t]);
}

static void expect_exact(Trial *t, VmIx v, HostIx h, uint64_t seed) {
        Costs before = policies_total(t->policies, t->p, t->settings, t->e->x), sum = { 0 };
        TrialHost verdict;

        cr_assert_eq(0, trial_host(&arena, t, v, h, &verdict));
        expect_equal(t->e->cost, (Costs){ 0 }, before, seed, "the evaluator's cost");
        if (verdict.reason != REASON_NONE)
                return;
        for (uint32_t i = 0; i < t->policies.n; i++)
                sum = costs_add(sum, verdict.by_policy[i]);
        trial_put(t, v, h);
        expect_equal(verdict.delta, before, policies_total(t->policies, t->p, t->settings, t->e->x), seed,
                     "the whole");
        expect_equal(sum, (Costs){ 0 }, verdict.delta, seed, "the policies' sum");
        trial_take(t, v);
        expect_equal(t->e->cost, (Costs){ 0 }, before, seed, "taken away again");
        trial_put(t, v, h);
}

Test(trial, what_a_newcomer_costs_is_the_difference_of_the_definitions) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = with_newcomers(random_cluster(&arena, seed, seed % 5 == 0), seed);
                Prng random = prng_seeded(seed);
                Trial t;

                cr_assert_eq(0, trial_build(&arena, s, random_settings(&arena, seed), policies_all(),
                                            TRIAL_PARTS, &t));
                for (VmIx v = 0; v < s->n_vms; v++)
                        if (s->vms[v].host == IX_NONE)
                                expect_exact(&t, v, prng_below(&random, s->n_hosts), seed);
                arena_rewind(&arena, mark);
        }
}

/* A rule that must hold is broken further with the newcomer on h, where those in flight are as `arrived` says. */
static bool is_worse(const Trial *t, const Snapshot *s, HostIx h, uint64_t arrived) {
        HostIx *host_of = t->e->x->host_of;
        bool worse = false;

        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].in_flight && s->vms[v].in_flight_to != IX_NONE && s->vms[v].host != IX_NONE)
                        host_of[v] = arrived >> v & 1 ? s->vms[v].in_flight_to : s->vms[v].host;
        for (uint32_t i = 0; i < t->p->n_rules; i++) {
                const GroupRule *rule = &t->p->rules[i];
                const int64_t before = rule_broken(t->p, rule, t->e->x);

                host_of[0] = h;
                worse |= rule->must && rule_broken(t->p, rule, t->e->x) > before;
                host_of[0] = IX_NONE;
        }
        return worse;
}

/* The same in one of the ways in which the flights may end; none has ended afterwards. */
static bool may_be_worse(const Trial *t, const Snapshot *s, HostIx h) {
        uint64_t flying = 0, arrived = 0;
        bool worse = false;

        cr_assert_leq(s->n_vms, 64);
        for (VmIx v = 0; v < s->n_vms; v++)
                if (s->vms[v].in_flight)
                        flying |= UINT64_C(1) << v;
        do {
                arrived = (arrived - flying) & flying;
                worse |= is_worse(t, s, h, arrived);
        } while (arrived != 0);
        return worse;
}

/* A newcomer is refused for a rule exactly when a rule that must hold would be broken further with it, however the
 * migrations that run end. */
Test(trial, a_rule_refuses_a_newcomer_only_where_it_would_be_broken_further) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = with_newcomers(random_cluster(&arena, seed, false), seed);
                TrialHost verdict;
                Trial t;

                cr_assert_eq(0, trial_build(&arena, s, random_settings(&arena, seed), policies_all(), 0, &t));
                for (HostIx h = 0; h < s->n_hosts; h++) {
                        bool worse;

                        cr_assert_eq(0, trial_host(&arena, &t, 0, h, &verdict));
                        worse = may_be_worse(&t, s, h);
                        if (verdict.reason == REASON_NONE)
                                cr_assert(!worse, "seed %llu host %u", (unsigned long long) seed, h);
                        else if (verdict.reason >= REASON_RULE_APART && verdict.reason <= REASON_RULE_NEAR)
                                cr_assert(worse, "seed %llu host %u", (unsigned long long) seed, h);
                }
                arena_rewind(&arena, mark);
        }
}

/* The evaluator's word on a newcomer is the planner's on a VM that runs there. */
Test(trial, a_started_snapshot_has_the_loads_the_trial_had) {
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = with_newcomers(random_cluster(&arena, seed, false), seed), *started;
                const Settings *settings = random_settings(&arena, seed);
                HostIx *host_of = arena_new(&arena, HostIx, s->n_vms);
                Trial t, after;

                cr_assert_eq(0, trial_build(&arena, s, settings, policies_all(), 0, &t));
                for (VmIx v = 0; v < s->n_vms; v++) {
                        host_of[v] = s->vms[v].host;
                        if (host_of[v] == IX_NONE) {
                                host_of[v] = v % s->n_hosts;
                                trial_put(&t, v, host_of[v]);
                        }
                }
                cr_assert_eq(0, trial_start(&arena, &t, host_of, &started));
                cr_assert_eq(0, trial_build(&arena, started, settings, policies_all(), 0, &after));
                for (size_t i = 0; i < (size_t) s->n_hosts * t.p->n_res; i++) {
                        int64_t off = t.e->x->load[i] - after.e->x->load[i];

                        /* no host tells that fewer than no huge pages are free */
                        if (i % t.p->n_res >= t.layout.huge && t.e->x->load[i] > t.p->capacity[i])
                                continue;
                        /* rounding of speeds: some MHz for each VM */
                        cr_assert(off > -100 && off < 100, "seed %llu: host %zu, %s: %lld",
                                  (unsigned long long) seed, i / t.p->n_res, t.layout.names[i % t.p->n_res],
                                  (long long) off);
                }
                arena_rewind(&arena, mark);
        }
}
