/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/text_harmless.h"

void text_fault(TextFault *f, const char *field, const char *fmt, ...) {
        va_list ap;

        if (field != f->field) /* its own stays */
                (void) snprintf(f->field, sizeof(f->field), "%s", field ? field : "");
        va_start(ap, fmt);
        (void) vsnprintf(f->what, sizeof(f->what), fmt, ap);
        va_end(ap);
}

bool text_faults_add(TextFaults *l, const TextFault *f) {
        if (l->n < l->most)
                l->at[l->n++] = *f;
        return l->n < l->most;
}

static bool stands_before(const TextFault *left, const TextFault *right) {
        return left->line < right->line || (left->line == right->line && left->column < right->column);
}

void text_faults_sort(TextFaults *l) {
        for (uint32_t i = 1; i < l->n; i++) {
                const TextFault f = l->at[i];
                uint32_t k = i;

                for (; k > 0 && stands_before(&f, &l->at[k - 1]); k--)
                        l->at[k] = l->at[k - 1];
                l->at[k] = f;
        }
}

char *text_format(Arena *a, const char *fmt, ...) {
        va_list ap;
        char *s;
        int n;

        va_start(ap, fmt);
        n = vsnprintf(NULL, 0, fmt, ap);
        va_end(ap);
        if (n < 0)
                return NULL;
        s = arena_new(a, char, (size_t) n + 1);
        if (!s)
                return NULL;
        va_start(ap, fmt);
        (void) vsnprintf(s, (size_t) n + 1, fmt, ap);
        va_end(ap);
        return s;
}

char *text_hex(const void *bytes, size_t n, char *ret) {
        static const char digits[] = "0123456789abcdef";
        const unsigned char *byte = bytes;

        for (size_t i = 0; i < n; i++) {
                ret[2 * i] = digits[byte[i] >> 4];
                ret[2 * i + 1] = digits[byte[i] & 15];
        }
        ret[2 * n] = '\0';
        return ret;
}

char *text_copy(Arena *a, const char *s, size_t n) {
        char *copy = arena_new(a, char, n + 1);

        return copy ? memcpy(copy, s, n) : NULL;
}

int text_to_int(const char *s, size_t n, int64_t min, int64_t max, int64_t *ret) {
        return text_to_scaled(s, memchr(s, '.', n) ? 0 : n, 1, min, max, ret);
}

int text_to_scaled(const char *s, size_t n, int64_t scale, int64_t min, int64_t max, int64_t *ret) {
        const char *end = s + n;
        bool negative = n > 0 && *s == '-', digits = false;
        int64_t value = 0, unit = scale;

        if (negative)
                s++;
        for (; s < end && *s >= '0' && *s <= '9'; s++, digits = true)
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, *s - '0', &value))
                        return -ERANGE;
        if (__builtin_mul_overflow(value, scale, &value))
                return -ERANGE;
        if (s < end && *s == '.') {
                int64_t rest = 0, place = 1;

                s++;
                if (s == end || end - s > 9)
                        return -EINVAL;
                for (; s < end && *s >= '0' && *s <= '9'; s++, digits = true) {
                        rest = rest * 10 + (*s - '0');
                        place *= 10;
                }
                if (__builtin_mul_overflow(rest, unit, &rest) ||
                    __builtin_add_overflow(value, (rest + place / 2) / place, &value))
                        return -ERANGE;
        }
        if (s != end || !digits)
                return -EINVAL;
        if (negative)
                value = -value;
        if (value < min || value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

#define NEAREST_MAX 64

static size_t edit_distance(const char *left, size_t n, const char *right, size_t m) {
        size_t row[NEAREST_MAX + 1];

        for (size_t j = 0; j <= m; j++)
                row[j] = j;
        for (size_t i = 1; i <= n; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= m; j++) {
                        size_t best = diagonal + (left[i - 1] != right[j - 1]);

                        diagonal = row[j];
                        if (row[j] + 1 < best)
                                best = row[j] + 1;
                        if (row[j - 1] + 1 < best)
                                best = row[j - 1] + 1;
                        row[j] = best;
                }
        }
        return row[m];
}

const char *text_nearest(const char *word, const char *const *words, size_t n) {
        size_t length = strlen(word), best = length / 2 + 1;
        const char *nearest = NULL;

        if (length > NEAREST_MAX)
                return NULL;
        for (size_t i = 0; i < n; i++) {
                size_t m = strlen(words[i]), d;

                if (m > NEAREST_MAX)
                        continue;
                d = edit_distance(word, length, words[i], m);
                if (d < best) {
                        best = d;
                        nearest = words[i];
                }
        }
        return nearest;
}

/* Eight bytes at once: ASCII, none below 0x20, none 0x7f? May say no where it is so, never yes where not
 * ("determine if a word has a byte less than n", Anderson, Bit Twiddling Hacks). */
static bool eight_are_plain(const unsigned char *bytes) {
        const uint64_t ones = UINT64_C(0x0101010101010101);
        uint64_t w, del;

        memcpy(&w, bytes, sizeof(w));
        del = w ^ 0x7f * ones;
        return ((w | (w - 0x20 * ones) | (del - ones)) & 0x80 * ones) == 0;
}

static int text_small(char c) {
        return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char) c;
}

int text_order(const char *left, const char *right) {
        for (; *left && text_small(*left) == text_small(*right); left++)
                right++;
        return text_small(*left) - text_small(*right);
}

bool text_is_same(const char *left, const char *right) {
        return text_order(left, right) == 0;
}

bool text_equal(const char *left, const char *right) {
        return left && right ? strcmp(left, right) == 0 : left == right;
}

bool text_is_line(const char *s, size_t n) {
        const unsigned char *p = (const unsigned char *) s;

        for (size_t i = 0; i < n;) {
                uint32_t c;

                if (n - i >= 8 && eight_are_plain(p + i)) {
                        i += 8;
                        continue;
                }
                i += text_char(s + i, n - i, &c);
                if (c == TEXT_CHAR_BROKEN || c < 0x20 || c == 0x7f)
                        return false;
        }
        return true;
}

bool text_is_name(const char *s, size_t n) {
        return n > 0 && n <= 255 && text_is_line(s, n);
}
