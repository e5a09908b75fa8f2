/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/json/text_writer.h"

#include <errno.h>
#include <string.h>

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

void text_writer_string(TextWriter *w, const char *s) {
        static const char hex[] = "0123456789abcdef";
        static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";

        text_writer_put(w, "\"", 1);
        while (*s) {
                const char *plain = s, *special;

                while ((unsigned char) *s >= 0x20 && *s != 0x7f && *s != '"' && *s != '\\')
                        s++;
                text_writer_put(w, plain, (size_t) (s - plain));
                if (!*s)
                        break;
                special = strchr(from, *s);
                if (special) {
                        text_writer_put(w, (const char[]){ '\\', to[special - from] }, 2);
                } else {
                        text_writer_put(w, "\\u00", 4);
                        text_writer_put(w, (const char[]){ hex[*s >> 4 & 15], hex[*s & 15] }, 2);
                }
                s++;
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
