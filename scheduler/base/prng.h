/* SPDX-License-Identifier: Apache-2.0 */
/* A small seeded generator (splitmix64, Steele, Lea, Flood 2014): the same seed, the same numbers, anywhere.
 *
 * Units: none. Owner: the Prng is the caller's. Errors: none. Threads: any, each its own.
 */
#pragma once

#include <stdint.h>

typedef struct Prng {
        uint64_t state;
} Prng;

static inline Prng prng_seeded(uint64_t seed) {
        return (Prng){ .state = seed };
}

static inline uint64_t prng_next(Prng *prng) {
        uint64_t z = (prng->state += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* A number in 0..n-1 (n > 0), by multiplication: no division, bias below 2^-32 (Lemire 2019). */
static inline uint32_t prng_below(Prng *prng, uint32_t n) {
        return (uint32_t) (((prng_next(prng) >> 32) * (uint64_t) n) >> 32);
}
