/* SPDX-License-Identifier: Apache-2.0 */
/* Where words go: a terminal with colours and bars, or a plain stream.
 *
 * Units: columns; bytes. Owner: the stream is the caller's. Errors: none. Threads: any.
 */
#pragma once

#include <stdio.h>

#include "scheduler/base/out.h"

typedef struct Screen {
        FILE *out;
        bool live;             /* a terminal: lines may be drawn again */
        bool colour;           /* a terminal, NO_COLOR is not set, TERM is not "dumb" */
        bool utf8;             /* a terminal whose locale is UTF-8: block characters may be used */
        unsigned width;        /* columns; 0: no limit (not a terminal) */
        const unsigned *lines; /* of the terminal, begun so far; NULL: nobody counts */
} Screen;

Screen screen_of(FILE *out);

/* Goes back up over so many lines, and wipes what stands there. */
void screen_wipe(const Screen *s, unsigned lines);

/* Where a drawing begins, for screen_drawn(). What was written before is flushed. */
unsigned screen_mark(const Screen *s);

/* The lines of the terminal that `said` lines took since the mark: those that were too long took more. They are flushed. */
unsigned screen_drawn(const Screen *s, unsigned mark, unsigned said);

/* The escape sequence that begins a style, "" without colour. STYLE_PLAIN ends all. */
const char *screen_style(const Screen *s, Style style);

/* s[0..n) in columns of a terminal: wide characters count 2, combining ones 0, what is not harmless 1 (its '?'). */
unsigned text_columns(const char *s, size_t n);

/* The longest start of s[0..n) of at most `columns` columns, in bytes. Never cuts a character. */
size_t text_fit(const char *s, size_t n, unsigned columns);

/* Copies s to buf with '?' for what is not harmless (text_harmless.h): what a VM or a host is called must not
 * steer a terminal. Cut to size. Returns buf. */
const char *text_safe(const char *s, char *buf, size_t size);
