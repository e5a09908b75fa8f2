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
        bool live;      /* a terminal: lines may be drawn again */
        bool colour;    /* a terminal, NO_COLOR is not set, TERM is not "dumb" */
        bool utf8;      /* a terminal whose locale is UTF-8: block characters may be used */
        unsigned width; /* columns; 0: no limit (not a terminal) */
} Screen;

Screen screen_of(FILE *out);

/* The escape sequence that begins a style, "" without colour. STYLE_PLAIN ends all. */
const char *screen_style(const Screen *s, Style style);

/* s[0..n) in columns of a terminal: wide characters count 2, combining ones 0, what is not harmless 1 (its '?'). */
unsigned text_columns(const char *s, size_t n);

/* The longest start of s[0..n) of at most `columns` columns, in bytes. Never cuts a character. */
size_t text_fit(const char *s, size_t n, unsigned columns);

/* Copies s to buf with '?' for what is not harmless (text_harmless.h): what a VM or a host is called must not
 * steer a terminal. Cut to size. Returns buf. */
const char *text_safe(const char *s, char *buf, size_t size);
