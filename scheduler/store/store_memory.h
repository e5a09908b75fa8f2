/* SPDX-License-Identifier: Apache-2.0 */
/* What a service remembers of its store, so that a store which comes back without it is known for what it is: emptied,
 * replaced, or behind (a fail-over to a replica that lacks the last second).
 *
 *   store_memory_look(m, s, …)       compares the store with the memory. Intact: the memory is brought up to date
 *   store_memory_rewrite(m, s, …)    what the store lacks is written again, by the column "after a loss" of keys.h
 *
 * How a loss is seen. The store has an identity, made once, at random. Each look writes its time into the store after it
 * has read: what the memory has is older than that, so a store whose newest look is older than ours has lost something,
 * and how much. Marks that are taken back leave a line (marks.c), so that one which is gone was lost. The journal only
 * grows, and the token is never without a value.
 *
 * Owner:   the service, by store_memory_free(), which takes NULL; texts live until the next look or rewrite.
 * Errors:  a negative errno of the store, -ENOMEM; then the memory is as it was.
 * Threads: the store's.
 * Units:   usec_t, in microseconds; times are the server's, since the epoch.
 */
#pragma once

#include "scheduler/store/keys.h"
#include "scheduler/store/store.h"

typedef struct StoreMemory StoreMemory;

typedef enum StoreFate {
        STORE_INTACT,
        STORE_BEHIND,    /* it lacks at most `lease` of what was written last: a fail-over, a crash */
        STORE_FORGOTTEN, /* it is another, or has lost more: nobody knows what it should say */
} StoreFate;

enum { STORE_WHY_SIZE = 160, STORE_IDENTITY_SIZE = 80 };

typedef struct StoreFinding {
        StoreFate fate;
        char why[STORE_WHY_SIZE]; /* "it has another identity"; "" when intact */
        usec_t lost_for;          /* how much of the past is gone, where that is known; 0 */
} StoreFinding;

/* A thing that the memory has. */
typedef struct MemoryItem {
        const char *name; /* field of a hash, member of a set, entry of a stream; "" of a string */
        const char *text;
        size_t n;
        const char *was; /* what it was before; NULL: nothing, or not known */
        usec_t since;    /* known so since then */
} MemoryItem;

/* NULL: no memory. */
StoreMemory *store_memory_new(void);
StoreMemory *store_memory_free(StoreMemory *m); /* returns NULL */
DEFINE_OWNED(StoreMemory *, store_memory_free);

/* Does it remember anything? A new one does not: the first look makes the identity where there is none, and is intact.
 */
bool store_memory_knows(const StoreMemory *m);
const char *store_memory_identity(const StoreMemory *m); /* "": none yet */

/* all: also what is large (the memory of faults, the hosts), which only rounds need look at. */
int store_memory_look(StoreMemory *m, Store *s, usec_t lease, bool all, StoreFinding *ret) must_check;

/* After a look that was not intact: what is lacking is written again, and the memory taken up from there. loss: the text
 * of it, that stands until an operator acknowledges it; NULL: it is none that asks for that. *ret_n: things written.
 * What is in the store and newer stays. */
int store_memory_rewrite(StoreMemory *m, Store *s, const char *loss, uint32_t *ret_n) must_check;

/* Those of a key, sorted by name (the journal's: newest first). */
const MemoryItem *store_memory_items(const StoreMemory *m, StoreKey key, uint32_t *ret_n);

/* Of a file that keeps what a service remembered: key by key, into a new memory, KEY_EPOCH among them. Copied. */
int store_memory_put(StoreMemory *m, StoreKey key, const MemoryItem *items, uint32_t n) must_check;

/* ---- a loss that nobody has acknowledged, and who does ---- */

/* 1: there is none. */
int store_get_loss(Store *s, Arena *a, const char **ret, size_t *ret_n) must_check;
/* By an operator: and a round begins. */
int store_put_loss_answer(Store *s, const char *text, size_t n) must_check;
int store_get_loss_answer(Store *s, Arena *a, const char **ret, size_t *ret_n) must_check; /* 1: none */
/* By the leader: this loss is over; `before`: the identity that the store had. 1: refused. */
int store_end_loss(Store *s, uint64_t token, const char *loss, const char *before) must_check;
