/* SPDX-License-Identifier: Apache-2.0 */
/* Text that grows in an arena, with numbers and JSON strings; nothing else may take from the arena meanwhile.
 *
 * Why not jansson's json_dumps(): the files have a line for each host, VM and move, so that diff can compare
 * them; jansson indents every field or none. And decimals are written from integers here, digit for digit.
 *
 * When the arena is full all further writing is dropped, and text_writer_end() says so. Pure.
 *
 * Units: bytes; v ÷ scale. Owner: the arena. Errors: -ENOMEM, from text_writer_end() alone. Threads: one for
 * each writer.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef struct TextWriter {
        Arena *arena;
        ArenaMark start;
        char *text;
        size_t n, size;
        bool full;
} TextWriter;

TextWriter text_writer_new(Arena *a);
void text_writer_put(TextWriter *w, const char *s, size_t n);
void text_writer_word(TextWriter *w, const char *s);
void text_writer_int(TextWriter *w, int64_t value);
/* value / scale with at most `places` decimals, rounded half up, no zeros at the end: 1250/1000 → 1.25; value >= 0.
 */
void text_writer_decimal(TextWriter *w, int64_t value, int64_t scale, int places);
/* In double quotes, with JSON's escapes. */
void text_writer_string(TextWriter *w, const char *s);

/* The text, NUL-terminated. 0 or -ENOMEM: then nothing is kept. */
int text_writer_end(TextWriter *w, const char **ret, size_t *ret_n) must_check;
