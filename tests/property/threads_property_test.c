/* SPDX-License-Identifier: Apache-2.0 */
/* A large cluster is divided among threads: whatever their number, the same VMs go to the same hosts. */
#include <criterion/criterion.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/base/prng.h"
#include "scheduler/decide/search/search.h"

#define HOSTS 1300
#define VMS   7800

static const int64_t weights[] = { 100, 100 };

/* Unevenly filled; some hosts above their load lines, some VMs apart. */
static Problem *uneven(Arena *a, uint64_t seed) {
        Prng g = prng_seeded(seed);
        Problem *p = arena_new(a, Problem, 1);
        int64_t *capacity = arena_new(a, int64_t, (size_t) 2 * HOSTS),
                *limit = arena_new(a, int64_t, (size_t) 2 * HOSTS);
        int64_t *need = arena_new(a, int64_t, (size_t) 2 * VMS), *price = arena_new(a, int64_t, VMS);
        HostIx *home = arena_new(a, HostIx, VMS);
        HostRole *roles = arena_new(a, HostRole, HOSTS);
        Reason *pinned = arena_new(a, Reason, VMS);

        for (HostIx h = 0; h < HOSTS; h++)
                for (uint32_t r = 0; r < 2; r++) {
                        capacity[2 * h + r] = 40000 + 10000 * (int64_t) prng_below(&g, 3);
                        limit[2 * h + r] = capacity[2 * h + r] * 8 / 10;
                }
        for (VmIx v = 0; v < VMS; v++) {
                need[2 * v] = 200 + prng_below(&g, 7000);
                need[2 * v + 1] = 500 + prng_below(&g, 6000);
                price[v] = 80 + prng_below(&g, 60);
                home[v] = prng_below(&g, prng_below(&g, HOSTS) + 1);
        }
        *p = (Problem){ .n_hosts = HOSTS,
                        .n_vms = VMS,
                        .n_res = 2,
                        .capacity = capacity,
                        .limit = limit,
                        .need = need,
                        .home = home,
                        .roles = roles,
                        .pinned = pinned,
                        .load_weight = weights,
                        .balance_weight = weights,
                        .move_price = price,
                        .move_weight = 100 };
        p->n_domains[LEVEL_HOST] = HOSTS;
        return p;
}

Test(threads, their_number_does_not_change_the_plan) {
        const SearchBudget budget = { .max_moves = UINT32_MAX, .max_mib = INT64_MAX, .tasks = 1 };
        const HostIx *first = NULL;
        uint32_t moved = 0;
        Problem *p;
        Arena a;

        cr_assert_eq(0, arena_open((size_t) 1 << 30, &a));
        p = uneven(&a, 7);
        for (unsigned threads = 1; threads <= 4; threads *= 2) {
                const Workers workers = workers_threads(threads);
                SearchResult r;

                cr_assert_eq(0, search_run(&a, &(SearchInput){ p, policies_all(), NULL, budget, 1, &workers },
                                           &r));
                cr_assert(!first || memcmp(first, r.host_of, sizeof(HostIx) * VMS) == 0, "with %u threads",
                          threads);
                first = r.host_of;
        }
        for (VmIx v = 0; v < VMS; v++)
                moved += first[v] != p->home[v];
        cr_assert_gt(moved, VMS / 20);
        arena_close(&a);
}
