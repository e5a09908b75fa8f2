/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/ssacli_brief.h"

#include <string.h>

static bool is_size(Span field) {
        static const char *const units[] = { " MB", " GB", " TB", " PB" };

        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (field.n > 3 && memcmp(field.at + field.n - 3, units[i], 3) == 0)
                        return true;
        return false;
}

/* After the size: the level, the status to the end, and in that whether it is a spare. */
static void fields_take(Span inner, SsacliBrief *ret) {
        bool sized = false;

        while (inner.n > 0) {
                const char *comma = memmem(inner.at, inner.n, ", ", 2);
                Span field = { inner.at, comma ? (size_t) (comma - inner.at) : inner.n };

                if (sized && ret->status.n == 0 && span_starts(field, "RAID ")) {
                        ret->level = (Span){ field.at + 5, field.n - 5 };
                } else if (sized && ret->status.n == 0) {
                        ret->status = inner;
                        ret->spare = memmem(inner.at, inner.n, "spare", 5) != NULL;
                        return;
                }
                sized |= is_size(field);
                inner = comma ? (Span){ comma + 2, inner.n - field.n - 2 } : (Span){ inner.at, 0 };
        }
}

bool ssacli_brief_parse(Span line, const char *word, SsacliBrief *ret) {
        size_t n = strlen(word);
        const char *open = span_starts(line, word) ? memchr(line.at, '(', line.n) : NULL, *shut;
        Span inner, after;

        if (!open || open < line.at + n + 2 || open[-1] != ' ')
                return false;
        shut = memrchr(open, ')', (size_t) (line.at + line.n - open));
        if (!shut)
                return false;
        *ret = (SsacliBrief){ .name = { line.at + n, (size_t) (open - line.at) - n - 1 } };
        inner = (Span){ open + 1, (size_t) (shut - open) - 1 };
        after = (Span){ shut + 1, (size_t) (line.at + line.n - shut) - 1 };
        fields_take(inner, ret);
        if (span_starts(after, ": "))
                ret->status = (Span){ after.at + 2, after.n - 2 };
        return true;
}
