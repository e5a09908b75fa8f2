/* SPDX-License-Identifier: Apache-2.0 */
/* A kept host is filled from the pool: first with what has room, then by exchanges that leave the pool with
 * less. */
#include <stdlib.h>

#include "scheduler/decide/search/packing.h"

static uint32_t pack_fill_pool(Packing *k) {
        uint32_t n = 0;

        k->seen_now++;
        for (uint32_t i = 0; i < k->n_hosts; i++)
                if (k->pool[k->hosts[i]])
                        n += pack_list(k, k->hosts[i], k->in + n);
        return n;
}

/* How well v fills what h has left: the larger, and the more of what h has most of. */
static int64_t pack_fill_match(const Packing *k, VmIx v, HostIx h) {
        int64_t sum = 0;

        for (unsigned i = 0; i < k->n_main; i++)
                sum += pack_size(k, v, i) * pack_room(k, h, i);
        return sum;
}

static bool pack_fill_shift(Packing *k, HostIx h, uint32_t n) {
        for (;;) {
                VmIx best = IX_NONE;
                int64_t most = -1;

                k->s->evaluations += n;
                for (uint32_t i = 0; i < n; i++) {
                        const VmIx v = k->in[i];
                        int64_t match;

                        if (k->refused[v] == k->turn || !pack_fits(k->s, k->goal, v, h))
                                continue;
                        match = pack_fill_match(k, v, h);
                        if (match > most) {
                                most = match;
                                best = v;
                        }
                }
                if (best == IX_NONE)
                        return false;
                if (pack_try(k, best, h))
                        return true;
                k->refused[best] = k->turn;
        }
}

typedef struct Swap {
        int64_t gain;
        VmIx out, in;
} Swap;

/* in[n] by bulk, the largest first: for one that goes out the first that has room is the best. */
static void pack_fill_best(Packing *k, HostIx h, uint32_t n, Swap *best) {
        uint32_t n_out;

        k->seen_now++;
        n_out = pack_list(k, h, k->out);
        for (uint32_t o = 0; o < n_out; o++) {
                const VmIx out = k->out[o];
                const int64_t bulk = pack_bulk(k, out);

                for (uint32_t i = 0; i < n; i++) {
                        const VmIx in = k->in[i];
                        const int64_t gain = pack_bulk(k, in) - bulk;

                        k->s->evaluations++;
                        if (gain <= best->gain)
                                break;
                        if (k->refused[in] == k->turn || !pack_swap_fits(k, out, in, h))
                                continue;
                        *best = (Swap){ gain, out, in };
                        break;
                }
        }
}

static void pack_fill_sort(Packing *k, uint32_t n) {
        for (uint32_t i = 1; i < n; i++) { /* few, for there is one of each class */
                const VmIx v = k->in[i];
                const int64_t bulk = pack_bulk(k, v);
                uint32_t at = i;

                for (; at > 0 && pack_bulk(k, k->in[at - 1]) < bulk; at--)
                        k->in[at] = k->in[at - 1];
                k->in[at] = v;
        }
}

static bool pack_fill_swap(Packing *k, HostIx h, uint32_t n) {
        pack_fill_sort(k, n);
        while (!search_state_stopped(k->s)) {
                Swap best = { .out = IX_NONE };
                const uint32_t made = k->walk->n;
                HostIx shelter;

                pack_fill_best(k, h, n, &best);
                if (best.out == IX_NONE)
                        return false;
                shelter = pack_shelter(k, best.out);
                if (shelter != IX_NONE && pack_try(k, best.out, shelter)) {
                        if (pack_try(k, best.in, h))
                                return true;
                        pack_walk_undo(k->s, k->walk, made);
                        k->refused[best.in] = k->turn;
                } else {
                        k->refused[best.out] = k->turn;
                }
        }
        return false;
}

bool pack_fill(Packing *k, HostIx h) {
        bool some = false, more = true;

        k->turn++;
        while (more && !search_state_stopped(k->s)) {
                const uint32_t n = pack_fill_pool(k);

                more = n > 0 && (pack_fill_shift(k, h, n) || pack_fill_swap(k, h, n));
                some |= more;
        }
        return some;
}
