/* SPDX-License-Identifier: Apache-2.0 */
/* Text broken into lines at blanks, never within a word that a line has room for.
 *
 * Owner: wrap_open() gives a stream to the caller, who closes it; the stream under it stays the caller's.
 *
 * Units: columns of a terminal; bytes. Errors: wrap_open(): NULL without memory; what the stream under it did not
 * take, the wrapped one's ferror() says. Threads: one for each stream.
 */
#pragma once

#include <stdio.h>

#include "scheduler/base/common.h"

/* The bytes of s[0..n) that stand in a line of `width` columns: up to a newline or the last blank that is in time;
 * a word that is wider than the whole line is cut at its edge. *ret_next: where the next line begins, behind the
 * newline or the blanks. `width` 0: only newlines break. Styles (ESC[…m) take no columns. */
size_t wrap_line(const char *s, size_t n, unsigned width, size_t *ret_next);

/* The columns of the widest word of s[0..n). */
unsigned wrap_widest_word(const char *s, size_t n);

/* A stream to a terminal of `width` columns: what is written to it goes to `to`, lines that are too long broken,
 * what follows indented by two more than their beginning. A line that steers the cursor goes through as it is; so does
 * one that is flushed before its end, a prompt. *lines counts the lines of the terminal, as long as the stream is
 * open. */
FILE *wrap_open(FILE *to, unsigned width, unsigned *lines);
