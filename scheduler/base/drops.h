/* SPDX-License-Identifier: Apache-2.0 */
/* What was left out of what others said, since it is over a bound or no name: how much, and the first of it in words.
 *
 * Units: none. Owner: the caller's. Errors: none: what has no room is counted. Threads: as the caller's.
 */
#pragma once

#include "scheduler/base/common.h"

enum {
        DROPS_NAMED = 16,
        DROPS_WORDS = 200,
};

typedef struct Drops {
        uint64_t n;
        char words[DROPS_NAMED][DROPS_WORDS]; /* [n], or as many as there is room for */
} Drops;

/* "the list of hosts: h\x0ax is no name". `element` are bytes of others, and may be anything. */
void drops_add(Drops *d, const char *where, const char *element, size_t n, const char *why);

/* How many of them have words. */
uint32_t drops_named(const Drops *d);
