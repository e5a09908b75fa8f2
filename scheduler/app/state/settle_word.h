/* SPDX-License-Identifier: Apache-2.0 */
/* Where a person says that a VM runs of which nobody can see how its move ended (plimsoll journal settle): of one move, by
 * its number. What cannot be read is no word.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: a negative errno of the store, -ENOMEM.
 * Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/move_journal.h"
#include "scheduler/store/store.h"

#define SETTLE_WHY_MAX  200                       /* bytes */
#define SETTLE_TIME_MAX INT64_C(9000000000000000) /* µs: year 2255 */

typedef struct SettleWord {
        const char *id; /* of the move; NULL: it cannot be read */
        const char *at; /* host */
        const char *by, *why;
        usec_t said_at;
} SettleWord;

typedef struct SettleWords {
        const StoredText *texts; /* [n] as the store has them, by VM */
        const SettleWord *at;    /* [n] */
        uint32_t n;
} SettleWords;

int settle_word_print(Arena *a, const SettleWord *word, const char **ret, size_t *ret_n) must_check;

/* 0; -EBADMSG; -ENOMEM. */
int settle_word_parse(Arena *a, const char *text, size_t n, SettleWord *ret) must_check;

int settle_words_read(Store *store, Arena *a, SettleWords *ret) must_check;

/* The word about this move, or NULL. */
const SettleWord *settle_word_of(const SettleWords *words, const JournalEntry *entry);
