/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for one planning round.
 *
 * Everything a round makes is taken from one Arena and given back at once by arena_rewind(). Memory comes
 * zeroed. Nothing taken from an arena is freed alone. An arena made by arena_open() reserves address space
 * up to its limit; pages cost memory only once they are taken.
 *
 * Owner:   the program that runs the round (scheduler/app, tests).
 * Errors:  arena_take() returns NULL when the limit is reached; callers return -ENOMEM.
 * Threads: one arena, one thread. arena_split() gives a thread an arena of its own.
 *
 * Units: bytes.
 */
#pragma once

#include "scheduler/base/common.h"
#include "scheduler/base/keyed_hash.h"

typedef struct Arena {
        unsigned char *base;
        size_t used, limit;
        size_t dirty;  /* bytes from base that may be non-zero */
        bool reserved; /* base was mapped by arena_open() */
        HashKey key;   /* of the tables in it (keyed_hash.h): by chance, of each that arena_open() opens */
} Arena;

typedef size_t ArenaMark;

/* An arena over memory of the caller's (a static array in a test). */
Arena arena_over(void *memory, size_t limit);

/* An arena of its own, of at most `limit` bytes. 0, or -ENOMEM. Ended by arena_close(). */
int arena_open(size_t limit, Arena *ret) must_check;
void arena_close(Arena *a);

/* n items of `size` bytes, zeroed; NULL when the limit would be passed. n or size may be 0: not NULL then. */
void *arena_take(Arena *a, size_t n, size_t size, size_t align) must_check;

/* The next `limit` bytes of `a` as an arena, for a worker thread. `ret` lives no longer than the mark before.
 */
int arena_split(Arena *a, size_t limit, Arena *ret) must_check;

ArenaMark arena_mark(const Arena *a);
void arena_rewind(Arena *a, ArenaMark mark);

#define arena_new(a, type, n) ((type *) arena_take((a), (n), sizeof(type), _Alignof(type)))

/* A longer list: the n items of `old`, and zeroed ones up to `room`. The old one stays in the arena. NULL: it is
 * full. */
void *arena_copy_longer(Arena *a, const void *old, size_t n, size_t room, size_t size,
                        size_t align) must_check;

#define arena_longer(a, type, old, n, room)                                                                  \
        ((type *) arena_copy_longer((a), (old), (n), (room), sizeof(type), _Alignof(type)))

/* A list that grows by one item at a time: itself where it has room for item n, else a copy of twice the length.
 * For lists that grow by this alone, from n = 0. NULL: the arena is full. */
void *arena_room(Arena *a, void *list, size_t n, size_t size) must_check;
