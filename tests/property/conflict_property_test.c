/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that cannot hold together, held against every placement there is of tiny clusters: what is named has
 * none, without any one of it there is one, and where no rule set is named although one is broken, there is a
 * placement on which it holds. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "scheduler/decide/cost/terms.h"
#include "scheduler/decide/whynot/conflict.h"
#include "tests/random_cluster.h"

#define SEEDS     3000
#define VMS_TINY  6
#define HOST_TINY 4

typedef struct Given {
        const Snapshot *s;
        const Problem *p;
        bool rules[32];
        bool closed[HOST_TINY], full[HOST_TINY], bound[VMS_TINY], held[VMS_TINY];
} Given;

static Arena arena, scratch;

/* At most HOST_TINY hosts and VMS_TINY VMs, and rules that are mostly about two or three of them. */
static const Snapshot *tiny_cluster(uint64_t seed) {
        Dice d = { .prng = prng_seeded(seed * 977 + 5), .arena = &arena };
        uint32_t n_hosts = (uint32_t) dice_between(&d, 1, HOST_TINY);
        uint32_t n_vms = (uint32_t) dice_between(&d, 1, VMS_TINY);
        uint32_t n_rules = (uint32_t) dice_between(&d, 1, 7);
        Host *hosts = arena_new(&arena, Host, n_hosts);
        Vm *vms = arena_new(&arena, Vm, n_vms);
        Rule *rules = arena_new(&arena, Rule, n_rules);
        Snapshot *s = arena_new(&arena, Snapshot, 1);

        for (uint32_t h = 0; h < n_hosts; h++)
                random_host(&d, &hosts[h], h, false);
        for (uint32_t v = 0; v < n_vms; v++)
                random_vm(&d, &vms[v], v, n_hosts, false);
        for (uint32_t i = 0; i < n_rules; i++) {
                VmIx *own = arena_new(&arena, VmIx, n_vms), *near = arena_new(&arena, VmIx, n_vms);

                random_rule(&d, &rules[i], i, n_hosts, n_vms);
                rules[i].vms = own;
                rules[i].near_vms = near;
                rules[i].n_vms = rules[i].n_near_vms = 0;
                for (VmIx v = 0; v < n_vms; v++)
                        if (dice_percent(&d, 45))
                                own[rules[i].n_vms++] = v;
                        else if (rule_has_two_groups(rules[i].kind) && dice_percent(&d, 45))
                                near[rules[i].n_near_vms++] = v;
                if (rules[i].n_vms == 0)
                        own[rules[i].n_vms++] = n_vms - 1;
                if (rules[i].kind == RULE_NEAR && rules[i].n_near_vms == 0)
                        near[rules[i].n_near_vms++] = 0;
        }
        *s = (Snapshot){ .cluster = "tiny",
                         .n_hosts = n_hosts,
                         .n_vms = n_vms,
                         .n_rules = n_rules,
                         .hosts = hosts,
                         .vms = vms,
                         .rules = rules };
        return s;
}

static bool names(const Rule *rule, HostIx h) {
        for (uint32_t i = 0; i < rule->n_hosts; i++)
                if (rule->hosts[i] == h)
                        return true;
        return false;
}

static bool rule_holds(const Given *g, uint32_t rule, const Assignment *x) {
        const Rule *written = &g->s->rules[rule];

        for (uint32_t i = 0; i < g->p->n_rules; i++)
                if (g->p->rules[i].source == rule && rule_broken(g->p, &g->p->rules[i], x) > 0)
                        return false;
        if (written->kind != RULE_ON && written->kind != RULE_NOT_ON)
                return true;
        for (uint32_t i = 0; i < written->n_vms; i++)
                if (names(written, x->host_of[written->vms[i]]) == (written->kind == RULE_NOT_ON))
                        return false;
        return true;
}

static bool facts_hold(const Given *g, const Assignment *x) {
        const Problem *p = g->p;

        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx h = x->host_of[v];
                const Reason why = problem_class_denies(p, v, h);

                if (h == p->home[v])
                        continue;
                if (g->held[v] && (reason_is_of_vm(p->pinned[v]) || p->pinned[v] == REASON_LOCAL_DISK))
                        return false;
                if ((g->closed[h] && p->roles[h].no_entry != REASON_NONE) ||
                    (g->bound[v] && why != REASON_NONE && why != REASON_RULE_HOSTS))
                        return false;
        }
        for (HostIx h = 0; h < p->n_hosts; h++)
                for (uint32_t r = 0; r < p->n_res && g->full[h]; r++) {
                        int64_t here = 0, now = 0,
                                most = problem_capacity(p, h)[r] - p->base[h * p->n_res + r];

                        for (VmIx v = 0; v < p->n_vms; v++) {
                                here += x->host_of[v] == h ? problem_need(p, v)[r] : 0;
                                now += p->home[v] == h ? problem_need(p, v)[r] : 0;
                        }
                        if (here > 0 && here > (now > most ? now : most))
                                return false;
                }
        return true;
}

/* All placements, one after the other. */
static bool some_placement(const Given *g) {
        HostIx at[VMS_TINY] = { 0 };
        const Assignment x = { .problem = g->p, .host_of = at };
        bool more = true;

        while (more) {
                bool holds = facts_hold(g, &x);
                uint32_t v = 0;

                for (uint32_t i = 0; i < g->s->n_rules && holds; i++)
                        holds = !g->rules[i] || rule_holds(g, i, &x);
                if (holds)
                        return true;
                while (v < g->p->n_vms && ++at[v] == g->p->n_hosts)
                        at[v++] = 0;
                more = v < g->p->n_vms;
        }
        return false;
}

static Given given_of(const Snapshot *s, const Problem *p, const Conflict *c) {
        Given g = { .s = s, .p = p };

        for (uint32_t i = 0; i < c->n_rules; i++)
                g.rules[c->rules[i]] = true;
        for (uint32_t i = 0; i < c->n_closed; i++)
                g.closed[c->closed[i]] = true;
        for (uint32_t i = 0; i < c->n_full; i++)
                g.full[c->full[i]] = true;
        for (uint32_t i = 0; i < c->n_bound; i++)
                g.bound[c->bound[i]] = true;
        for (uint32_t i = 0; i < c->n_held; i++)
                g.held[c->held[i]] = true;
        return g;
}

static void expect_needed(Given *g, bool *part, const Conflict *c, uint64_t seed, const char *what) {
        *part = false;
        cr_expect(some_placement(g), "seed %lu: %s is not needed: %s", seed, what, c->text);
        *part = true;
}

static void expect_conflict(const Snapshot *s, const Problem *p, const Conflict *c, uint64_t seed) {
        Given g = given_of(s, p, c);

        cr_expect(!some_placement(&g), "seed %lu: there is a placement: %s", seed, c->text);
        cr_expect(c->smallest, "seed %lu: not proven for a tiny cluster", seed);
        for (uint32_t i = 0; i < c->n_rules; i++) {
                cr_expect(s->rules[c->rules[i]].must);
                expect_needed(&g, &g.rules[c->rules[i]], c, seed, s->rules[c->rules[i]].name);
        }
        for (uint32_t i = 0; i < c->n_closed; i++)
                expect_needed(&g, &g.closed[c->closed[i]], c, seed, s->hosts[c->closed[i]].name);
        for (uint32_t i = 0; i < c->n_full; i++)
                expect_needed(&g, &g.full[c->full[i]], c, seed, "the room of a host");
        for (uint32_t i = 0; i < c->n_bound; i++)
                expect_needed(&g, &g.bound[c->bound[i]], c, seed, s->vms[c->bound[i]].name);
        for (uint32_t i = 0; i < c->n_held; i++)
                expect_needed(&g, &g.held[c->held[i]], c, seed, s->vms[c->held[i]].name);
}

/* With nothing named, what is broken could hold by itself; *ret_broken: something is. */
static void expect_hope(const Snapshot *s, const Problem *p, uint64_t seed) {
        HostIx at[VMS_TINY];
        const Assignment x = { .problem = p, .host_of = at };

        memcpy(at, p->home, sizeof(*at) * p->n_vms);
        for (uint32_t i = 0; i < s->n_rules; i++) {
                Given g = { .s = s, .p = p };

                if (!s->rules[i].must || rule_holds(&g, i, &x))
                        continue;
                memset(g.closed, true, sizeof(g.closed));
                memset(g.full, true, sizeof(g.full));
                memset(g.bound, true, sizeof(g.bound));
                memset(g.held, true, sizeof(g.held));
                g.rules[i] = true;
                cr_expect(some_placement(&g), "seed %lu: rule %u can never hold, and is not named", seed, i);
        }
}

Test(conflict_property, what_is_named_cannot_hold_and_all_of_it_is_needed) {
        uint32_t found = 0, large = 0, facts = 0, held = 0;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &scratch));
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Snapshot *s = tiny_cluster(seed);
                const Conflict *conflicts = NULL;
                const Problem *p = NULL;
                Conflicts all;
                uint32_t n = 0;

                cr_assert_eq(0, problem_build(&arena, s, default_settings(&arena), &p));
                cr_assert_eq(0,
                             conflicts_find(&arena, &scratch,
                                            &(ConflictsAsked){ .s = s, .p = p, .host_of = p->home }, &all));
                conflicts = all.at;
                n = all.n;
                for (uint32_t i = 0; i < n; i++) {
                        expect_conflict(s, p, &conflicts[i], seed);
                        large += conflicts[i].n_rules > 1;
                        facts += conflicts[i].n_closed + conflicts[i].n_full + conflicts[i].n_bound > 0;
                        held += conflicts[i].n_held > 0;
                }
                found += n;
                if (n == 0)
                        expect_hope(s, p, seed);
                arena_rewind(&arena, mark);
        }
        cr_expect_gt(found, 300, "%u were found", found);
        cr_expect_gt(large, 100, "%u of several rules", large);
        cr_expect_gt(facts, 100, "%u with facts of hosts", facts);
        cr_expect_gt(held, 50, "%u with VMs that may not be moved", held);
}

Test(conflict_property, many_vms_are_counted_not_tried) {
        enum { HOSTS = 200, VMS = 201 };
        Dice d = { .prng = prng_seeded(1), .arena = &arena };
        static Host hosts[HOSTS];
        static Vm vms[VMS];
        static VmIx list[VMS];
        const Rule rule = { .kind = RULE_APART, .name = "all", .must = true, .vms = list, .n_vms = VMS };
        const Snapshot s = { .cluster = "wide",
                             .n_hosts = HOSTS,
                             .n_vms = VMS,
                             .n_rules = 1,
                             .hosts = hosts,
                             .vms = vms,
                             .rules = &rule };
        const Conflict *conflicts = NULL;
        const Problem *p = NULL;
        Conflicts all;
        uint32_t n = 0;

        cr_assert_eq(0, arena_open((size_t) 256 << 20, &arena));
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &scratch));
        for (uint32_t h = 0; h < HOSTS; h++)
                random_host(&d, &hosts[h], h, true);
        for (VmIx v = 0; v < VMS; v++) {
                random_vm(&d, &vms[v], v, HOSTS, true);
                list[v] = v;
        }
        cr_assert_eq(0, problem_build(&arena, &s, default_settings(&arena), &p));
        cr_assert_eq(0, conflicts_find(&arena, &scratch,
                                       &(ConflictsAsked){ .s = &s, .p = p, .host_of = p->home }, &all));
        conflicts = all.at;
        n = all.n;
        cr_assert_eq(n, 1);
        cr_expect(conflicts[0].smallest);
        cr_expect_eq(conflicts[0].n_closed + conflicts[0].n_full + conflicts[0].n_bound, 0);
        cr_expect_eq(conflicts[0].places_needed, VMS);
        cr_expect_eq(conflicts[0].places, HOSTS);
}
