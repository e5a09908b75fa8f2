/* SPDX-License-Identifier: Apache-2.0 */
/* Byte strings → small numbers in the order they first come: names of racks, sets of networks, classes.
 *
 * Owner: the arena. Errors: -ENOMEM. Expected O(1) a string; SipHash under the arena's key (base/keyed_hash.h) with open addressing.
 *
 * Units: none. Threads: one for each Intern.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef struct InternEntry {
        uint64_t hash;
        const void *bytes;
        size_t n;
} InternEntry;

typedef struct Intern {
        Arena *arena;
        InternEntry *entries; /* [n] by number */
        uint32_t *slots;      /* number + 1, or 0 */
        uint32_t n, size;     /* size: of slots, a power of two */
} Intern;

int intern_new(Arena *a, Intern *ret) must_check;

/* The number of bytes[0..n), new or not. The bytes are copied when they are new. */
int intern_bytes(Intern *t, const void *bytes, size_t n, uint32_t *ret) must_check;
