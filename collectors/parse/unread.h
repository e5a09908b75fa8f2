/* SPDX-License-Identifier: Apache-2.0 */
/* What a parser did not understand, by the name the item would have: the rest of the answer counts, and this is told
 * beside it. Pure.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef struct Unread {
        const char *name, *why; /* "md127", "container" */
        struct Unread *next;
} Unread;

/* Adds to the list, in `a`; of one name there is one, with all its reasons. The first 256 names are kept. Texts are
 * copied, and cut where they are long. 0 or -ENOMEM. */
int unread_add(Arena *a, Unread **list, const char *name, const char *why) must_check;

/* "State Zqx": a word that is none of those that are known; NULL or "": "no State". 0 or -ENOMEM. */
int unread_word(Arena *a, Unread **list, const char *name, const char *what, const char *word) must_check;
