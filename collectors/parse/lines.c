/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/lines.h"

#include <errno.h>
#include <string.h>

bool line_next(Span *rest, Span *ret) {
        const char *end = rest->n > 0 ? memchr(rest->at, '\n', rest->n) : NULL;
        size_t n;

        if (!end)
                return false;
        n = (size_t) (end - rest->at);
        *ret = (Span){ rest->at, n };
        *rest = (Span){ end + 1, rest->n - n - 1 };
        return true;
}

static bool lines_is_blank(char c) {
        return c == ' ' || c == '\t';
}

bool word_next(Span *rest, Span *ret) {
        size_t start = 0, end;

        while (start < rest->n && lines_is_blank(rest->at[start]))
                start++;
        for (end = start; end < rest->n && !lines_is_blank(rest->at[end]);)
                end++;
        if (start == end)
                return false;
        *ret = (Span){ rest->at + start, end - start };
        *rest = (Span){ rest->at + end, rest->n - end };
        return true;
}

int number_next(Span *rest, uint64_t most, uint64_t *ret) {
        uint64_t value = 0;
        Span word;

        if (!word_next(rest, &word))
                return 1;
        for (size_t i = 0; i < word.n; i++) {
                if (word.at[i] < '0' || word.at[i] > '9')
                        return -EBADMSG;
                if (__builtin_mul_overflow(value, 10, &value) ||
                    __builtin_add_overflow(value, (uint64_t) (word.at[i] - '0'), &value))
                        return -ERANGE;
        }
        if (value > most)
                return -ERANGE;
        *ret = value;
        return 0;
}

bool span_is(Span s, const char *text) {
        size_t n = strlen(text);

        return s.n == n && memcmp(s.at, text, n) == 0;
}

bool span_starts(Span s, const char *text) {
        size_t n = strlen(text);

        return s.n >= n && memcmp(s.at, text, n) == 0;
}
