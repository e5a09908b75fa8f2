/* SPDX-License-Identifier: Apache-2.0 */
/* Small numbers: random clusters whose figures are nothing, one, two or not known, so that each limit is met, missed by one and
 * passed by one. What the judge objects to there, and what each policy's costs come to, in exact numbers. */
#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/problem/problem_build.h"
#include "tests/random_cluster.h"
#include "tests/recorded.h"

#define SEEDS 80
#define MOVES 6

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(tiny_recorded, .init = setup, .fini = teardown);

/* 0, 1 or 2; or, of what may not be known, UNKNOWN. */
static int64_t tiny(Dice *d, int64_t low) {
        return dice_between(d, low, 2);
}

/* Of CPUs and memory about what its VMs need: `vcpus`, `mib`. */
static void tiny_host(Dice *d, Host *h, int64_t vcpus, int64_t mib, uint32_t n_extra) {
        NumaNode *nodes = arena_new(d->arena, NumaNode, 2);
        Hugepages *pages = arena_new(d->arena, Hugepages, 1);
        HostPlatform *platform = arena_new(d->arena, HostPlatform, 1);
        int64_t *extra = arena_new(d->arena, int64_t, n_extra);

        h->cpus = 1 + vcpus + tiny(d, UNKNOWN);
        h->memory_mib = 3 + mib + tiny(d, UNKNOWN);
        h->reserved_mib = dice_percent(d, 70) ? 0 : 1;
        h->memory_used_mib = tiny(d, UNKNOWN);
        h->memory_reclaimable_mib = tiny(d, UNKNOWN);
        h->overcommit_cpu_permille = dice_percent(d, 70)   ? 0
                                     : dice_percent(d, 50) ? tiny(d, 0)
                                                           : 999 + tiny(d, 0);
        h->overcommit_memory_permille = dice_percent(d, 70) ? 0 : 999 + tiny(d, 0);
        *pages = (Hugepages){ .kib = 2048, .total_mib = tiny(d, 0), .free_mib = tiny(d, 0) };
        if (dice_percent(d, 50)) {
                h->hugepages = pages;
                h->n_hugepages = 1;
        }
        if (h->platform && dice_percent(d, 50)) {
                *platform = *h->platform;
                for (uint32_t i = 0; i < 2; i++)
                        nodes[i] = (NumaNode){ .id = i,
                                               .memory_mib = tiny(d, UNKNOWN),
                                               .free_mib = tiny(d, UNKNOWN),
                                               .available_mib = UNKNOWN,
                                               .hugepages = pages,
                                               .n_hugepages = dice_percent(d, 50) };
                platform->numa = nodes;
                platform->n_numa = 2;
                h->platform = platform;
        }
        for (uint32_t i = 0; i < n_extra; i++)
                extra[i] = dice_percent(d, 50) ? tiny(d, 0) : vcpus;
        h->extra = dice_percent(d, 70) ? extra : NULL;
}

static void tiny_vm(Dice *d, Vm *v, uint32_t n_extra) {
        int64_t *extra = arena_new(d->arena, int64_t, n_extra);

        v->vcpus = 1 + tiny(d, 0) / 2;
        v->memory_mib = tiny(d, 0);
        v->cpu_mcores = dice_percent(d, 50) ? tiny(d, UNKNOWN) : 500 * tiny(d, 0);
        v->memory_used_mib = tiny(d, UNKNOWN);
        v->memory_resident_mib = tiny(d, UNKNOWN);
        v->hugepages_kib = dice_percent(d, 70) ? 0 : 2048;
        v->measured = NULL;
        for (uint32_t i = 0; i < n_extra; i++)
                extra[i] = tiny(d, 0);
        v->extra = dice_percent(d, 70) ? extra : NULL;
}

static const Snapshot *tiny_cluster(uint64_t seed) {
        static const ExtraResource extra = { .name = "licences" };
        Snapshot *s = (Snapshot *) (uintptr_t) random_cluster(&arena, seed, seed % 4 == 0);
        Dice d = { .prng = prng_seeded(seed * 911), .arena = &arena };
        Host *hosts = arena_new(&arena, Host, s->n_hosts);
        Vm *vms = arena_new(&arena, Vm, s->n_vms);
        Rule *rules = arena_new(&arena, Rule, s->n_rules);

        for (uint32_t i = 0; i < s->n_rules; i++) {
                rules[i] = s->rules[i];
                rules[i].evacuate = dice_percent(&d, 50); /* waived for who must leave */
        }
        s->rules = rules;
        s->n_extra = dice_percent(&d, 50) ? 1 : 0;
        s->extra = &extra;
        for (VmIx v = 0; v < s->n_vms; v++) {
                vms[v] = s->vms[v];
                tiny_vm(&d, &vms[v], s->n_extra);
        }
        for (HostIx h = 0; h < s->n_hosts; h++) {
                int64_t vcpus = 0, mib = 0;

                for (VmIx v = 0; v < s->n_vms; v++) {
                        vcpus += vms[v].host == h ? vms[v].vcpus : 0;
                        mib += vms[v].host == h ? vms[v].memory_mib + 1 : 0;
                }
                hosts[h] = s->hosts[h];
                tiny_host(&d, &hosts[h], vcpus, mib, s->n_extra);
        }
        s->hosts = hosts;
        s->vms = vms;
        return s;
}

static const Settings *tiny_settings(uint64_t seed) {
        Settings *s = (Settings *) (uintptr_t) default_settings(&arena);
        Dice d = { .prng = prng_seeded(seed * 913), .arena = &arena };

        setting(s, "memory.keep_for_host", dice_percent(&d, 50) ? "0MiB" : "1MiB");
        setting(s, "memory.per_vm", dice_percent(&d, 50) ? "0MiB" : "1MiB");
        if (dice_percent(&d, 50))
                setting(s, "cluster.overcommit_cpu", dice_percent(&d, 50) ? "1" : "2");
        if (dice_percent(&d, 30))
                setting(s, "reserve.losses", "1");
        return s;
}

static void record_judge(FILE *f, uint64_t seed) {
        const Snapshot *s = tiny_cluster(seed);
        const Settings *settings = tiny_settings(seed);
        Dice d = { .prng = prng_seeded(seed * 917), .arena = &arena };

        (void) fprintf(f, "%llu: %u hosts, %u VMs\n", (unsigned long long) seed, s->n_hosts, s->n_vms);
        for (int i = 0; i < 3 * MOVES; i++) { /* each alone: one objection does not hide another's */
                const VmIx v = dice_below(&d, s->n_vms);
                const HostIx to = dice_below(&d, s->n_hosts);
                const MoveOrder order = { .vm = s->vms[v].name,
                                          .from = s->hosts[s->vms[v].host].name,
                                          .to = s->hosts[to].name };
                const Objection *o = NULL;
                uint32_t n = 0;

                cr_assert_geq(plan_check(&arena, s, settings, &order, 1, &o, &n), 0);
                (void) fprintf(f, "    %s>%s:", order.vm, order.to);
                for (uint32_t k = 0; k < n; k++)
                        (void) fprintf(f, "%s %s", k > 0 ? ";" : "", o[k].text);
                (void) fprintf(f, "\n");
        }
}

Test(tiny_recorded, what_the_judge_objects_to) {
        Recording r;

        recording_begin(&r, "judge_tiny");
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record_judge(r.f, seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}

/* Where no VM may go, of all it could. */
static uint32_t count_refused(const Evaluator *e, const Problem *p) {
        uint32_t n = 0;

        for (VmIx v = 0; v < p->n_vms; v++)
                for (HostIx h = 0; h < p->n_hosts; h++)
                        if (h != e->x->host_of[v] && e->x->host_of[v] != IX_NONE)
                                n += evaluator_refuse(e, (Move){ v, e->x->host_of[v], h }) != REASON_NONE;
        return n;
}

/* By its definition, and by what its terms count. */
static void record_policy(FILE *f, const Policy *policy, const Problem *p, const Settings *settings,
                          const Assignment *x) {
        const PolicySet alone = { .policies = &policy, .n = 1 };
        const Costs c = policies_total(alone, p, settings, x);
        Evaluator *e = NULL;
        Terms *terms = NULL;
        uint32_t refused;

        cr_assert_eq(0, policies_add_terms(&arena, p, alone, settings, &terms));
        cr_assert_eq(0, evaluator_build(&arena, terms, x->host_of, &e));
        refused = count_refused(e, p);
        for (int t = 0; t < TIER_N; t++) {
                cr_assert_eq(c.tier[t], e->cost.tier[t], "%s: %lld is %lld by its terms", policy->name,
                             (long long) c.tier[t], (long long) e->cost.tier[t]);
                if (c.tier[t] != 0)
                        (void) fprintf(f, " %s.%d %lld", policy->name, t, (long long) c.tier[t]);
        }
        if (refused > 0)
                (void) fprintf(f, " %s refuses %u", policy->name, refused);
}

/* Each policy's costs of a problem made of the cluster: as it is, and after some moves. */
static void record_costs(FILE *f, const Snapshot *s, const Settings *settings, uint64_t seed) {
        const PolicySet all = policies_all();
        Prng g = prng_seeded(seed * 919);
        const Problem *p = NULL;
        Assignment *x = NULL;

        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        cr_assert_eq(0, assignment_build(&arena, p, &x));
        for (int step = 0; step < 3; step++) {
                (void) fprintf(f, "%llu.%d:", (unsigned long long) seed, step);
                for (uint32_t i = 0; i < all.n; i++)
                        record_policy(f, all.policies[i], p, settings, x);
                (void) fprintf(f, "\n");
                for (int i = 0; i < MOVES; i++) {
                        const VmIx v = prng_below(&g, p->n_vms);
                        const Move m = { v, x->host_of[v], prng_below(&g, p->n_hosts) };

                        if (m.from != m.to && m.from != IX_NONE)
                                assignment_move(x, m);
                }
        }
}

Test(tiny_recorded, what_policies_cost) {
        Recording r;

        recording_begin(&r, "policies_tiny");
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);

                record_costs(r.f, tiny_cluster(seed), tiny_settings(seed), seed);
                record_costs(r.f, random_cluster(&arena, seed, false), random_settings(&arena, seed), seed);
                arena_rewind(&arena, mark);
        }
        recording_end(&r);
}
