/* SPDX-License-Identifier: Apache-2.0 */
/* What a StoreMemory is, for store_memory.c, which looks, and store_rewrite.c, which writes again.
 *
 * Units: usec_t, in microseconds by the server's clock. Owner: the memory's. Errors: as store_memory.h. Threads: one.
 */
#pragma once

#include "scheduler/store/store_memory.h"
#include "scheduler/store/store_object.h"

/* Of looks: so many times can be lost before it is not known any more since when. At a look each quarter of a lease these
 * are some leases: more than that is forgotten whatever it is. */
enum { MEMORY_BEATS = 64 };

typedef struct MemoryKey {
        Arena arenas[2]; /* one holds the items, the other takes the next ones */
        unsigned current;
        MemoryItem *items;
        uint32_t n;
} MemoryKey;

struct StoreMemory {
        MemoryKey keys[KEY_N];
        usec_t beats[MEMORY_BEATS]; /* of our looks, newest first */
        uint32_t n_beats;
        bool follows;   /* the last look saw no loss itself, but that another service has seen one */
        bool from_file; /* since then nothing was looked at: a journal may have been cut meanwhile */
};

/* The text of a field, or NULL. */
const MemoryItem *memory_find(const MemoryItem *items, uint32_t n, const char *name);

/* All that the store has is what is known now, whatever it was. */
int store_memory_take_up(StoreMemory *m, Store *s) must_check;

/* A mark that was taken back (marks.c): no mark, and no loss. */
bool mark_is_gone(const char *text, size_t n);
