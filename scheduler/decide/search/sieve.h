/* SPDX-License-Identifier: Apache-2.0 */
/* A coarse look at many hosts at once: which of them might take a VM at a price below a given one.
 *
 * Annealing asks this hundreds of millions of times, and nearly always the answer is: none. So what flat.h
 * has in 64 bits a number, host by host, stands here in 32 bits, rounded down, column by column for
 * SIEVE_LANES hosts side by side: a bound from below for as many hosts as a register holds, without a sum
 * across it. What the sieve lets through is evaluated exactly, so that nothing is decided here; it never
 * holds back what the exact cost would accept (tests/property/flat_test.c), and so changes no result.
 *
 * Inside decide/ only. Threads: one.
 *
 * Units: Cost without its last binary digits (Sieve.digits). Owner: the arena. Errors: -ENOMEM from
 * sieve_build() alone.
 */
#pragma once

#include "scheduler/decide/search/flat.h"

#define SIEVE_LANES 16
#define LANES_WIDE  4

typedef struct Sieve {
        const Flat *f;
        uint32_t n_over, n_room; /* columns: without the padding of Flat */
        uint32_t width;          /* of each half of a row, as in Flat */
        uint32_t n_blocks;       /* of SIEVE_LANES hosts */
        int digits;              /* binary digits that are dropped */
        int64_t cap;             /* the largest number in a column: sums of them stay within 32 bits */
        int32_t *over, *room;    /* [block][column][lane]; room: rounded up */
        int32_t *row;            /* [host] the same: over[width], then room[width] */
        int32_t *cost, *excess;  /* [host] of the row as it is, rounded up */
        int32_t *step;           /* [vm] step[width], then need[width] */
        int32_t keep[2][FLAT_WIDTH_MAX]; /* masks of need: 1: of a VM at its home, 0: elsewhere */
} Sieve;

/* 0 or -ENOMEM. In `a`. */
int sieve_build(Arena *a, const Flat *f, Sieve *ret) must_check;

/* After h's row has changed. */
void sieve_refresh(Sieve *s, HostIx h);

/* A cost as the sieve counts: not below it. */
static inline int64_t sieve_up(const Sieve *s, Cost cost) {
        return -(-cost >> s->digits);
}

/* Costs up to here can be compared. */
#define SIEVE_MOST (INT32_C(1) << 28)

static inline int32_t *sieve_over(const Sieve *s, HostIx h) {
        return s->row + (size_t) h * 2 * s->width;
}

static inline int32_t *sieve_room(const Sieve *s, HostIx h) {
        return sieve_over(s, h) + s->width;
}

static inline int32_t *sieve_step(const Sieve *s, VmIx v) {
        return s->step + (size_t) v * 2 * s->width;
}

static inline int32_t *sieve_need(const Sieve *s, VmIx v) {
        return sieve_step(s, v) + s->width;
}
