/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "scheduler/decide/cost/reserve_parts.h"

static int count_cases(const ReserveGoal *goal, uint32_t *ret) {
        uint64_t n = goal->losses > 0 && goal->n_domains >= goal->losses ? 1 : 0;

        for (uint32_t i = 0; i < goal->losses && n > 0; i++)
                n = n * (goal->n_domains - i) / (i + 1);
        *ret = (uint32_t) n;
        return n > UINT32_MAX / RESERVE_LOSSES_MAX ? -ENOMEM : 0;
}

/* The hosts of each domain, by counting; at LEVEL_HOST a domain is its host. */
static int index_domains(Arena *a, Reserve *k) {
        const Problem *p = k->p;
        const Level level = k->goal->level;
        const uint32_t n = p->n_domains[level];
        uint32_t *fill;

        k->lowest = arena_new(a, HostIx, n);
        if (!k->lowest)
                return -ENOMEM;
        for (HostIx h = p->n_hosts; h-- > 0;)
                k->lowest[problem_domain(p, level, h)] = h;
        if (level == LEVEL_HOST)
                return 0;
        k->hosts_start = arena_new(a, uint32_t, (size_t) n + 2);
        k->hosts = arena_new(a, uint32_t, p->n_hosts);
        if (!k->hosts_start || !k->hosts)
                return -ENOMEM;
        fill = k->hosts_start + 1; /* shifted by one: filling moves each start to its place */
        for (HostIx h = 0; h < p->n_hosts; h++)
                fill[p->domain[level][h] + 1]++;
        for (uint32_t d = 0; d < n; d++)
                fill[d + 1] += fill[d];
        for (HostIx h = 0; h < p->n_hosts; h++)
                k->hosts[fill[p->domain[level][h]]++] = h;
        return 0;
}

static int list_cases(Arena *a, Reserve *k) {
        const ReserveGoal *goal = k->goal;
        uint32_t set[RESERVE_LOSSES_MAX] = { 0, 1, 2, 3 };

        if (count_cases(goal, &k->n_cases) < 0)
                return -ENOMEM;
        k->cases = arena_new(a, Case, k->n_cases);
        k->open = arena_new(a, uint32_t, k->n_cases);
        k->domains = arena_new(a, uint32_t, (size_t) k->n_cases * goal->losses);
        if (!k->cases || !k->open || !k->domains)
                return -ENOMEM;
        for (uint32_t c = 0; c < k->n_cases; c++) {
                HostIx lowest = k->p->n_hosts;

                for (uint32_t i = 0; i < goal->losses; i++) {
                        const uint32_t d = goal->domains[set[i]];

                        k->domains[(size_t) c * goal->losses + i] = d;
                        lowest = k->lowest[d] < lowest ? k->lowest[d] : lowest;
                }
                k->cases[c].start = after(k, lowest);
                (void) combination_next(set, goal->losses, goal->n_domains);
        }
        return 0;
}

static int count_shares(Arena *a, Reserve *k) {
        const Problem *p = k->p;
        const ReserveGoal *goal = k->goal;
        const uint32_t n = n_weighed(p);
        int64_t *all;

        if (goal->share_permille == 0)
                return 0;
        k->n_shares = goal->share_level < LEVEL_N ? p->n_domains[goal->share_level] : 1;
        k->free = arena_new(a, int64_t, (size_t) k->n_shares * (RES_MEMORY + 1));
        k->wanted = all = arena_new(a, int64_t, (size_t) k->n_shares * (RES_MEMORY + 1));
        if (!k->free || !k->wanted)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                for (uint32_t r = 0; r < n && reserve_is_refuge(p, h); r++) {
                        const size_t i = (size_t) share_domain(k, h) * (RES_MEMORY + 1) + r;

                        k->free[i] += positive(k->room[(size_t) h * p->n_res + r]);
                        all[i] += problem_capacity(p, h)[r];
                }
        for (uint32_t d = 0; d < k->n_shares; d++)
                for (uint32_t r = 0; r < n; r++) {
                        int64_t *wanted = &all[(size_t) d * (RES_MEMORY + 1) + r];

                        *wanted = *wanted / 1000 * goal->share_permille +
                                  *wanted % 1000 * goal->share_permille / 1000;
                        k->lacking += lacks(k, d, r);
                }
        return 0;
}

static int place_vms(Arena *a, Reserve *k, const HostIx *host_of) {
        const Problem *p = k->p;
        const size_t cells = (size_t) p->n_hosts * p->n_res;

        k->room = arena_new(a, int64_t, cells);
        k->left = arena_new(a, int64_t, p->n_hosts);
        k->first = arena_new(a, VmIx, p->n_hosts);
        k->next = arena_new(a, VmIx, p->n_vms);
        k->list = arena_new(a, VmIx, p->n_vms);
        k->left_before = arena_new(a, int64_t, p->n_vms);
        for (int fit = 0; fit < FIT_N; fit++) {
                k->places[fit] = arena_new(a, HostIx, p->n_vms);
                k->tried[fit] = arena_new(a, Lack, p->n_vms);
                if (k->goal->losses == 1)
                        k->lacks[fit] = arena_new(a, Lack, p->n_vms);
                if (!k->places[fit] || !k->tried[fit] || (k->goal->losses == 1 && !k->lacks[fit]))
                        return -ENOMEM;
        }
        if (!k->room || !k->left || !k->first || !k->next || !k->list || !k->left_before)
                return -ENOMEM;
        for (size_t i = 0; i < cells; i++)
                k->room[i] = p->capacity[i] - (p->base ? p->base[i] : 0);
        for (HostIx h = 0; h < p->n_hosts; h++)
                k->first[h] = IX_NONE;
        for (uint32_t i = p->n_vms; i-- > 0;) {
                const VmIx v = k->goal->by_size[i];
                const HostIx h = host_of ? host_of[v] : p->home[v];

                for (uint32_t r = 0; r < p->n_res && h != IX_NONE; r++)
                        k->room[(size_t) h * p->n_res + r] -= problem_need(p, v)[r];
                if (k->goal->counts[v] && h != IX_NONE) {
                        k->next[v] = k->first[h];
                        k->first[h] = v;
                }
        }
        for (HostIx h = 0; h < p->n_hosts; h++)
                k->left[h] = left_on(k, h);
        return 0;
}

static int list_refuges(Arena *a, Reserve *k) {
        const size_t words = k->p->n_hosts / 64 + 1;
        uint64_t *refuges = arena_new(a, uint64_t, words);

        k->refuges = refuges;
        k->takers = arena_new(a, uint64_t, words);
        if (!refuges || !k->takers)
                return -ENOMEM;
        for (HostIx h = 0; h < k->p->n_hosts; h++)
                if (reserve_is_refuge(k->p, h))
                        refuges[h / 64] |= UINT64_C(1) << h % 64;
        return 0;
}

int reserve_build(Arena *a, const Problem *p, const HostIx *host_of, Reserve **ret) {
        Reserve *k = arena_new(a, Reserve, 1);

        if (!k)
                return -ENOMEM;
        k->p = p;
        k->goal = p->reserve;
        k->rank = p->reserve->rank;
        if (place_vms(a, k, host_of) < 0 || list_refuges(a, k) < 0 || index_domains(a, k) < 0 ||
            list_cases(a, k) < 0 || count_shares(a, k) < 0)
                return -ENOMEM;
        for (uint32_t c = 0; c < k->n_cases; c++)
                reserve_case_update(k, c);
        *ret = k;
        return 0;
}
