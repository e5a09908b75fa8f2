/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/text_harmless.h"

#include <string.h>

typedef struct HarmRange {
        uint32_t first, last;
} HarmRange;

/* Ascending. */
static const HarmRange harm_ranges[] = {
        { 0x0, 0x1f },        { 0x7f, 0x9f },       { 0xad, 0xad },           { 0x34f, 0x34f },
        { 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 },       { 0x180b, 0x180f },
        { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f },       { 0x3164, 0x3164 },
        { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 },   { 0xfff0, 0xfffb },       { 0x1bca0, 0x1bca3 },
        { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff }, { 0x110000, UINT32_MAX },
};

size_t text_char(const char *s, size_t n, uint32_t *ret) {
        static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const unsigned char *p = (const unsigned char *) s;
        const size_t len = p[0] < 0x80             ? 1
                           : (p[0] & 0xe0) == 0xc0 ? 2
                           : (p[0] & 0xf0) == 0xe0 ? 3
                           : (p[0] & 0xf8) == 0xf0 ? 4
                                                   : 0;
        uint32_t c;

        *ret = TEXT_CHAR_BROKEN;
        if (len == 0 || len > n)
                return 1;
        c = len == 1 ? p[0] : p[0] & (0x7fU >> len);
        for (size_t i = 1; i < len; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 1;
                c = c << 6 | (p[i] & 0x3fU);
        }
        if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
                return 1;
        *ret = c;
        return len;
}

bool text_char_is_harmless(uint32_t c) {
        if (c >= 0x20 && c < 0x7f)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(harm_ranges) && c >= harm_ranges[i].first; i++)
                if (c <= harm_ranges[i].last)
                        return false;
        return true;
}

size_t text_harmless_span(const char *s, size_t n, const char *but) {
        size_t i = 0;

        while (i < n) {
                uint32_t c;
                const size_t len = text_char(s + i, n - i, &c);

                if (!text_char_is_harmless(c) || (len == 1 && strchr(but, s[i])))
                        break;
                i += len;
        }
        return i;
}

bool text_is_harmless(const char *s, size_t n) {
        return text_harmless_span(s, n, "") == n;
}
