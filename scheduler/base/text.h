/* SPDX-License-Identifier: Apache-2.0 */
/* Text: formatted strings in an arena, strict numbers, quantities with units.
 *
 * Pure: locale plays no part (decimal point is '.'). Threads: any.
 *
 * Units: bytes; scaled numbers as said. Owner: texts are in the arena; buffers the caller's. Errors: -EINVAL,
 * -ERANGE, or NULL: the arena is full.
 */
#pragma once

#include "scheduler/base/arena.h"

/* Where and what is wrong with a text a person wrote. `what` says what was found and what is accepted. */
typedef struct TextFault {
        uint32_t line, column; /* from 1; 0: not known */
        char field[160];       /* "hosts[3].memory_mib", or "" */
        char what[240];
} TextFault;

void text_fault(TextFault *f, const char *field, const char *fmt, ...) printf_like(3, 4);

/* Faults of one text, in the caller's array; those past `most` are not kept. */
typedef struct TextFaults {
        TextFault *at;
        uint32_t n, most;
} TextFaults;

/* Keeps a copy where there is room. False: there is none left. */
bool text_faults_add(TextFaults *l, const TextFault *f);

/* By line and column; those at one place stay as they came. */
void text_faults_sort(TextFaults *l);

/* `one` where n is 1, `many` otherwise: text_format(a, "%u %s", n, text_plural(n, "VM", "VMs")). */
static inline const char *text_plural(int64_t n, const char *one, const char *many) {
        return n == 1 ? one : many;
}

/* Formatted into the arena; NULL when the arena is full. */
char *text_format(Arena *a, const char *fmt, ...) printf_like(2, 3) must_check;
/* Two hexadecimal digits a byte and a NUL into ret[2 * n + 1]; ret. */
char *text_hex(const void *bytes, size_t n, char *ret);

char *text_copy(Arena *a, const char *s, size_t n) must_check;

/* All of s[0..n) is a decimal whole number in min..max. 0; -EINVAL not a number; -ERANGE out of range. */
int text_to_int(const char *s, size_t n, int64_t min, int64_t max, int64_t *ret) must_check;

/* "12.345" with up to 9 decimals, as thousandths (scale 1000), millionths (1000000) …; rounds half up.
 * No exponent, no sign but '-'. 0, -EINVAL, -ERANGE (outside min..max, in scaled units). */
int text_to_scaled(const char *s, size_t n, int64_t scale, int64_t min, int64_t max, int64_t *ret) must_check;

/* The entry of words[0..n) nearest to `word` by edit distance, or NULL when none is near (over 1/2 of it). */
const char *text_nearest(const char *word, const char *const *words, size_t n);

/* As strcmp() where 'A' is 'a': of ASCII letters, whatever the locale. Are they the same so? */
int text_order(const char *left, const char *right);
bool text_is_same(const char *left, const char *right);

/* Byte for byte; NULL is the same as NULL only. */
bool text_equal(const char *left, const char *right);

/* Valid UTF-8 (RFC 3629) without control characters; may be empty. */
bool text_is_line(const char *s, size_t n);

/* A valid name of a host, VM, group …: 1..255 bytes, valid UTF-8, no control character. */
bool text_is_name(const char *s, size_t n);
