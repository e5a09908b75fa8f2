/* SPDX-License-Identifier: Apache-2.0 */
/* Words as one text, separated by commas, as metrics carry lists. Pure.
 *
 * Units: none. Owner: words stay the caller's; the joined text is in the arena. Errors: NULL: the arena is
 * full; a word too many is not taken. Threads: any, a list belongs to one.
 */
#pragma once

#include "scheduler/base/arena.h"

#define WORDS_MAX 256 /* in one list; the rest is dropped, and `full` says so */

typedef struct WordList { /* zeroed: empty */
        const char *words[WORDS_MAX];
        uint32_t n;
        bool full;
} WordList;

/* A word once. Empty words and those with a comma or control character in them are not taken: no list could
 * hold them. The word is not copied. */
void words_add(WordList *list, const char *word);

/* Sorted, "a,b,c"; "" for none; NULL when the arena is full. */
const char *words_join(WordList *list, Arena *a);
