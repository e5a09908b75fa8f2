/* SPDX-License-Identifier: Apache-2.0 */
/* How unevenly hosts are filled, as a standard deviation: n × sd = √(n × Σ share² − (Σ share)²), in integers,
 * from two sums that a move changes at two hosts. Unlike a sum of squares it is no sum over hosts; it is what
 * Ganeti's hbal counts (Ganeti/HTools/Cluster/Metrics.hs).
 *
 * Times n, so that what one move gains does not vanish in a large cluster. In such units that a move which
 * evens out hosts that deviate by DEVIATION_USUAL gains what it gains in a SquareCost of the same weight:
 * then prices of moves mean the same in both (d sd = d variance ÷ 2 sd).
 *
 * Units: fixed point: shares of 1/65536, Cost in those of a SquareCost. Owner: nothing is kept. Errors: none.
 * Threads: any.
 */
#pragma once

#include <string.h>

#include "scheduler/decide/cost/terms.h"

#define DEVIATION_USUAL (SHARE_ONE / 16)

/* √y to the unit below, of 2^60 ≤ y < 2^62. No division, and no library: Newton on 1/√y, from a first guess
 * by the exponent (Lomont, "Fast Inverse Square Root", 2003); what rounding left is set right in integers. */
static inline uint64_t root_of(uint64_t y) {
        const double x = (double) y;
        uint64_t bits, root;
        double inverse;

        memcpy(&bits, &x, sizeof(bits));
        bits = UINT64_C(0x5fe6eb50c7b537a9) - (bits >> 1);
        memcpy(&inverse, &bits, sizeof(inverse));
        for (int i = 0; i < 3; i++)
                inverse = inverse * (1.5 - 0.5 * x * inverse * inverse);
        root = (uint64_t) (x * inverse);
        while (root * root > y)
                root--;
        while ((root + 1) * (root + 1) <= y)
                root++;
        return root;
}

/* 32 × √value, rounded down to 30 digits. */
static inline int64_t root_32(unsigned __int128 value) {
        const uint64_t high = (uint64_t) (value >> 64), low = (uint64_t) value;
        int digits, shift;
        uint64_t root;

        if (value == 0)
                return 0;
        digits = high ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll(low);
        shift = (62 - digits) & ~1; /* even, to 61 or 62 digits */
        root = root_of(shift >= 0 ? low << shift : (uint64_t) (value >> -shift));
        shift = 5 - shift / 2;
        return (int64_t) (shift >= 0 ? root << shift : root >> -shift);
}

/* What n hosts cost whose shares sum to `sum` and whose squares of shares to `squares`. */
static inline Cost deviation_cost(int64_t weight, uint32_t n, int64_t sum, int64_t squares) {
        const unsigned __int128 all = (unsigned __int128) (uint64_t) squares * n;
        const unsigned __int128 even = (unsigned __int128) (uint64_t) sum * (uint64_t) sum;

        return (weight * root_32(all - even)) >> 8; /* × 2 × DEVIATION_USUAL ÷ SHARE_ONE ÷ 32 */
}

/* A host's share: what it holds beyond `zero`, of `unit`. */
static inline int64_t deviation_share(int64_t load, int64_t zero, uint64_t reciprocal) {
        return load > zero ? share_of(load - zero, reciprocal) : 0;
}
