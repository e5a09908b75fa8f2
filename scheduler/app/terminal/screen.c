/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/screen.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "scheduler/base/text_harmless.h"

/* The locale's character set, from the environment alone: the process stays in the C locale. */
static bool locale_is_utf8(void) {
        static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
                const char *v = getenv(names[i]);

                if (v && *v)
                        return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
        }
        return false;
}

Screen screen_of(FILE *out) {
        Screen s = { .out = out };
        const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
        struct winsize size = { 0 };
        int fd = fileno(out);

        if (fd < 0 || !isatty(fd))
                return s;
        s.live = term && *term && strcmp(term, "dumb") != 0;
        s.colour = s.live && !(no_colour && *no_colour);
        s.utf8 = locale_is_utf8();
        s.width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
        return s;
}

void screen_wipe(const Screen *s, unsigned lines) {
        if (lines > 0)
                (void) out_say(s->out, "\033[%uA\033[J", lines);
}

unsigned screen_mark(const Screen *s) {
        (void) fflush(s->out);
        return s->lines ? *s->lines : 0;
}

unsigned screen_drawn(const Screen *s, unsigned mark, unsigned said) {
        (void) fflush(s->out);
        return s->lines ? *s->lines - mark : said;
}

const char *screen_style(const Screen *s, Style style) {
        return s->colour ? out_style(style) : "";
}

typedef struct Range {
        uint32_t first, last;
} Range;

static bool in_ranges(uint32_t c, const Range *ranges, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (c >= ranges[i].first && c <= ranges[i].last)
                        return true;
        return false;
}

/* After Kuhn's wcwidth (2007) and Unicode's EastAsianWidth; the C library's depends on the locale. */
static unsigned char_columns(uint32_t c) {
        static const Range none[] = { { 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },
                                      { 0x610, 0x61a },   { 0x64b, 0x65f },   { 0x200b, 0x200f },
                                      { 0x202a, 0x202e }, { 0x2060, 0x2064 }, { 0x20d0, 0x20ff },
                                      { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f }, { 0xfeff, 0xfeff } };
        static const Range wide[] = { { 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },
                                      { 0x3400, 0x4dbf },   { 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },
                                      { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },   { 0xfe30, 0xfe6f },
                                      { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
                                      { 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd } };

        if (c < 0x300 || !text_char_is_harmless(c)) /* the latter is shown as '?' */
                return 1;
        if (in_ranges(c, none, ARRAY_SIZE(none)))
                return 0;
        return in_ranges(c, wide, ARRAY_SIZE(wide)) ? 2 : 1;
}

unsigned text_columns(const char *s, size_t n) {
        unsigned columns = 0;
        uint32_t c;

        for (size_t i = 0; i < n;) {
                i += text_char(s + i, n - i, &c);
                columns += char_columns(c);
        }
        return columns;
}

size_t text_fit(const char *s, size_t n, unsigned columns) {
        unsigned used = 0;
        size_t i = 0;

        while (i < n) {
                uint32_t c;
                size_t len = text_char(s + i, n - i, &c);

                used += char_columns(c);
                if (used > columns)
                        break;
                i += len;
        }
        return i;
}

const char *text_safe(const char *s, char *buf, size_t size) {
        size_t n = strlen(s), used = 0;

        assert(size > 0);
        for (size_t i = 0; i < n;) {
                uint32_t c;
                size_t len = text_char(s + i, n - i, &c);
                bool bad = !text_char_is_harmless(c);

                if (used + len >= size)
                        break;
                if (bad)
                        buf[used++] = '?';
                else {
                        memcpy(buf + used, s + i, len);
                        used += len;
                }
                i += len;
        }
        buf[used] = '\0';
        return buf;
}
