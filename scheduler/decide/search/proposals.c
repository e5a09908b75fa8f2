/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/proposals.h"

#include <errno.h>
#include <stdlib.h>

#define POSSIBLE_MAX  (UINT64_C(1) << 23) /* words: 64 MiB */
#define SLOTS_PER_VM  8
#define SIZE_ONE      (INT64_C(1) << 20) /* a VM as large as a host of mean size */
#define SIZE_MOST     (INT64_C(1) << 24)
#define SHARE_UNIFORM 3 /* tenths of the draws in which VMs are alike; in the others, size counts */
#define SHARE_BY_SIZE 7

typedef struct Sized {
        int64_t size;
        VmIx vm;
} Sized;

static int proposals_larger_first(const void *left, const void *right) {
        const Sized *x = left, *y = right;

        if (x->size != y->size)
                return x->size > y->size ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

/* The largest share of a host of mean size that v takes of any resource, at least 1; 0: it stays where it is.
 */
static int64_t size_of(const Problem *p, const Proposals *k, VmIx v, const int64_t *mean) {
        int64_t most = 1;

        if (!proposals_has_choice(k, v))
                return 0;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t share = problem_need(p, v)[r] * SIZE_ONE / mean[r];

                most = share > most ? share : most;
        }
        return most < SIZE_MOST ? most : SIZE_MOST;
}

static int wheel_build(Arena *a, Proposals *k, const int64_t *size) {
        const uint32_t n = k->n_vms;
        uint64_t total = 0, mean, weight = 0, at = 0, choosing = 0;
        uint32_t slots = 1;

        while (slots < SLOTS_PER_VM * (uint64_t) n && slots < UINT32_C(1) << 31)
                slots *= 2;
        k->wheel = arena_new(a, VmIx, slots);
        if (!k->wheel)
                return -ENOMEM;
        k->wheel_mask = slots - 1;
        for (VmIx v = 0; v < n; v++) {
                total += (uint64_t) size[v];
                choosing += size[v] > 0;
        }
        mean = choosing > 0 ? total / choosing + 1 : 1;
        total = total * SHARE_BY_SIZE + mean * choosing * SHARE_UNIFORM;
        for (VmIx v = 0; v < n; v++) {
                if (size[v] == 0)
                        continue;
                weight += ((uint64_t) size[v] * SHARE_BY_SIZE + mean * SHARE_UNIFORM) * slots;
                for (; weight >= total; weight -= total)
                        k->wheel[at++] = v;
        }
        assert(at == slots || choosing == 0);
        return 0;
}

static int ranks_build(Arena *a, Proposals *k, const int64_t *size) {
        Sized *sorted = arena_new(a, Sized, k->n_vms);

        k->by_size = arena_new(a, VmIx, k->n_vms);
        k->rank = arena_new(a, uint32_t, k->n_vms);
        if (!sorted || !k->by_size || !k->rank)
                return -ENOMEM;
        for (VmIx v = 0; v < k->n_vms; v++)
                if (size[v] > 0)
                        sorted[k->n_ranks++] = (Sized){ size[v], v };
        qsort(sorted, k->n_ranks, sizeof(sorted[0]), proposals_larger_first);
        for (uint32_t i = 0; i < k->n_ranks; i++) {
                k->by_size[i] = sorted[i].vm;
                k->rank[sorted[i].vm] = i;
        }
        while (UINT64_C(1) << k->rank_digits < k->n_ranks)
                k->rank_digits++;
        return 0;
}

/* What a host may ever give to a VM from elsewhere: its capacity, less what is held for VMs at home there. */
static int64_t *most_room(Arena *a, const Flat *f) {
        const Problem *p = f->e->problem;
        int64_t *room = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);

        if (!room)
                return NULL;
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                room[i] = p->capacity[i];
        for (VmIx v = 0; v < p->n_vms; v++)
                for (uint32_t r = 0; r < p->n_res; r++)
                        if (f->e->together && p->transient[r])
                                room[(size_t) p->home[v] * p->n_res + r] -= problem_need(p, v)[r];
        return room;
}

static bool is_possible(const Flat *f, const int64_t *room, VmIx v, HostIx h) {
        const Problem *p = f->e->problem;
        const int64_t *need = problem_need(p, v);

        if (h == p->home[v] || !f->e->terms->capacity)
                return true;
        for (uint32_t r = 0; r < p->n_res; r++)
                if (need[r] > 0 && need[r] > room[(size_t) h * p->n_res + r])
                        return false;
        return true;
}

/* Lists for VMs that at most half of the hosts could take; for the others, any host is a fair guess. */
static int lists_build(Arena *a, Proposals *k) {
        uint32_t *count = arena_new(a, uint32_t, k->n_vms);
        uint64_t n = 0;

        if (!count)
                return -ENOMEM;
        for (VmIx v = 0; v < k->n_vms; v++) {
                for (HostIx h = 0; h < k->n_hosts; h++)
                        count[v] += proposals_possible(k, v, h);
                count[v] = count[v] <= k->n_hosts / 2 ? count[v] : 0;
                n += count[v];
        }
        if (n > UINT32_MAX)
                return 0;
        k->list = arena_new(a, HostIx, n);
        if (!k->list)
                return -ENOMEM;
        n = 0;
        for (VmIx v = 0; v < k->n_vms; v++) {
                k->list_start[v] = (uint32_t) n;
                for (HostIx h = 0; count[v] > 0 && h < k->n_hosts; h++)
                        if (proposals_possible(k, v, h))
                                k->list[n++] = h;
        }
        k->list_start[k->n_vms] = (uint32_t) n;
        return 0;
}

static int proposals_hosts_build(Arena *a, const Flat *f, Proposals *k) {
        const int64_t *room;

        k->words = (k->n_hosts + 63) / 64;
        k->list_start = arena_new(a, uint32_t, (size_t) k->n_vms + 1);
        if (!k->list_start)
                return -ENOMEM;
        if ((uint64_t) k->n_vms * k->words > POSSIBLE_MAX)
                return 0;
        room = most_room(a, f);
        k->possible = arena_new(a, uint64_t, (size_t) k->n_vms * k->words);
        if (!room || !k->possible)
                return -ENOMEM;
        for (VmIx v = 0; v < k->n_vms; v++)
                for (HostIx h = 0; h < k->n_hosts; h++)
                        if (is_possible(f, room, v, h))
                                k->possible[(size_t) v * k->words + h / 64] |= UINT64_C(1) << (h % 64);
        return lists_build(a, k);
}

int proposals_build(Arena *a, const Flat *f, Proposals *ret) {
        const Problem *p = f->e->problem;
        Proposals k = { .n_vms = p->n_vms, .n_hosts = p->n_hosts };
        int64_t *size = arena_new(a, int64_t, p->n_vms), mean[PROBLEM_RES_MAX];
        int r;

        if (!size)
                return -ENOMEM;
        for (uint32_t i = 0; i < p->n_res; i++)
                mean[i] = problem_mean_capacity(p, i);
        r = proposals_hosts_build(a, f, &k);
        for (VmIx v = 0; r == 0 && v < p->n_vms; v++)
                size[v] = size_of(p, &k, v, mean);
        if (r == 0)
                r = wheel_build(a, &k, size);
        if (r == 0)
                r = ranks_build(a, &k, size);
        if (r == 0)
                *ret = k;
        return r;
}
