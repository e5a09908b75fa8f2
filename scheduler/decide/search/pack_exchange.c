/* SPDX-License-Identifier: Apache-2.0 */
/* Several hosts are emptied together. Emptying one after the other needs a host whose VMs all find room as the
 * others are; where each host is full in one resource, none is found, though all have much of another. So the
 * hosts that are too many form a pool, and the others are filled from it: by VMs that have room, by exchanges
 * that leave the pool with less, and by exchanges among those that are full in different resources.
 *
 * Which hosts: as many as the bound says are too many; first the emptiest, then those whose VMs are of the kind
 * that the others have room for, and of these with the least to move. In blocks of hosts, so that time grows
 * with the number of hosts only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/search/packing.h"

#define SWEEPS_MAX 24

/* ---- the block ---- */

static int64_t block_line_of(const Packing *k, HostIx h, uint32_t r) {
        return k->goal->line[(size_t) h * k->s->e->problem->n_res + r];
}

static int64_t block_share_left(const Packing *k, HostIx h, uint32_t r) {
        const int64_t line = block_line_of(k, h, r);

        return line > 0 ? (line - assignment_load(k->s->e->x, h)[r]) * PACK_SHARE / line : 0;
}

/* Use of a resource as a share of the lines, over the hosts in use. */
static int64_t block_tightness(const Packing *k, uint32_t r) {
        int64_t use = 0, line = 0;

        for (uint32_t i = 0; i < k->n_hosts; i++)
                if (k->s->n_on[k->hosts[i]] > 0) {
                        use += assignment_load(k->s->e->x, k->hosts[i])[r];
                        line += block_line_of(k, k->hosts[i], r);
                }
        return line > 0 ? (int64_t) ((__int128) use * PACK_SHARE / line) : 0;
}

/* How much hosts differ in what they have left of one and the other. */
static int64_t block_contrast(const Packing *k, uint32_t one, uint32_t other) {
        int64_t sum = 0;

        for (uint32_t i = 0; i < k->n_hosts; i++) {
                const HostIx h = k->hosts[i];
                const int64_t d = block_share_left(k, h, one) - block_share_left(k, h, other);

                sum += k->s->n_on[h] == 0 ? 0 : d < 0 ? -d : d;
        }
        return sum / k->n_hosts;
}

/* The tightest resource, and that which hosts are most unlike in beside it. */
static void block_main(Packing *k) {
        const Problem *p = k->s->e->problem;
        int64_t most = 0, other = 0;

        k->n_main = 0;
        for (uint32_t r = 0; r < p->n_res; r++)
                if (block_tightness(k, r) > most) {
                        most = block_tightness(k, r);
                        k->main[0] = r;
                        k->n_main = 1;
                }
        for (uint32_t r = 0; k->n_main > 0 && r < p->n_res; r++) {
                const int64_t here =
                        r != k->main[0] && 2 * block_tightness(k, r) > most
                                ? block_tightness(k, r) * block_contrast(k, k->main[0], r) / PACK_SHARE
                                : 0;

                if (here > other) {
                        other = here;
                        k->main[1] = r;
                        k->n_main = 2;
                }
        }
        for (unsigned m = 0; m < k->n_main; m++) {
                int64_t line = 0, demand = 0;

                for (uint32_t i = 0; i < k->n_hosts; i++) {
                        line += block_line_of(k, k->hosts[i], k->main[m]);
                        demand += assignment_load(k->s->e->x, k->hosts[i])[k->main[m]];
                }
                k->unit[m] = line / k->n_hosts > 0 ? line / k->n_hosts : 1;
                k->demand[m] = demand > 0 ? demand : 1;
        }
}

static int block_by_line(const void *left, const void *right) {
        const int64_t *x = left, *y = right;

        return (*x < *y) - (*x > *y);
}

/* The fewest hosts that hold what the block's hosts hold: the largest first, resource by resource. */
static uint32_t block_bound(const Packing *k) {
        int64_t lines[PACK_BLOCK_MAX];
        uint32_t most = 0;

        for (uint32_t r = 0; r < k->s->e->problem->n_res; r++) {
                int64_t use = 0;
                uint32_t n = 0;

                for (uint32_t i = 0; i < k->n_hosts; i++) {
                        lines[i] = block_line_of(k, k->hosts[i], r);
                        use += assignment_load(k->s->e->x, k->hosts[i])[r];
                }
                qsort(lines, k->n_hosts, sizeof(*lines), block_by_line);
                for (; n < k->n_hosts && use > 0; n++)
                        use -= lines[n];
                most = n > most ? n : most;
        }
        return most;
}

static bool block_may_empty(const Packing *k, HostIx h, const bool *skip) {
        if (k->goal->cost[h] == 0 || skip[h])
                return false;
        for (VmIx v = k->s->first[h]; v != IX_NONE; v = k->s->next[v])
                if (k->stays[v])
                        return false;
        return true;
}

/* How well the pool would do with h in it: less is better. */
static int64_t pool_badness(const Packing *k, HostIx h) {
        int64_t worst = PACK_SHARE, share = 0;

        for (unsigned m = 0; m < k->n_main; m++) {
                const uint32_t r = k->main[m];
                int64_t pool = assignment_load(k->s->e->x, h)[r], room = 0;

                share += (block_line_of(k, h, r) - assignment_load(k->s->e->x, h)[r]) * PACK_SHARE /
                         k->unit[m];
                for (uint32_t i = 0; i < k->n_hosts; i++) {
                        const HostIx g = k->hosts[i];

                        if (k->pool[g])
                                pool += assignment_load(k->s->e->x, g)[r];
                        else if (g != h && k->s->n_on[g] > 0)
                                room += block_line_of(k, g, r) - assignment_load(k->s->e->x, g)[r];
                }
                pool = room > 0 ? (int64_t) ((__int128) pool * PACK_SHARE / room) : INT32_MAX;
                worst = pool > worst ? pool : worst;
        }
        return worst * 256 - share / 256;
}

/* The emptiest first, then by badness; and the idle ones. Those of the pool in *ret_n. */
static void pool_choose(Packing *k, uint32_t wanted, const bool *skip) {
        for (uint32_t n = 0; n < wanted; n++) {
                HostIx best = IX_NONE;
                int64_t least = INT64_MAX;

                for (uint32_t i = 0; i < k->n_hosts; i++) {
                        const HostIx h = k->hosts[i];
                        int64_t bad = 0;

                        if (k->pool[h] || k->s->n_on[h] == 0 || !block_may_empty(k, h, skip))
                                continue;
                        if (n > 0)
                                bad = pool_badness(k, h);
                        for (unsigned m = 0; n == 0 && m < k->n_main; m++)
                                bad -= pack_room(k, h, m);
                        if (bad < least) {
                                least = bad;
                                best = h;
                        }
                }
                k->s->work += k->n_hosts * k->n_hosts / 4;
                if (best == IX_NONE)
                        break;
                k->pool[best] = true;
        }
        for (uint32_t i = 0; i < k->n_hosts; i++)
                if (k->s->n_on[k->hosts[i]] == 0 && block_may_empty(k, k->hosts[i], skip))
                        k->pool[k->hosts[i]] = true;
}

/* ---- what is left in the pool goes to as few of its hosts as hold it ---- */

static VmIx gather_largest(const Packing *k, HostIx h) {
        VmIx largest = IX_NONE;

        for (VmIx v = k->s->first[h]; v != IX_NONE; v = k->s->next[v])
                if (largest == IX_NONE || pack_bulk(k, v) > pack_bulk(k, largest) ||
                    (pack_bulk(k, v) == pack_bulk(k, largest) && v < largest))
                        largest = v;
        return largest;
}

static bool gather_one(Packing *k, HostIx h) {
        const uint32_t made = k->walk->n;

        while (k->s->n_on[h] > 0 && !search_state_stopped(k->s)) {
                const VmIx v = gather_largest(k, h);
                bool gone = false;

                for (uint32_t i = 0; i < k->n_hosts && !gone; i++)
                        gone = k->hosts[i] != h && k->s->n_on[k->hosts[i]] > 0 && pack_try(k, v, k->hosts[i]);
                if (!gone) {
                        pack_walk_undo(k->s, k->walk, made);
                        return false;
                }
        }
        return k->s->n_on[h] == 0;
}

static void pack_gather(Packing *k) {
        bool more = true;

        while (more && !search_state_stopped(k->s)) {
                more = false;
                for (uint32_t i = 0; i < k->n_hosts; i++)
                        if (k->pool[k->hosts[i]] && k->s->n_on[k->hosts[i]] > 0)
                                more |= gather_one(k, k->hosts[i]);
        }
}

/* ---- one block ---- */

static void pack_sweeps(Packing *k) {
        bool more = true;

        for (uint32_t n = 0; n < SWEEPS_MAX && more && !pack_is_done(k) && !search_state_stopped(k->s); n++) {
                more = false;
                for (uint32_t i = 0; i < k->n_hosts; i++)
                        if (!k->pool[k->hosts[i]] && k->s->n_on[k->hosts[i]] > 0)
                                more |= pack_fill(k, k->hosts[i]);
                more |= pack_even(k);
        }
}

/* With so many hosts in the pool. */
static void block_empty_some(Packing *k, uint32_t wanted, const bool *skip) {
        for (uint32_t i = 0; i < k->n_hosts; i++)
                k->pool[k->hosts[i]] = false;
        pool_choose(k, wanted, skip);
        pack_sweeps(k);
        pack_gather(k);
}

/* Both ways, where the first leaves something in the pool: filling early moves less, but may fill with what is small. The better one
 * stays if it gains; else all is as it was. 1: it gains; 0; -ENOMEM. */
static int block_empty(Packing *k, uint32_t wanted, const bool *skip) {
        const Costs before = k->s->e->cost;
        const uint32_t made = k->walk->n;
        const ArenaMark mark = arena_mark(k->s->arena);
        Costs eager;
        Move *moves;
        uint32_t n;

        k->eager = true;
        block_empty_some(k, wanted, skip);
        if (!pack_is_done(k)) {
                n = k->walk->n - made;
                moves = arena_new(k->s->arena, Move, n);
                if (!moves)
                        return -ENOMEM;
                memcpy(moves, k->walk->moves + made, sizeof(Move) * n);
                eager = k->s->e->cost;
                pack_walk_undo(k->s, k->walk, made);
                k->eager = false;
                block_empty_some(k, wanted, skip);
                if (costs_compare(&eager, &k->s->e->cost) <= 0) {
                        pack_walk_undo(k->s, k->walk, made);
                        pack_walk_replay(k->s, k->walk, moves, n);
                }
                arena_rewind(k->s->arena, mark);
        }
        if (costs_compare(&k->s->e->cost, &before) < 0)
                return 1;
        pack_walk_undo(k->s, k->walk, made);
        return 0;
}

/* With as many hosts as are too many; where that is not worth it, with half of them. 0 or -ENOMEM. */
static int block_pack(Packing *k, const bool *skip) {
        uint32_t used = 0, bound, wanted;
        int r = 0;

        for (uint32_t i = 0; i < k->n_hosts; i++)
                used += k->s->n_on[k->hosts[i]] > 0;
        bound = block_bound(k);
        if (bound < k->goal->least_used)
                bound = k->goal->least_used;
        block_main(k);
        for (wanted = used > bound ? used - bound : 0; wanted > 0 && r == 0 && !search_state_stopped(k->s);
             wanted /= 2)
                r = block_empty(k, wanted, skip);
        return r < 0 ? r : 0;
}

/* ---- all of them ---- */

typedef struct Need {
        const int64_t *need;
        uint32_t n_res;
        VmIx vm;
} Need;

static int by_need(const void *left, const void *right) {
        const Need *x = left, *y = right;

        for (uint32_t r = 0; r < x->n_res; r++)
                if (x->need[r] != y->need[r])
                        return x->need[r] < y->need[r] ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

static int classes_build(Arena *a, Packing *k) {
        const Problem *p = k->s->e->problem;
        const ArenaMark mark = arena_mark(a);
        Need *needs = arena_new(a, Need, p->n_vms);
        uint32_t class = 0;

        if (!needs)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                needs[v] = (Need){ problem_need(p, v), p->n_res, v };
        qsort(needs, p->n_vms, sizeof(*needs), by_need);
        for (uint32_t i = 0; i < p->n_vms; i++) {
                if (i > 0)
                        class += memcmp(needs[i].need, needs[i - 1].need, sizeof(int64_t) * p->n_res) != 0;
                k->class_of[needs[i].vm] = class;
        }
        arena_rewind(a, mark);
        return 0;
}

static int packing_begin(Arena *a, Packing *k) {
        const Problem *p = k->s->e->problem;

        k->hosts = arena_new(a, HostIx, PACK_BLOCK_MAX);
        k->pool = arena_new(a, bool, p->n_hosts);
        k->class_of = arena_new(a, uint32_t, p->n_vms);
        k->seen = arena_new(a, uint32_t, p->n_vms);
        k->refused = arena_new(a, uint32_t, p->n_vms);
        k->in = arena_new(a, VmIx, p->n_vms);
        k->out = arena_new(a, VmIx, p->n_vms);
        k->set = arena_new(a, VmIx, p->n_vms);
        if (!k->hosts || !k->pool || !k->class_of || !k->seen || !k->refused || !k->in || !k->out || !k->set)
                return -ENOMEM;
        return classes_build(a, k);
}

int pack_exchange(SearchState *s, PackWalk *walk, const bool *stays, const bool *skip) {
        const Problem *p = s->e->problem;
        const ArenaMark mark = arena_mark(s->arena);
        Packing k = { .s = s, .goal = p->pack, .walk = walk, .stays = stays };
        uint32_t n = 0, left, block;
        int r = packing_begin(s->arena, &k);

        for (HostIx h = 0; h < p->n_hosts; h++)
                n += p->roles[h].no_entry == REASON_NONE;
        left = n;
        block = (n + PACK_BLOCK_MAX - 1) / PACK_BLOCK_MAX; /* of about the same size */
        block = block > 0 ? (n + block - 1) / block : 1;
        for (HostIx h = 0; r == 0 && h < p->n_hosts; h++) {
                if (p->roles[h].no_entry != REASON_NONE)
                        continue;
                k.hosts[k.n_hosts++] = h;
                left--;
                if (k.n_hosts < block && left > 0)
                        continue;
                r = block_pack(&k, skip);
                k.n_hosts = 0;
        }
        arena_rewind(s->arena, mark);
        return r;
}
