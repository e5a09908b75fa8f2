/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "scheduler/model/by_host.h"
#include "tests/random_cluster.h"

Test(by_host, each_is_once_with_its_host_in_its_order_and_who_is_nowhere_is_left_out) {
        Arena arena;

        cr_assert_eq(0, arena_open((size_t) 16 << 20, &arena));
        for (uint64_t seed = 1; seed <= 200; seed++) {
                const ArenaMark mark = arena_mark(&arena);
                Prng g = prng_seeded(seed);
                const uint32_t n_hosts = prng_below(&g, 9), n = n_hosts > 0 ? prng_below(&g, 40) : 0;
                HostIx *host_of = arena_new(&arena, HostIx, n);
                uint32_t n_there = 0, seen = 0;
                ByHost all;

                cr_assert_not_null(host_of);
                for (uint32_t i = 0; i < n; i++) {
                        host_of[i] = prng_below(&g, 5) == 0 ? IX_NONE : prng_below(&g, n_hosts);
                        n_there += host_of[i] != IX_NONE;
                }
                cr_assert_eq(0, by_host_build(&arena, host_of, n, n_hosts, &all));
                cr_assert_eq(all.from[0], 0);
                for (HostIx h = 0; h < n_hosts; h++) {
                        for (uint32_t i = all.from[h]; i < all.from[h + 1]; i++) {
                                cr_assert_eq(host_of[all.at[i]], h);
                                cr_assert(i == all.from[h] || all.at[i] > all.at[i - 1]);
                        }
                        seen += by_host_count(&all, h);
                }
                cr_assert_eq(seen, n_there);
                arena_rewind(&arena, mark);
        }
        arena_close(&arena);
}

Test(by_host, vms_of_a_snapshot_are_where_it_says) {
        Arena arena;
        const Snapshot *s;
        ByHost all;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
        s = random_cluster(&arena, 7, false);
        cr_assert_eq(0, by_host_vms(&arena, s, &all));
        cr_assert_eq(all.from[s->n_hosts], s->n_vms);
        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t i = all.from[h]; i < all.from[h + 1]; i++)
                        cr_assert_eq(s->vms[all.at[i]].host, h);
        arena_close(&arena);
}
