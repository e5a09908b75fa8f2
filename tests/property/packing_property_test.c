/* SPDX-License-Identifier: Apache-2.0 */
/* Laws of packing where each host is full in one resource and no host can be emptied alone: several are emptied
 * together, about as few stay in use as hold all, in an order that the judge accepts; rules and VMs that may not
 * move are kept; planning again moves nothing. And of the order itself: a walk becomes waves that come to the
 * same.
 */
#include <criterion/criterion.h>

#include "scheduler/decide/order/waves.h"
#include "scheduler/decide/search/packing.h"
#include "tests/random_cluster.h"
#include "tests/random_problem.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(packing, .init = setup, .fini = teardown);

#define HOST_CPUS 64
#define HOST_MIB  262144
#define VMS_MOST  4000

static const Settings *packing_settings(void) {
        Settings *s = (Settings *) (uintptr_t) default_settings(&arena);

        setting(s, "plan.goal", "pack");
        setting(s, "load.headroom_cpu", "0");
        setting(s, "load.headroom_memory", "0");
        setting(s, "pack.margin", "0");
        return s;
}

/* As many VMs as fill the host in one resource, or to `most` percent of it; the other is about half full. */
static uint32_t fill_host(Dice *d, HostIx h, bool memory, uint32_t most, Vm *vms, uint32_t n, bool plain) {
        int64_t cpus = 0, mib = 0;

        for (int misses = 0; misses < 40;) {
                const int64_t small = INT64_C(1) << dice_between(d, 0, 4), big = small * 4096 * 4;
                Vm vm = { 0 };

                random_vm(d, &vm, n, 1, true);
                vm.host = h;
                vm.vcpus = memory ? (small + 1) / 2 : small;
                vm.cpu_mcores = vm.vcpus * 1000;
                vm.memory_mib = memory ? big / 2 : small * 2048;
                vm.movable = plain || !dice_percent(d, 1);
                if ((cpus + vm.vcpus) * 100 > HOST_CPUS * most ||
                    (mib + vm.memory_mib) * 100 > HOST_MIB * most) {
                        misses++;
                        continue;
                }
                cpus += vm.vcpus;
                mib += vm.memory_mib;
                vms[n++] = vm;
        }
        return n;
}

/* Some VMs apart from each other, in threes on different hosts. */
static uint32_t some_apart(Dice *d, Rule *rules, uint32_t most, const Vm *vms, uint32_t n_vms) {
        uint32_t n = 0;

        while (n < most) {
                VmIx *three = arena_new(&arena, VmIx, 3);

                for (int i = 0; i < 3; i++)
                        three[i] = (VmIx) dice_between(d, 0, n_vms - 1);
                if (three[0] >= three[1] || three[1] >= three[2] ||
                    vms[three[0]].host == vms[three[1]].host || vms[three[1]].host == vms[three[2]].host ||
                    vms[three[0]].host == vms[three[2]].host)
                        continue;
                rules[n] = (Rule){ .kind = RULE_APART,
                                   .name = text_format(&arena, "apart%u", n),
                                   .level = LEVEL_HOST,
                                   .must = true,
                                   .vms = three,
                                   .n_vms = 3 };
                n++;
        }
        return n;
}

/* Half of the hosts full of memory, half of CPU, one with little on it. */
static const Snapshot *lopsided_cluster(uint64_t seed, bool plain) {
        Dice d = { .prng = prng_seeded(seed), .arena = &arena };
        const uint32_t n_hosts = 7 + (uint32_t) dice_between(&d, 0, 13);
        Host *hosts = arena_new(&arena, Host, n_hosts);
        Vm *vms = arena_new(&arena, Vm, VMS_MOST);
        Rule *rules = arena_new(&arena, Rule, 8);
        Snapshot *s = arena_new(&arena, Snapshot, 1);
        uint32_t n = 0;

        for (HostIx h = 0; h < n_hosts; h++) {
                random_host(&d, &hosts[h], h, true);
                hosts[h].cpus = HOST_CPUS;
                hosts[h].memory_mib = HOST_MIB;
                n = fill_host(&d, h, h % 2 == 0, h == n_hosts - 1 ? 20 : 100, vms, n, plain);
        }
        for (uint32_t i = 0; i < n; i++)
                vms[i].name = text_format(&arena, "vm%04u", i);
        *s = (Snapshot){ .cluster = "lopsided",
                         .hosts = hosts,
                         .n_hosts = n_hosts,
                         .vms = vms,
                         .n_vms = n,
                         .rules = rules,
                         .n_rules = plain ? 0 : some_apart(&d, rules, 8, vms, n) };
        return s;
}

static uint32_t hosts_in_use(const Snapshot *s) {
        uint32_t n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                bool used = false;

                for (VmIx v = 0; v < s->n_vms; v++)
                        used |= s->vms[v].host == h;
                n += used;
        }
        return n;
}

static uint32_t hosts_needed(const Snapshot *s) {
        int64_t cpus = 0, mib = 0, most;

        for (VmIx v = 0; v < s->n_vms; v++) {
                cpus += s->vms[v].vcpus;
                mib += s->vms[v].memory_mib;
        }
        most = (cpus + HOST_CPUS - 1) / HOST_CPUS;
        return (uint32_t) ((mib + HOST_MIB - 1) / HOST_MIB > most ? (mib + HOST_MIB - 1) / HOST_MIB : most);
}

static void pack_many(bool plain, uint32_t *ret_used, uint32_t *ret_needed, uint32_t *ret_before) {
        *ret_used = *ret_needed = *ret_before = 0;
        for (uint64_t seed = 1; seed <= SEEDS_OF(40); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const Settings *settings = packing_settings();
                const Snapshot *s = lopsided_cluster(seed, plain), *after;
                const Plan *plan = NULL, *again = NULL;
                const Objection *objections;

                cr_assert_eq(0,
                             planner_plan(&arena, s, settings, policies_all(), PLAN_REQUEST_DEFAULT, &plan));
                cr_assert_eq(0, objections_to(&arena, s, settings, plan, &objections));
                after = snapshot_after(&arena, s, plan);
                cr_assert_eq(0, planner_plan(&arena, after, settings, policies_all(), PLAN_REQUEST_DEFAULT,
                                             &again));
                cr_assert_eq(again->n_moves, 0, "seed %lu: planned again, %u moves", (unsigned long) seed,
                             again->n_moves);
                *ret_before += hosts_in_use(s);
                *ret_used += hosts_in_use(after);
                *ret_needed += hosts_needed(s);
                arena_rewind(&arena, mark);
        }
}

Test(packing, hosts_that_are_full_in_different_resources_are_emptied_together) {
        uint32_t used, needed, before;

        pack_many(true, &used, &needed, &before);
        cr_assert_geq(before * 100, needed * 115, "%u in use, %u needed: nothing to pack", before, needed);
        cr_assert_leq(used * 100, needed * 103, "%u hosts in use of %u, %u would do", used, before, needed);
}

Test(packing, rules_and_vms_that_may_not_move_are_kept) {
        uint32_t used, needed, before;

        pack_many(false, &used, &needed, &before);
        cr_assert_leq(used * 100, needed * 112, "%u hosts in use of %u, %u would do", used, before, needed);
}

/* ---- the order ---- */

typedef struct Walk {
        PackWalk walk;
        HostIx *at;
} Walk;

/* Moves one after the other, each with room when it is made. */
static Walk random_walk(const Problem *p, Prng *g) {
        Walk k = { .walk = { .most = 200 } };
        Assignment *x = NULL;

        k.walk.moves = arena_new(&arena, Move, k.walk.most);
        cr_assert_eq(0, assignment_build(&arena, p, &x));
        for (uint32_t i = 0; i < 600 && k.walk.n < k.walk.most; i++) {
                const Move m = { prng_below(g, p->n_vms), 0, prng_below(g, p->n_hosts) };
                bool fits = x->host_of[m.vm] != m.to;

                for (uint32_t r = 0; r < p->n_res; r++)
                        fits &= assignment_load(x, m.to)[r] + problem_need(p, m.vm)[r] <=
                                p->limit[(size_t) m.to * p->n_res + r];
                if (!fits)
                        continue;
                k.walk.moves[k.walk.n++] = (Move){ m.vm, x->host_of[m.vm], m.to };
                assignment_move(x, k.walk.moves[k.walk.n - 1]);
        }
        k.at = x->host_of;
        return k;
}

/* No host holds more than its line while the moves of a wave are under way, on both sides. */
static void waves_have_room(const Problem *p, const WaveOrder *o, uint64_t seed) {
        Assignment *x = NULL;

        cr_assert_eq(0, assignment_build(&arena, p, &x));
        for (uint32_t i = 0, end; i < o->n; i = end) {
                int64_t *coming = arena_new(&arena, int64_t, (size_t) p->n_hosts * p->n_res);

                for (end = i; end < o->n && o->moves[end].wave == o->moves[i].wave; end++) {
                        cr_assert_eq(x->host_of[o->moves[end].move.vm], o->moves[end].move.from);
                        for (uint32_t r = 0; r < p->n_res; r++)
                                coming[o->moves[end].move.to * p->n_res + r] +=
                                        problem_need(p, o->moves[end].move.vm)[r];
                }
                for (uint32_t c = 0; c < p->n_hosts * p->n_res; c++)
                        cr_assert(coming[c] == 0 ||
                                          assignment_load(x, c / p->n_res)[c % p->n_res] + coming[c] <=
                                                  p->limit[c],
                                  "seed %lu: host %u", (unsigned long) seed, c / p->n_res);
                for (uint32_t m = i; m < end; m++)
                        assignment_move(x, o->moves[m].move);
        }
}

/* Moves to a host that is not where the VM stays. */
static uint32_t stop_overs_of(const WaveOrder *o) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < o->n; i++)
                n += o->moves[i].move.to != o->host_of[o->moves[i].move.vm];
        return n;
}

static const Problem *walk_problem(uint64_t seed) {
        const Problem *p = NULL;

        cr_assert_eq(0, problem_build(&arena, lopsided_cluster(seed, true), packing_settings(), &p));
        return p;
}

Test(packing, a_walk_becomes_waves_that_come_to_the_same) {
        uint32_t moves = 0, waves = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(200); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                Prng g = prng_seeded(seed);
                const Problem *p = walk_problem(seed);
                const Walk k = random_walk(p, &g);
                const WaveLimits limits = { .per_host_in = 1 + prng_below(&g, 3),
                                            .per_host_out = 1 + prng_below(&g, 3),
                                            .at_once = 1 + prng_below(&g, 12) };
                WaveOrder o;

                cr_assert_eq(0, waves_walk(&arena, p, limits, k.walk.moves, k.walk.n, &o));
                cr_assert_eq(o.n_left_out, 0);
                cr_assert_eq(o.n, k.walk.n);
                cr_assert_arr_eq(o.host_of, k.at, sizeof(HostIx) * p->n_vms);
                cr_assert_eq(o.n_stop_overs, stop_overs_of(&o), "seed %lu", (unsigned long) seed);
                waves_have_room(p, &o, seed);
                moves += o.n;
                waves += o.n_waves;
                arena_rewind(&arena, mark);
        }
        cr_assert_lt(waves * 2, moves); /* they do not go one by one */
}

Test(packing, a_shorter_walk_ends_where_the_long_one_did) {
        uint32_t shorter = 0, moves = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(200); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                const WaveLimits one = { .per_host_in = 1, .per_host_out = 1, .at_once = 1 };
                Prng g = prng_seeded(seed);
                const Problem *p = walk_problem(seed);
                Walk k = random_walk(p, &g);
                const uint32_t n = k.walk.n;
                WaveOrder o;

                cr_assert_eq(0, pack_walk_shorten(&arena, p, p->pack, &k.walk));
                cr_assert_eq(0, waves_walk(&arena, p, one, k.walk.moves, k.walk.n, &o));
                cr_assert_eq(o.n, k.walk.n, "seed %lu: %u of %u", (unsigned long) seed, o.n, k.walk.n);
                cr_assert_arr_eq(o.host_of, k.at, sizeof(HostIx) * p->n_vms);
                waves_have_room(p, &o, seed);
                for (uint32_t i = 0; i < o.n; i++)
                        cr_assert_eq(o.moves[i].wave, i);
                moves += n;
                shorter += n - k.walk.n;
                arena_rewind(&arena, mark);
        }
        cr_assert_gt(shorter * 10, moves);
}
