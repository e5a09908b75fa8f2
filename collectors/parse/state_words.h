/* SPDX-License-Identifier: Apache-2.0 */
/* Words in which tools say how something is → those of the metrics. Pure.
 *
 * Units: none. Owner: static. Errors: NULL as said. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

typedef struct StateWord {
        const char *theirs, *ours;
} StateWord;

/* The first of `words` that `theirs` is, or begins with as whole words ("Failed (Replace Batteries)" is "Failed",
 * "Failedx" is not); NULL: none of them. `theirs` NULL is none. */
const char *state_word_find(const StateWord *words, size_t n, const char *theirs);
#define STATE_WORD(words, theirs) state_word_find(words, ARRAY_SIZE(words), theirs)
