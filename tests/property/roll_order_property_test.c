/* SPDX-License-Identifier: Apache-2.0 */
/* The order of rolling maintenance, against every order and every placement there is on tiny clusters. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/base/prng.h"
#include "scheduler/decide/query/roll_order.h"

#define HOSTS 4U
#define VMS   5U
#define RES   2U

static Arena arena;

typedef struct Tiny {
        Problem p;
        int64_t capacity[HOSTS * RES], base[HOSTS * RES], need[VMS * RES];
        HostIx home[VMS], hosts[HOSTS];
        Reason pinned[VMS];
        HostRole roles[HOSTS];
        uint32_t n; /* to be emptied: the first so many */
} Tiny;

static void setup(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void teardown(void) {
        arena_close(&arena);
}

TestSuite(roll_order, .init = setup, .fini = teardown);

static void make(Tiny *t, uint64_t seed, int64_t room) {
        Prng rng = prng_seeded(seed);

        *t = (Tiny){ .n = 2 + prng_below(&rng, HOSTS - 1) };
        for (uint32_t h = 0; h < HOSTS; h++) {
                t->capacity[h * RES] = 100;
                t->capacity[h * RES + RES_MEMORY] = room + prng_below(&rng, 4);
                t->hosts[h] = h;
        }
        for (uint32_t v = 0; v < VMS; v++) {
                t->need[v * RES] = 1;
                t->need[v * RES + RES_MEMORY] = 1 + prng_below(&rng, 3);
                t->home[v] = prng_below(&rng, HOSTS);
        }
        t->p = (Problem){ .n_hosts = HOSTS,
                          .n_vms = VMS,
                          .n_res = RES,
                          .capacity = t->capacity,
                          .limit = t->capacity,
                          .base = t->base,
                          .need = t->need,
                          .home = t->home,
                          .pinned = t->pinned,
                          .roles = t->roles };
}

static int64_t memory_on(const Tiny *t, const HostIx *at, HostIx h) {
        int64_t sum = 0;

        for (uint32_t v = 0; v < VMS; v++)
                sum += at[v] == h ? t->need[v * RES + RES_MEMORY] : 0;
        return sum;
}

/* The least that moves from here on; INT64_MAX: it cannot be done. `open`: bit set of hosts to be emptied. */
static int64_t least(const Tiny *t, HostIx *at, uint32_t open, HostIx now, uint32_t v) {
        int64_t best = INT64_MAX;

        if (now == IX_NONE) {
                if (open == 0)
                        return 0;
                for (HostIx h = 0; h < t->n; h++) {
                        int64_t mib = open >> h & 1 ? least(t, at, open & ~(1U << h), h, 0) : INT64_MAX;

                        best = mib < best ? mib : best;
                }
                return best;
        }
        while (v < VMS && at[v] != now)
                v++;
        if (v == VMS)
                return least(t, at, open, IX_NONE, 0);
        for (HostIx h = 0; h < HOSTS; h++) {
                int64_t need = t->need[v * RES + RES_MEMORY], mib;

                if (h == now || memory_on(t, at, h) + need > t->capacity[h * RES + RES_MEMORY])
                        continue;
                at[v] = h;
                mib = least(t, at, open, now, v + 1);
                at[v] = now;
                if (mib != INT64_MAX && mib + need < best)
                        best = mib + need;
        }
        return best;
}

static void compare(int64_t room, int64_t slack_percent) {
        int64_t got = 0, best = 0;

        for (uint64_t seed = 1; seed <= 30; seed++) {
                HostIx at[VMS];
                RollOrder order;
                int64_t mib;
                Tiny t;

                make(&t, seed, room);
                memcpy(at, t.home, sizeof(at));
                mib = least(&t, at, (1U << t.n) - 1, IX_NONE, 0);
                cr_assert_eq(0, roll_order(&arena, &t.p, t.hosts, t.n, 1, &order));
                if (mib == INT64_MAX)
                        cr_assert_gt(order.n_stuck, 0, "seed %llu", (unsigned long long) seed);
                if (mib == INT64_MAX || order.n_stuck > 0)
                        continue;
                cr_assert_geq(order.mib, mib, "seed %llu", (unsigned long long) seed);
                got += order.mib;
                best += mib;
        }
        cr_assert_gt(best, 0);
        cr_assert_leq(got * 100, best * (100 + slack_percent), "%lld, best %lld", (long long) got,
                      (long long) best);
}

Test(roll_order, where_there_is_room_no_order_moves_less) {
        compare(20, 0);
}

Test(roll_order, where_there_is_little_it_is_near_the_best) {
        compare(5, 8);
}

Test(roll_order, each_host_comes_once_and_groups_are_no_larger_than_asked) {
        for (uint64_t seed = 1; seed <= 200; seed++) {
                uint32_t seen = 0, in_group = 0;
                RollOrder order;
                Tiny t;

                make(&t, seed, 7);
                cr_assert_eq(0, roll_order(&arena, &t.p, t.hosts, t.n, 2, &order));
                cr_assert_eq(t.n, order.n);
                for (uint32_t i = 0; i < order.n; i++) {
                        seen |= 1U << order.hosts[i];
                        in_group = i > 0 && order.group[i] == order.group[i - 1] ? in_group + 1 : 1;
                        cr_assert_leq(in_group, 2);
                }
                cr_assert_eq((1U << t.n) - 1, seen);
        }
}

Test(roll_order, an_empty_list_is_an_empty_plan) {
        RollOrder order;
        Tiny t;

        make(&t, 1, 9);
        cr_assert_eq(0, roll_order(&arena, &t.p, t.hosts, 0, 1, &order));
        cr_assert_eq(0, order.n_groups);
}
