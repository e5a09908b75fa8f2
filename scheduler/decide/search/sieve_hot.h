/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of sieve.h, inlined into the search: vectors of the width every machine has, so that the lanes
 * stay in registers while the columns go by.
 *
 * Units: as the Sieve's. Owner: nothing is kept. Errors: none. Threads: as the Sieve's: one.
 */
#pragma once

#include <string.h>

#include "scheduler/decide/cost/evaluator_hot.h"
#include "scheduler/decide/search/sieve.h"

#define LANES_N (SIEVE_LANES / LANES_WIDE)

typedef int32_t Lanes __attribute__((vector_size(LANES_WIDE * sizeof(int32_t))));

inlined Lanes lanes_read(const int32_t *from) {
        Lanes x;

        memcpy(&x, from, sizeof(x));
        return x;
}

inlined Lanes lanes_above_zero(Lanes lanes) {
        return lanes & (lanes > 0);
}

/* A bit for each lane that is below zero. */
inlined uint32_t lanes_below_zero(Lanes lanes) {
        const Lanes bits = (lanes < 0) & (Lanes){ 1, 2, 4, 8 };

        return (uint32_t) (bits[0] | bits[1] | bits[2] | bits[3]);
}

/* Adds what v adds to each column of each host: Σ max(0, column + step). */
inlined void lanes_cost(const Sieve *s, uint32_t block, VmIx v, Lanes *sum) {
        const int32_t *over = s->over + (size_t) block * s->n_over * SIEVE_LANES;
        const int32_t *step = sieve_step(s, v), *end = step + s->n_over;

        for (; step < end; step++, over += SIEVE_LANES)
                for (uint32_t i = 0; i < LANES_N; i++)
                        sum[i] += lanes_above_zero(lanes_read(over + (size_t) i * LANES_WIDE) + *step);
}

/* The same of what it lacks. */
inlined void lanes_excess(const Sieve *s, uint32_t block, VmIx v, Lanes *sum) {
        const int32_t *room = s->room + (size_t) block * s->n_room * SIEVE_LANES;
        const int32_t *need = sieve_need(s, v), *end = need + s->n_room;

        for (; need < end; need++, room += SIEVE_LANES)
                for (uint32_t i = 0; i < LANES_N; i++)
                        sum[i] += lanes_above_zero(*need - lanes_read(room + (size_t) i * LANES_WIDE));
}

/* Negative where it may fit. */
inlined void lanes_fit(const Sieve *s, uint32_t block, VmIx v, Lanes *low) {
        const int32_t *room = s->room + (size_t) block * s->n_room * SIEVE_LANES;
        const int32_t *need = sieve_need(s, v), *end = need + s->n_room;

        for (; need < end; need++, room += SIEVE_LANES)
                for (uint32_t i = 0; i < LANES_N; i++)
                        low[i] &= *need - lanes_read(room + (size_t) i * LANES_WIDE);
}

/* Bits of those lanes of a block where v coming costs `base` plus `most` of the lane at most, as far as can
 * be seen (both rounded up, within SIEVE_MOST). price: of a unit of excess; 0: it has to fit. The host that v
 * is at home on is not judged rightly: part of the room there is held for v. */
inlined uint32_t sieve_block(const Sieve *s, uint32_t block, VmIx v, const int32_t *most, int32_t base,
                             int32_t price, int32_t limit) {
        const int32_t *cost = s->cost + (size_t) block * SIEVE_LANES;
        const int32_t *excess = s->excess + (size_t) block * SIEVE_LANES;
        Lanes sum[LANES_N], beyond[LANES_N];
        uint32_t bits = 0;

        for (uint32_t i = 0; i < LANES_N; i++) {
                beyond[i] = -lanes_read(cost + (size_t) i * LANES_WIDE) -
                            lanes_read(most + (size_t) i * LANES_WIDE) - base - 1;
                sum[i] =
                        price > 0 ? -lanes_read(excess + (size_t) i * LANES_WIDE) : (Lanes){ -1, -1, -1, -1 };
        }
        lanes_cost(s, block, v, beyond);
        if (price > 0)
                lanes_excess(s, block, v, sum);
        else
                lanes_fit(s, block, v, sum);
        for (uint32_t i = 0; i < LANES_N; i++) {
                if (price > 0) { /* at most `limit`, or the product would not fit */
                        const Lanes more = lanes_above_zero(sum[i]), capped = more > limit;

                        beyond[i] += ((more & ~capped) | (limit & capped)) * price;
                }
                bits |= lanes_below_zero(price > 0 ? beyond[i] : beyond[i] & sum[i]) << (i * LANES_WIDE);
        }
        return bits;
}

/* One host of a swap, as it is but for the VM that comes: its row when the one that goes has gone, or when
 * the one that seeks others has come. What is taken away was rounded down: it may be 1 more. */
typedef struct SwapSide {
        HostIx host;
        Lanes over[FLAT_WIDTH_MAX / LANES_WIDE], lacks[FLAT_WIDTH_MAX / LANES_WIDE];
} SwapSide;

inlined const int32_t *sieve_keep(const Sieve *s, VmIx v, HostIx h) {
        return s->keep[s->f->e->problem->home[v] == h];
}

/* v leaves h, somebody comes. */
inlined void swap_side_left(const Sieve *s, VmIx v, HostIx h, uint32_t width, SwapSide *ret) {
        const int32_t *keep = sieve_keep(s, v, h);

        ret->host = h;
        for (uint32_t k = 0; k < width; k += LANES_WIDE) {
                ret->over[k / LANES_WIDE] =
                        lanes_read(sieve_over(s, h) + k) - lanes_read(sieve_step(s, v) + k) - 1;
                ret->lacks[k / LANES_WIDE] = -lanes_read(sieve_room(s, h) + k) -
                                             (lanes_read(sieve_need(s, v) + k) & lanes_read(keep + k)) - 1;
        }
}

/* v comes to h, somebody leaves. */
inlined void swap_side_come(const Sieve *s, VmIx v, HostIx h, uint32_t width, SwapSide *ret) {
        const int32_t *keep = sieve_keep(s, v, h);

        ret->host = h;
        for (uint32_t k = 0; k < width; k += LANES_WIDE) {
                ret->over[k / LANES_WIDE] =
                        lanes_read(sieve_over(s, h) + k) + lanes_read(sieve_step(s, v) + k) - 1;
                ret->lacks[k / LANES_WIDE] = (lanes_read(sieve_need(s, v) + k) & lanes_read(keep + k)) -
                                             lanes_read(sieve_room(s, h) + k) - 1;
        }
}

/* Both sums at once: the first in lane 0, the second in lane 1. */
inlined Lanes lanes_sums(Lanes left, Lanes right) {
        const Lanes z = __builtin_shufflevector(left, right, 0, 4, 1, 5) +
                        __builtin_shufflevector(left, right, 2, 6, 3, 7);

        return z + __builtin_shufflevector(z, z, 2, 3, 0, 1);
}

/* A bound from below for what w going from the one side to the other makes the rows of both hosts cost more
 * than now. */
inlined int64_t sieve_swap(const Sieve *s, const SwapSide *left, const SwapSide *come, VmIx w, int64_t price,
                           uint32_t width) {
        const HostIx from = left->host, to = come->host;
        const int32_t *step = sieve_step(s, w), *need = sieve_need(s, w);
        const int32_t *in = sieve_keep(s, w, from), *out = sieve_keep(s, w, to);
        Lanes cost = { 0 }, excess = { 0 };

        for (uint32_t k = 0; k < width; k += LANES_WIDE) {
                const Lanes x = lanes_read(step + k), y = lanes_read(need + k);

                cost += lanes_above_zero(left->over[k / LANES_WIDE] + x);
                cost += lanes_above_zero(come->over[k / LANES_WIDE] - x);
                excess += lanes_above_zero(left->lacks[k / LANES_WIDE] + (y & lanes_read(in + k)));
                excess += lanes_above_zero(come->lacks[k / LANES_WIDE] - (y & lanes_read(out + k)));
        }
        cost = lanes_sums(cost, excess);
        return (int64_t) cost[0] - s->cost[from] - s->cost[to] +
               ((int64_t) cost[1] - s->excess[from] - s->excess[to]) * price;
}
