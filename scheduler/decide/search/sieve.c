/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/sieve.h"

#include <errno.h>
#include <stdlib.h>

#define MOST_COST (INT32_C(1) << 30) /* above what any row, price and allowance come to together */

/* What is larger than cap is taken for cap. A sum stays a bound from below: x + y with both at most cap in
 * amount is not above the true sum if that is positive, and not above 0 if it is not. */
static int32_t rounded_down(const Sieve *s, int64_t value) {
        const int64_t coarse = value >> s->digits;

        return (int32_t) (coarse > s->cap ? s->cap : coarse < -s->cap ? -s->cap : coarse);
}

/* Of what is taken away from the bound: at least what it is, or so much that anything gets through. */
static int32_t rounded_up(const Sieve *s, int64_t value) {
        const int64_t coarse = sieve_up(s, value);

        return (int32_t) (coarse > MOST_COST ? MOST_COST : coarse);
}

void sieve_refresh(Sieve *s, HostIx h) {
        const size_t block = h / SIEVE_LANES, lane = h % SIEVE_LANES;
        const int64_t *over = flat_over(s->f, h), *room = flat_room(s->f, h);
        int32_t *to = s->over + block * s->n_over * SIEVE_LANES + lane;
        int32_t *row = sieve_over(s, h);

        for (size_t k = 0; k < s->n_over; k++)
                row[k] = to[k * SIEVE_LANES] = rounded_down(s, over[k]);
        to = s->room + block * s->n_room * SIEVE_LANES + lane;
        row = sieve_room(s, h);
        for (size_t k = 0; k < s->n_room; k++)
                row[k] = to[k * SIEVE_LANES] = rounded_down(s, room[k]) + 1;
        s->cost[h] = rounded_up(s, s->f->host_cost[h]);
        s->excess[h] = rounded_up(s, s->f->host_excess[h]);
}

/* The largest number that matters: what a VM adds to a column, a swap to a pair's (where one may add and the
 * other take away less than nothing), and what hosts cost now. Hosts that cost more one day are taken for
 * cheaper. */
static int64_t sieve_largest(const Flat *f) {
        const Problem *p = f->e->problem;
        int64_t most = 1;

        for (VmIx v = 0; v < p->n_vms; v++)
                for (uint32_t k = 0; k < f->width; k++) {
                        const int64_t step = llabs(flat_step(f, v)[k]) * (k < p->n_res ? 1 : 2);
                        const int64_t need = flat_need(f, v)[k];

                        most = step > most ? step : most;
                        most = need > most ? need : most;
                }
        for (HostIx h = 0; h < p->n_hosts; h++)
                most = f->host_cost[h] > most ? f->host_cost[h] : most;
        return most;
}

static int power_above(uint64_t n) {
        int digits = 0;

        while (UINT64_C(1) << digits < n)
                digits++;
        return digits;
}

static void hosts_fill(Sieve *s) {
        for (HostIx h = 0; h < s->f->e->problem->n_hosts; h++) {
                for (uint32_t k = s->n_over; k < s->width; k++)
                        sieve_over(s, h)[k] = (int32_t) -s->cap; /* costs nothing whoever comes */
                for (uint32_t k = s->n_room; k < s->width; k++)
                        sieve_room(s, h)[k] = (int32_t) s->cap;
                sieve_refresh(s, h);
        }
}

static void vms_fill(Sieve *s) {
        for (VmIx v = 0; v < s->f->e->problem->n_vms; v++) {
                for (uint32_t k = 0; k < s->n_over; k++)
                        sieve_step(s, v)[k] = rounded_down(s, flat_step(s->f, v)[k]);
                for (uint32_t k = 0; k < s->n_room; k++)
                        sieve_need(s, v)[k] = rounded_down(s, flat_need(s->f, v)[k]);
        }
}

int sieve_build(Arena *a, const Flat *f, Sieve *ret) {
        const Problem *p = f->e->problem;
        Sieve s = { .f = f, .n_over = p->n_res + f->e->n_pairs, .n_room = p->n_res };
        const size_t lanes = (size_t) (p->n_hosts + SIEVE_LANES - 1) / SIEVE_LANES * SIEVE_LANES;
        const int digits_of_cap = 28 - power_above(s.n_over);

        s.width = f->width;
        for (uint32_t k = 0; k < s.width; k++) {
                s.keep[0][k] = (int32_t) f->elsewhere[k];
                s.keep[1][k] = (int32_t) f->at_home[k];
        }
        s.n_blocks = (uint32_t) (lanes / SIEVE_LANES);
        s.cap = (INT64_C(1) << digits_of_cap) - 1;
        s.digits = power_above((uint64_t) sieve_largest(f) + 1) - digits_of_cap;
        s.digits = s.digits > 0 ? s.digits : 0;
        s.over = arena_new(a, int32_t, lanes * s.n_over);
        s.room = arena_new(a, int32_t, lanes * s.n_room);
        s.row = arena_new(a, int32_t, (size_t) p->n_hosts * 2 * s.width);
        s.cost = arena_new(a, int32_t, lanes);
        s.excess = arena_new(a, int32_t, lanes);
        s.step = arena_new(a, int32_t, (size_t) p->n_vms * 2 * s.width);
        if (!s.over || !s.room || !s.row || !s.cost || !s.excess || !s.step)
                return -ENOMEM;
        hosts_fill(&s);
        vms_fill(&s);
        *ret = s;
        return 0;
}
