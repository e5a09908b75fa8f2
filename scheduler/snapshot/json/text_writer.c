/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/json/text_writer.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text_harmless.h"

#define GROWTH 65536

TextWriter text_writer_new(Arena *a) {
        return (TextWriter){ .arena = a, .start = arena_mark(a) };
}

/* Room for n more bytes and the NUL: the arena gives what follows the text, so that it stays in one piece. */
static bool text_writer_has_room(TextWriter *w, size_t n) {
        while (!w->full && w->size - w->n <= n) {
                size_t left = w->arena->limit - w->arena->used, step = n + 1 > GROWTH ? n + 1 : GROWTH;
                char *more = arena_new(w->arena, char, left < step ? left : step);

                if (!more || left == 0) {
                        w->full = true;
                        break;
                }
                if (!w->text)
                        w->text = more;
                assert(more == w->text + w->size);
                w->size += left < step ? left : step;
        }
        return !w->full;
}

void text_writer_put(TextWriter *w, const char *s, size_t n) {
        if (!text_writer_has_room(w, n))
                return;
        memcpy(w->text + w->n, s, n);
        w->n += n;
}

void text_writer_word(TextWriter *w, const char *s) {
        text_writer_put(w, s, strlen(s));
}

void text_writer_int(TextWriter *w, int64_t value) {
        char digits[20];
        size_t at = sizeof(digits);
        uint64_t u = value < 0 ? -(uint64_t) value : (uint64_t) value;

        do {
                digits[--at] = (char) ('0' + u % 10);
                u /= 10;
        } while (u > 0);
        if (value < 0)
                text_writer_put(w, "-", 1);
        text_writer_put(w, digits + at, sizeof(digits) - at);
}

void text_writer_decimal(TextWriter *w, int64_t value, int64_t scale, int places) {
        char digits[18];
        int64_t place = 1, part;

        assert(value >= 0 && scale > 0 && scale <= 1000000 && places >= 0 && places <= 9);
        for (int i = 0; i < places; i++)
                place *= 10;
        part = (value % scale * place + scale / 2) / scale;
        text_writer_int(w, part < place ? value / scale : value / scale + 1);
        if (part == 0 || part == place)
                return;
        for (; part % 10 == 0; places--)
                part /= 10;
        for (int i = places; i-- > 0; part /= 10)
                digits[i] = (char) ('0' + part % 10);
        text_writer_put(w, ".", 1);
        text_writer_put(w, digits, (size_t) places);
}

/* As \u, beyond the basic plane as two of them (RFC 8259, 7); a byte that is not UTF-8 as U+FFFD. */
static void text_writer_escape(TextWriter *w, uint32_t c) {
        static const char hex[] = "0123456789abcdef";
        const uint32_t above = c - 0x10000;
        const uint32_t units[] = { 0xd800 | above >> 10, 0xdc00 | (above & 0x3ff) };

        if (c == TEXT_CHAR_BROKEN)
                c = 0xfffd;
        if (c > 0xffff) {
                text_writer_escape(w, units[0]);
                text_writer_escape(w, units[1]);
                return;
        }
        text_writer_put(
                w, (const char[]){ '\\', 'u', hex[c >> 12], hex[c >> 8 & 15], hex[c >> 4 & 15], hex[c & 15] },
                6);
}

void text_writer_string(TextWriter *w, const char *s) {
        static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
        size_t n = strlen(s);

        text_writer_put(w, "\"", 1);
        while (n > 0) {
                size_t len = text_harmless_span(s, n, "\"\\");
                const char *special;
                uint32_t c;

                text_writer_put(w, s, len);
                s += len;
                n -= len;
                if (n == 0)
                        break;
                len = text_char(s, n, &c);
                special = strchr(from, *s);
                if (special)
                        text_writer_put(w, (const char[]){ '\\', to[special - from] }, 2);
                else
                        text_writer_escape(w, c);
                s += len;
                n -= len;
        }
        text_writer_put(w, "\"", 1);
}

int text_writer_end(TextWriter *w, const char **ret, size_t *ret_n) {
        text_writer_put(w, "", 1);
        if (w->full) {
                arena_rewind(w->arena, w->start);
                return -ENOMEM;
        }
        arena_rewind(w->arena, w->start + w->n); /* gives back what was taken ahead */
        *ret = w->text;
        *ret_n = w->n - 1;
        return 0;
}
