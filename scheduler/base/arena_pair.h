/* SPDX-License-Identifier: Apache-2.0 */
/* Two arenas by turns: one holds what is known, the other takes what replaces it. What fails halfway replaces nothing.
 *
 * Units: bytes. Owner: whoever has the pair, by arena_pair_close(). Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/base/arena.h"

/* All zero: nothing is known, and nothing is reserved. */
typedef struct ArenaPair {
        Arena arenas[2];
        unsigned current;
} ArenaPair;

void arena_pair_close(ArenaPair *pair);

/* The one that takes what comes, empty, of at most `limit` bytes. 0 or -ENOMEM. */
int arena_pair_next(ArenaPair *pair, size_t limit, Arena **ret) must_check;

/* What arena_pair_next() took is what is known now. */
void arena_pair_keep(ArenaPair *pair);
