/* SPDX-License-Identifier: Apache-2.0 */
/* Logarithms and powers of two in integers, for temperatures: the same on every machine.
 *
 * Units: 16 binary digits. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include <stdint.h>

#define FRACTION 16 /* binary digits of fixed-point fractions */

/* log2(x) with 16 binary digits, x ≥ 1: each squaring of the mantissa gives a digit. */
static inline int64_t log2_fixed(uint64_t value) {
        const int whole = 63 - __builtin_clzll(value);
        uint64_t m =
                whole > 31 ? value >> (whole - 31) : value << (31 - whole); /* 1.0 … 2.0 as 2^31 … 2^32 */
        int64_t y = whole;

        for (int i = 0; i < FRACTION; i++) {
                m = (m * m) >> 31;
                y = 2 * y + (m >> 32 ? 1 : 0);
                m >>= m >> 32 ? 1 : 0;
        }
        return y;
}

/* 2^(y / 65536), y ≥ 0: the product of 2^(1/2), 2^(1/4) … for each digit set. */
static inline int64_t exp2_fixed(int64_t y) {
        static const uint64_t roots[FRACTION] = {
                0xb504f333, 0x9837f051, 0x8b95c1e3, 0x85aac367, 0x82cd8698, 0x8164d1f3,
                0x80b1ed4f, 0x8058d7d2, 0x802c6436, 0x8016302f, 0x800b179c, 0x80058baf,
                0x8002c5d0, 0x800162e6, 0x8000b172, 0x800058b9,
        }; /* 2^(2^−i) as 1.0 = 2^31 */
        const int64_t whole = y >> FRACTION;
        uint64_t m = UINT64_C(1) << 31;

        for (int i = 0; i < FRACTION; i++)
                if (y >> (FRACTION - 1 - i) & 1)
                        m = (m * roots[i]) >> 31;
        return (int64_t) (whole >= 31 ? m << (whole - 31) : m >> (31 - whole));
}
