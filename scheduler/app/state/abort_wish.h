/* SPDX-License-Identifier: Apache-2.0 */
/* A running move that an operator wants aborted (plimsoll abort): a JSON text in the store, by VM (schema plimsoll.abort-wish/1). It
 * names the move by its id in the journal, so that it is about no later move of the VM; whoever carries the move out takes it.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -EBADMSG, -ENOMEM, a negative errno of the store.
 * Threads: the store's; those without one any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/store/store.h"

#define ABORT_WISH_FOR (600 * USEC_PER_SEC) /* so long it is looked for */
#define ABORT_WHY_MAX  200                  /* bytes */

typedef struct AbortWish {
        const char *id; /* of the move; NULL: it cannot be read */
        const char *by, *why;
        usec_t at, until;
} AbortWish;

typedef struct AbortWishes {
        const StoredText *texts; /* [n] as the store has them, by VM */
        const AbortWish *at;     /* [n] */
        uint32_t n;
} AbortWishes;

int abort_wish_print(Arena *a, const AbortWish *wish, const char **ret, size_t *ret_n) must_check;
int abort_wish_parse(Arena *a, const char *text, size_t n, AbortWish *ret) must_check;
int abort_wishes_read(Store *store, Arena *a, AbortWishes *ret) must_check;

/* Whether the reason may stand in journal and audit: one line, not too long; "" is none. */
bool abort_wish_is_why(const char *why);

/* "aborted by root@h1: why": how such a move ends, in journal, record and audit. NULL: no memory. */
const char *abort_wish_words(Arena *a, const AbortWish *wish);
