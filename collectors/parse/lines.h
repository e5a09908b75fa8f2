/* SPDX-License-Identifier: Apache-2.0 */
/* Text of /proc, a line and a word at a time. Pure; nothing is copied; nothing past the end is read.
 * A last line without its newline was cut short: it is not given out.
 *
 * Units: none. Owner: spans point into the text. Errors: -EBADMSG, -ERANGE from number_next() alone. Threads:
 * any.
 */
#pragma once

#include "scheduler/base/common.h"

typedef struct Span {
        const char *at;
        size_t n;
} Span;

/* The next whole line of `rest` (without its newline), which moves on. False at the end. */
bool line_next(Span *rest, Span *ret);

/* The next word (between blanks and tabs) of `rest`, which moves on. False when there is none. */
bool word_next(Span *rest, Span *ret);

/* The next word as an unsigned number. 0; 1: no word left; -EBADMSG: not a number; -ERANGE: past `most`. */
int number_next(Span *rest, uint64_t most, uint64_t *ret) must_check;

bool span_is(Span s, const char *text);
bool span_starts(Span s, const char *text);
