/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/wrap.h"

#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/text_harmless.h"

/* Bytes of a style's sequence (ESC [ digits and ; m) at s[0..n); 0: there is none. */
static size_t wrap_style(const char *s, size_t n) {
        size_t i = 2;

        if (n < 3 || s[0] != '\x1b' || s[1] != '[')
                return 0;
        while (i < n && ((s[i] >= '0' && s[i] <= '9') || s[i] == ';'))
                i++;
        return i < n && s[i] == 'm' ? i + 1 : 0;
}

/* One step on: a style, which takes no columns, or a character and the columns it takes. */
static size_t wrap_step(const char *s, size_t n, unsigned *ret_columns) {
        size_t bytes = wrap_style(s, n);
        uint32_t c;

        *ret_columns = 0;
        if (bytes > 0)
                return bytes;
        bytes = text_char(s, n, &c);
        *ret_columns = text_columns(s, bytes);
        return bytes;
}

size_t wrap_line(const char *s, size_t n, unsigned width, size_t *ret_next) {
        size_t end = 0, next = 0, i = 0;
        unsigned used = 0;
        bool word = false; /* a word has begun: blanks at the beginning of a line are its indent */

        while (i < n && s[i] != '\n') {
                unsigned columns;
                const size_t bytes = wrap_step(s + i, n - i, &columns);

                if (s[i] == ' ' && word && (i == 0 || s[i - 1] != ' '))
                        end = i;
                if (width > 0 && used + columns > width && s[i] != ' ') {
                        if (end == 0) { /* one word, wider than all of the line */
                                *ret_next = i > 0 ? i : bytes;
                                return *ret_next;
                        }
                        for (next = end; next < n && s[next] == ' ';)
                                next++;
                        *ret_next = next;
                        return end;
                }
                word = word || s[i] != ' ';
                used += columns;
                i += bytes;
        }
        *ret_next = i < n ? i + 1 : i;
        return i;
}

unsigned wrap_widest_word(const char *s, size_t n) {
        unsigned widest = 0, word = 0;

        for (size_t i = 0; i < n;) {
                unsigned columns;
                const size_t bytes = wrap_step(s + i, n - i, &columns);

                word = s[i] == ' ' || s[i] == '\n' ? 0 : word + columns;
                widest = word > widest ? word : widest;
                i += bytes;
        }
        return widest;
}

/* ---- a stream ---- */

typedef struct Wrap {
        FILE *to;
        unsigned width;
        unsigned *lines; /* the caller's count */
        char *line;      /* what has come of the line that is not at its end yet */
        size_t n, room;
        bool begun; /* a part of this line went through before its end: the rest follows as it is */
} Wrap;

static int wrap_keep(Wrap *w, const char *s, size_t n) {
        if (w->n + n > w->room) {
                const size_t room = 2 * (w->n + n);
                char *line = realloc(w->line, room);

                if (!line)
                        return -1;
                w->line = line;
                w->room = room;
        }
        memcpy(w->line + w->n, s, n);
        w->n += n;
        return 0;
}

static bool wrap_steers(const char *s, size_t n) {
        for (size_t i = 0; i < n; i++) {
                if (s[i] == '\r')
                        return true;
                if (s[i] == '\x1b') {
                        const size_t bytes = wrap_style(s + i, n - i);

                        if (bytes == 0)
                                return true;
                        i += bytes - 1;
                }
        }
        return false;
}

/* The kept line, without its newline, broken to the width. */
static void wrap_put(Wrap *w) {
        const char *s = w->line;
        size_t n = w->n, indent = 0, next;
        unsigned width = w->width;

        if (w->begun || wrap_steers(s, n)) {
                (void) fwrite(s, 1, n, w->to);
                return;
        }
        while (indent < n && s[indent] == ' ')
                indent++;
        for (bool first = true; first || n > 0; first = false) {
                const size_t here = wrap_line(s, n, width, &next);

                if (!first) {
                        (void) fprintf(w->to, "\n%*s", (int) indent, "");
                        ++*w->lines;
                }
                (void) fwrite(s, 1, here, w->to);
                s += next;
                n -= next;
                if (first) {
                        indent = indent + 2 < w->width / 2 ? indent + 2 : w->width / 2;
                        width = w->width - (unsigned) indent;
                }
        }
}

/* What is not a whole line is kept until the stream is flushed, which comes here with what it has: a line's beginning
 * is shown then, since a person may be waited for. */
static ssize_t wrap_write(void *cookie, const char *buf, size_t size) {
        Wrap *w = cookie;

        for (size_t i = 0; i < size;) {
                const char *newline = memchr(buf + i, '\n', size - i);
                const size_t here = newline ? (size_t) (newline - buf) - i : size - i;

                if (wrap_keep(w, buf + i, here) < 0)
                        return 0; /* fopencookie(3): an error */
                i += here;
                if (!newline)
                        break;
                wrap_put(w);
                (void) fputc('\n', w->to);
                ++*w->lines;
                w->n = 0;
                w->begun = false;
                i++;
        }
        if (w->n > 0) {
                (void) fwrite(w->line, 1, w->n, w->to);
                /* wiped to the end of the screen: a line begins here */
                w->begun = w->n < 3 || memcmp(w->line + w->n - 3, "\x1b[J", 3) != 0;
                w->n = 0;
        }
        return fflush(w->to) == 0 && !ferror(w->to) ? (ssize_t) size : 0;
}

static int wrap_close(void *cookie) {
        Wrap *w = cookie;

        free(w->line);
        free(w);
        return 0;
}

FILE *wrap_open(FILE *to, unsigned width, unsigned *lines) {
        Wrap *w = calloc(1, sizeof(*w));
        FILE *f;

        if (!w)
                return NULL;
        w->to = to;
        w->lines = lines;
        w->width = width < 20 ? 20 : width;
        f = fopencookie(w, "w", (cookie_io_functions_t){ .write = wrap_write, .close = wrap_close });
        if (!f) {
                free(w);
                return NULL;
        }
        /* As on a terminal: a line at a time. A longer one than the buffer would come in parts. */
        (void) setvbuf(f, NULL, _IOLBF, 1 << 16);
        return f;
}
