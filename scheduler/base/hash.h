/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a, 64 bit (Fowler, Noll, Vo; draft-eastlake-fnv): small and even, for telling texts apart; against nobody
 * who seeks collisions. Tables whose keys others choose take keyed_hash.h.
 *
 * Units: bytes. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FNV1A_START UINT64_C(0xcbf29ce484222325)

/* The hash of what `hash` stands for, followed by bytes[0..n). */
static inline uint64_t fnv1a(uint64_t hash, const void *bytes, size_t n) {
        for (size_t i = 0; i < n; i++)
                hash = (hash ^ ((const unsigned char *) bytes)[i]) * UINT64_C(0x100000001b3);
        return hash;
}
