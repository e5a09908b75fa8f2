/* SPDX-License-Identifier: Apache-2.0 */
/* Words for people on a stream. All that is given as a text (%s) may come from outside and is made harmless
 * (text_harmless.h): a '?' stands for each character that is not. What a program has in its own words stands in
 * the form, which is printed as it is; styles are known by where they are, not by what stands in them.
 *
 * tests/arrows/quoting.py asks that programs print by these alone.
 *
 * Units: none. Owner: the stream is the caller's. Errors: -EIO: the stream took
 * not all, now or before (its ferror()).
 * Threads: one a stream.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>

#include "scheduler/base/common.h"

typedef enum Style {
        STYLE_PLAIN,
        STYLE_STRONG,
        STYLE_FAINT,
        STYLE_GOOD,
        STYLE_WARN,
        STYLE_BAD,
        STYLE_N,
} Style;

/* The escape sequence of a style; out_say() lets it through, and no other. */
const char *out_style(Style style);

/* As fprintf(). Conversions: d i u x X c f g e s %, with flags, width, precision, '*'; h l ll z j. */
int out_say(FILE *out, const char *fmt, ...) printf_like(2, 3);

int out_vsay(FILE *out, const char *fmt, va_list ap) printf_like(2, 0);

/* s, one line after the other: lines and tabs stay, all else as in out_say(). */
void out_lines(FILE *out, const char *s);

/* JSON text s[0..n), whole characters: what is not harmless in its strings as \u…. */
void out_json(FILE *out, const char *s, size_t n);

/* What out_say() and log_event() share: the form's own words to `words`, each number printed to it, too, and each
 * text to `text`, with the two characters before it (blanks where a conversion or nothing is). */
typedef struct OutSink {
        void *arg;
        void (*words)(void *arg, const char *s, size_t n);
        void (*text)(void *arg, const char *before, const char *s, size_t n);
} OutSink;

void out_form(const OutSink *sink, const char *fmt, va_list ap) printf_like(2, 0);
