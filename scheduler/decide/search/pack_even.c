/* SPDX-License-Identifier: Apache-2.0 */
/* Of two kept hosts one is full in one resource, the other in the other: neither takes anything more, though
 * both have room. They exchange a VM for a VM, or a VM for several, so that what each has left is of both
 * resources. One side waits in the pool meanwhile. */
#include <stdlib.h>

#include "scheduler/decide/search/packing.h"

#define LOPSIDED_MIN (PACK_SHARE / 100)                          /* less is even enough */
#define GAIN_MIN     ((int64_t) PACK_SHARE * PACK_SHARE / 10000) /* of the squares of what is lopsided */
#define TRIES_MAX    8                                           /* exchanges of one host that rules forbid */

/* What would be exchanged. */
typedef struct Exchange {
        int64_t score;
        VmIx out, in; /* in IX_NONE: the first n of `set` */
        HostIx with;
        uint32_t n;
} Exchange;

static int64_t pack_even_lopsided(const Packing *k, HostIx h) {
        return pack_room(k, h, 0) - pack_room(k, h, 1);
}

static int64_t pack_even_slant(const Packing *k, VmIx v) {
        return pack_size(k, v, 0) - pack_size(k, v, 1);
}

static int64_t pack_even_square(int64_t share) {
        return share * share;
}

/* What an exchange costs besides what it moves: 1 % of a host. Several VMs cost a fifth of that, each. */
static int64_t pack_even_effort(const Packing *k) {
        return PACK_SHARE * (int64_t) PACK_SHARE / 50 / k->n_hosts;
}

/* What it gains for what moves. */
static int64_t pack_even_score(const Packing *k, int64_t gain, int64_t bulk) {
        return gain < GAIN_MIN ? 0 : gain * PACK_SHARE / (bulk + pack_even_effort(k));
}

/* One for one. */
static void pack_even_pairs(Packing *k, HostIx h, HostIx with, uint32_t n_out, Exchange *best) {
        const int64_t here = pack_even_lopsided(k, h), there = pack_even_lopsided(k, with);
        uint32_t n_in;

        k->seen_now++;
        n_in = pack_list(k, with, k->in);
        k->s->evaluations += (uint64_t) n_in * n_out;
        for (uint32_t o = 0; o < n_out; o++)
                for (uint32_t i = 0; i < n_in; i++) {
                        const VmIx out = k->out[o], in = k->in[i];
                        const int64_t shift = pack_even_slant(k, in) - pack_even_slant(k, out);
                        const int64_t gain = pack_even_square(here) + pack_even_square(there) -
                                             pack_even_square(here - shift) - pack_even_square(there + shift);
                        int64_t score;

                        if (gain < GAIN_MIN)
                                continue;
                        score = pack_even_score(k, gain, pack_bulk(k, out) + pack_bulk(k, in));
                        if (score > best->score && pack_swap_fits(k, out, in, h) &&
                            pack_swap_fits(k, in, out, with))
                                *best = (Exchange){ score, out, in, with, 1 };
                }
}

/* ---- one for several ---- */

/* The VMs of `from` that need most of what the other has, and least of what it has not. */
static uint32_t pack_even_set_list(Packing *k, HostIx from, int sign) {
        uint32_t n = 0;

        for (VmIx v = k->s->first[from]; v != IX_NONE; v = k->s->next[v]) {
                const int64_t slant = sign * pack_even_slant(k, v);
                uint32_t at = n;

                if (slant <= 0 || k->stays[v] || k->refused[v] == k->turn)
                        continue;
                for (; at > 0 && (sign * pack_even_slant(k, k->set[at - 1]) < slant ||
                                  (sign * pack_even_slant(k, k->set[at - 1]) == slant && k->set[at - 1] > v));
                     at--)
                        k->set[at] = k->set[at - 1];
                k->set[at] = v;
                n++;
        }
        k->s->evaluations += n;
        return n;
}

/* `out` of h for as many of set[n] as fit there; they are put first in the order of the set. */
static void pack_even_several(Packing *k, HostIx h, HostIx with, VmIx out, uint32_t n, Exchange *best) {
        const Problem *p = k->s->e->problem;
        const int64_t *need_out = problem_need(p, out), *load = assignment_load(k->s->e->x, h),
                      *load_with = assignment_load(k->s->e->x, with);
        const int64_t *line = k->goal->line + (size_t) h * p->n_res,
                      *line_with = k->goal->line + (size_t) with * p->n_res;
        const int64_t here = pack_even_lopsided(k, h), there = pack_even_lopsided(k, with);
        int64_t sum[PROBLEM_RES_MAX] = { 0 }, slant = -pack_even_slant(k, out), bulk = pack_bulk(k, out);

        k->s->evaluations += n;
        for (uint32_t i = 0, taken = 0; i < n; i++) {
                const int64_t *need = problem_need(p, k->set[i]);
                bool fits = true, holds = true;
                int64_t gain, score;

                for (uint32_t r = 0; r < p->n_res && fits; r++)
                        fits = need[r] == 0 || load[r] - need_out[r] + sum[r] + need[r] <= line[r];
                if (!fits)
                        continue;
                for (uint32_t r = 0; r < p->n_res; r++) {
                        sum[r] += need[r];
                        holds &= need_out[r] <= sum[r] || load_with[r] - sum[r] + need_out[r] <= line_with[r];
                }
                slant += pack_even_slant(k, k->set[i]);
                bulk += pack_bulk(k, k->set[i]);
                taken++;
                if (!holds)
                        continue;
                gain = pack_even_square(here) + pack_even_square(there) - pack_even_square(here - slant) -
                       pack_even_square(there + slant);
                score = pack_even_score(k, gain, bulk + taken * pack_even_effort(k) / 5);
                if (score > best->score)
                        *best = (Exchange){ score, out, IX_NONE, with, i + 1 };
        }
}

static bool pack_even_make_several(Packing *k, HostIx h, const Exchange *change) {
        const int sign = pack_even_lopsided(k, h) > 0 ? 1 : -1;
        const uint32_t made = k->walk->n, n = pack_even_set_list(k, change->with, sign);
        const HostIx shelter = pack_shelter(k, change->out);
        bool good = shelter != IX_NONE && pack_try(k, change->out, shelter);

        for (uint32_t i = 0; good && i < change->n && i < n; i++)
                if (pack_fits(k->s, k->goal, k->set[i], h))
                        good = pack_try(k, k->set[i], h);
        good = good && pack_try(k, change->out, change->with);
        if (!good)
                pack_walk_undo(k->s, k->walk, made);
        return good;
}

/* ---- one host ---- */

static bool pack_even_make(Packing *k, HostIx h, const Exchange *change) {
        const uint32_t made = k->walk->n;
        HostIx shelter;

        if (change->in == IX_NONE)
                return pack_even_make_several(k, h, change);
        shelter = pack_shelter(k, change->out);
        if (shelter != IX_NONE && pack_try(k, change->out, shelter) && pack_try(k, change->in, h) &&
            pack_try(k, change->out, change->with))
                return true;
        pack_walk_undo(k->s, k->walk, made);
        shelter = pack_shelter(k, change->in);
        if (shelter != IX_NONE && pack_try(k, change->in, shelter) &&
            pack_try(k, change->out, change->with) && pack_try(k, change->in, h))
                return true;
        pack_walk_undo(k->s, k->walk, made);
        return false;
}

static void pack_even_find(Packing *k, HostIx h, Exchange *best) {
        const int64_t here = pack_even_lopsided(k, h);
        uint32_t n_out;

        k->seen_now++;
        n_out = pack_list(k, h, k->out);
        for (uint32_t i = 0; i < k->n_hosts; i++) {
                const HostIx g = k->hosts[i];

                if (!k->pool[g] && g != h && (pack_even_lopsided(k, g) > 0) != (here > 0))
                        pack_even_pairs(k, h, g, n_out, best);
        }
        for (uint32_t i = 0; best->out == IX_NONE && i < k->n_hosts; i++) {
                const HostIx g = k->hosts[i];
                uint32_t n;

                if (k->pool[g] || g == h || (pack_even_lopsided(k, g) > 0) == (here > 0))
                        continue;
                n = pack_even_set_list(k, g, here > 0 ? 1 : -1);
                for (uint32_t o = 0; o < n_out; o++)
                        if ((pack_even_slant(k, k->out[o]) > 0) != (here > 0))
                                pack_even_several(k, h, g, k->out[o], n, best);
        }
}

/* The kept host that is most lopsided, of those that are not done: its place in the block; IX_NONE: none. */
static uint32_t pack_even_worst(const Packing *k, const uint32_t *tries) {
        uint32_t worst = IX_NONE;
        int64_t most = LOPSIDED_MIN;

        for (uint32_t i = 0; i < k->n_hosts; i++) {
                const int64_t room = pack_even_lopsided(k, k->hosts[i]), off = room < 0 ? -room : room;

                if (!k->pool[k->hosts[i]] && tries[i] < TRIES_MAX && off > most) {
                        most = off;
                        worst = i;
                }
        }
        return worst;
}

bool pack_even(Packing *k) {
        uint32_t tries[PACK_BLOCK_MAX] = { 0 };
        bool some = false;

        if (k->n_main < PACK_MAIN)
                return false;
        k->turn++;
        while (!pack_is_done(k) && !search_state_stopped(k->s)) {
                const uint32_t at = pack_even_worst(k, tries);
                Exchange best = { .out = IX_NONE };
                HostIx h;

                if (at == IX_NONE)
                        break;
                h = k->hosts[at];
                pack_even_find(k, h, &best);
                if (best.out == IX_NONE)
                        tries[at] = TRIES_MAX;
                else if (pack_even_make(k, h, &best)) {
                        some = true;
                        if (k->eager) {
                                (void) pack_fill(k, h);
                                (void) pack_fill(k, best.with);
                        }
                } else {
                        tries[at]++;
                        k->refused[best.out] = k->turn;
                }
        }
        return some;
}
