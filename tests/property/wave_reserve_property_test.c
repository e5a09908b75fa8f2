/* SPDX-License-Identifier: Apache-2.0 */
/* What waves may spend of the reserve is what the judge lets them (docs/judge.md): those that may by the snapshot, whoever else the
 * search lets. After every wave the reserve lacks no more than it did, or than these alone have left. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/decide/cost/reserve_cover.h"
#include "scheduler/decide/order/waves.h"
#include "tests/random_cluster.h"
#include "tests/random_problem.h"

static Arena arena;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

TestSuite(wave_reserve, .init = setup);

static ReserveMeasure measured(const Problem *p, const HostIx *host_of) {
        const ArenaMark mark = arena_mark(&arena);
        ReserveMeasure m;
        Reserve *k;

        cr_assert_eq(0, reserve_build(&arena, p, host_of, &k));
        m = reserve_measure(k);
        arena_rewind(&arena, mark);
        return m;
}

static ReserveMeasure worse_of(ReserveMeasure x, ReserveMeasure y) {
        x.uncovered = x.uncovered > y.uncovered ? x.uncovered : y.uncovered;
        x.lacking = x.lacking > y.lacking ? x.lacking : y.lacking;
        return x;
}

/* In a fourth of the cases the search lets others than the judge does; in another it lets fewer of them. */
static void let_spend(Prng *g, Problem *p, uint64_t seed) {
        ReserveGoal *goal = arena_new(&arena, ReserveGoal, 1);
        bool *search = arena_new(&arena, bool, p->n_vms), *judge = arena_new(&arena, bool, p->n_vms);

        for (VmIx v = 0; v < p->n_vms; v++) {
                judge[v] = prng_below(g, 3) == 0;
                search[v] = seed % 4 == 0 ? prng_below(g, 3) == 0
                                          : judge[v] && (seed % 4 != 1 || prng_below(g, 2));
        }
        *goal = *p->reserve;
        goal->spends = search;
        goal->spends_wave = judge;
        p->reserve = goal;
}

/* Returns how many waves lack more than the one before. */
static uint32_t follow(const Problem *p, const WaveOrder *o, uint64_t seed) {
        HostIx *at = arena_new(&arena, HostIx, p->n_vms), *spent = arena_new(&arena, HostIx, p->n_vms);
        ReserveMeasure most = measured(p, NULL);
        uint32_t n = 0;

        memcpy(at, p->home, sizeof(HostIx) * p->n_vms);
        for (uint32_t i = 0, end; i < o->n; i = end) {
                ReserveMeasure left;

                memcpy(spent, at, sizeof(HostIx) * p->n_vms);
                for (end = i; end < o->n && o->moves[end].wave == o->moves[i].wave; end++) {
                        const Move m = o->moves[end].move;

                        at[m.vm] = m.to;
                        if (p->reserve->spends_wave[m.vm])
                                spent[m.vm] = m.to;
                }
                left = measured(p, at);
                if (!reserve_exceeds(left, most))
                        continue;
                n++;
                most = worse_of(most, measured(p, spent));
                cr_assert(!reserve_exceeds(left, most),
                          "seed %lu: after wave %u %ld VMs have no place, %ld were allowed", seed,
                          o->moves[i].wave, (long) left.uncovered, (long) most.uncovered);
        }
        return n;
}

Test(wave_reserve, no_wave_leaves_less_than_the_judge_allows) {
        uint32_t spent = 0, moved = 0;

        for (uint64_t seed = 1; seed <= SEEDS_OF(1600); seed++) {
                const ArenaMark mark = arena_mark(&arena);
                Prng g = prng_seeded(seed * 6007);
                Problem *p = random_problem(
                        &arena, seed, (RandomShape){ .hosts = 7, .vms = 26, .res = 3, .reserve = true });
                const WaveLimits limits = { .per_host_in = 1 + prng_below(&g, 3),
                                            .per_host_out = 1 + prng_below(&g, 3),
                                            .at_once = 2 + prng_below(&g, 6),
                                            .stop_overs = prng_below(&g, 2) };
                Move moves[26];
                WaveOrder o;
                uint32_t n = 0;

                p->groups = NULL; /* no rules: they keep moves from waves, and have tests of their own */
                p->n_rules = p->n_groups = 0;
                if (p->reserve) {
                        let_spend(&g, p, seed);
                        for (VmIx v = 0; v < p->n_vms; v++) {
                                const HostIx to = prng_below(&g, p->n_hosts);

                                if (to != p->home[v] && prng_below(&g, 3) > 0)
                                        moves[n++] = (Move){ v, p->home[v], to };
                        }
                        cr_assert_eq(0, waves_order(&arena, p, limits, moves, n, &o));
                        spent += follow(p, &o, seed);
                        moved += o.n;
                }
                arena_rewind(&arena, mark);
        }
        cr_assert(spent > SEEDS_OF(80) && moved > SEEDS_OF(1600), "%u waves spent, %u moves", spent, moved);
}
