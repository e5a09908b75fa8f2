/* SPDX-License-Identifier: Apache-2.0 */
/* How many random cases a law is tried on. What takes long is tried on a few in the fast suite, which asks for that by
 * PLIMSOLL_PART=8 (an eighth), and on all under the label "seeds" (tests.cmake: WHOLE_LATER); by hand on all.
 *
 * Units: cases. Errors: none. Threads: any.
 */
#pragma once

#include <stdint.h>
#include <stdlib.h>

static inline uint32_t seeds_divisor(uint32_t least) {
        const char *text = getenv("PLIMSOLL_PART");
        const unsigned long part = text ? strtoul(text, NULL, 10) : 1;

        return part > least && part < 1000 ? (uint32_t) part : least;
}

/* Of n cases those that are asked for. */
#define PART_OF(n) ((n) / seeds_divisor(1))

/* The same. Under sanitizers, five times slower, a quarter at most: they look for faults of memory, the other builds
 * look for breaches of the law. */
#ifdef SANITIZED
#define SEEDS_OF(n) ((n) / seeds_divisor(4))
#else
#define SEEDS_OF(n) PART_OF(n)
#endif
