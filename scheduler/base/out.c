/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/out.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text_harmless.h"

static const char out_styles[STYLE_N][8] = { "\033[0m",  "\033[1m",  "\033[2m",
                                             "\033[32m", "\033[33m", "\033[31m" };

const char *out_style(Style style) {
        return out_styles[style];
}

static bool is_style(const char *s) {
        for (size_t i = 0; i < STYLE_N; i++)
                if (s == out_styles[i])
                        return true;
        return false;
}

/* ---- forms ---- */

typedef struct Conversion {
        char flags[8];
        int width, precision; /* -1: none */
        char length[3];
        char kind;
} Conversion;

static int conversion_number(const char **fmt, va_list *ap) {
        int n = 0;

        if (**fmt == '*') {
                ++*fmt;
                return va_arg(*ap, int);
        }
        for (; **fmt >= '0' && **fmt <= '9'; ++*fmt)
                n = 10 * n + (**fmt - '0');
        return n;
}

/* fmt stands behind the '%'. Returns what follows. */
static const char *conversion_read(const char *fmt, va_list *ap, Conversion *ret) {
        Conversion c = { .width = -1, .precision = -1 };
        size_t n = strspn(fmt, "-+ #0");

        assert(n < sizeof(c.flags) - 1);
        memcpy(c.flags, fmt, n);
        fmt += n;
        if (*fmt == '*' || (*fmt >= '1' && *fmt <= '9'))
                c.width = conversion_number(&fmt, ap);
        if (c.width < -1) { /* a negative argument is '-' and the width */
                c.flags[n] = '-';
                c.width = -c.width;
        }
        if (*fmt == '.') {
                fmt++;
                c.precision = conversion_number(&fmt, ap);
        }
        n = strspn(fmt, "hlzj");
        assert(n < sizeof(c.length));
        memcpy(c.length, fmt, n);
        fmt += n;
        c.kind = *fmt;
        *ret = c;
        return fmt + 1;
}

/* The form of a number is made anew, its widths as digits: snprintf() does the rest. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void out_number(const OutSink *sink, const Conversion *c, va_list *ap) {
        char form[64], width[16] = "", precision[16] = "", buf[400]; /* the longest double has 309 digits */
        int n;

        if (c->width >= 0)
                (void) snprintf(width, sizeof(width), "%d", c->width < 64 ? c->width : 64);
        if (c->precision >= 0)
                (void) snprintf(precision, sizeof(precision), ".%d", c->precision < 17 ? c->precision : 17);
        (void) snprintf(form, sizeof(form), "%%%s%s%s%s%c", c->flags, width, precision, c->length, c->kind);
        /* NOLINTBEGIN(bugprone-branch-clone): each takes an argument of another type */
        if (strchr("fgeFGE", c->kind))
                n = snprintf(buf, sizeof(buf), form, va_arg(*ap, double));
        else if (c->length[0] == 'l' && c->length[1] == 'l')
                n = snprintf(buf, sizeof(buf), form, va_arg(*ap, long long));
        else if (c->length[0] == 'l')
                n = snprintf(buf, sizeof(buf), form, va_arg(*ap, long));
        else if (c->length[0] == 'z')
                n = snprintf(buf, sizeof(buf), form, va_arg(*ap, size_t));
        else if (c->length[0] == 'j')
                n = snprintf(buf, sizeof(buf), form, va_arg(*ap, intmax_t));
        else
                n = snprintf(buf, sizeof(buf), form, va_arg(*ap, int));
        /* NOLINTEND(bugprone-branch-clone) */
        sink->words(sink->arg, buf, n < 0 ? 0 : (size_t) n);
}
#pragma GCC diagnostic pop

static void out_blanks(const OutSink *sink, size_t n) {
        static const char blanks[] = "                                ";

        for (; n > sizeof(blanks) - 1; n -= sizeof(blanks) - 1)
                sink->words(sink->arg, blanks, sizeof(blanks) - 1);
        sink->words(sink->arg, blanks, n);
}

static void out_text(const OutSink *sink, const Conversion *c, const char *before, const char *given) {
        const char *s = given ? given : "(null)";
        const size_t n = c->precision >= 0 ? strnlen(s, (size_t) c->precision) : strlen(s);
        const size_t blanks = c->width > 0 && (size_t) c->width > n ? (size_t) c->width - n : 0;
        const bool left = strchr(c->flags, '-') != NULL;

        if (!left)
                out_blanks(sink, blanks);
        if (is_style(s))
                sink->words(sink->arg, s, n);
        else
                sink->text(sink->arg, before, s, n);
        if (left)
                out_blanks(sink, blanks);
}

void out_form(const OutSink *sink, const char *fmt, va_list ap) {
        va_list left;

        va_copy(left, ap);
        while (*fmt) {
                const size_t n = strcspn(fmt, "%");
                const char before[] = { (char) (n > 1 ? fmt[n - 2] : ' '), (char) (n > 0 ? fmt[n - 1] : ' '),
                                        '\0' };
                Conversion c;

                sink->words(sink->arg, fmt, n);
                fmt += n;
                if (!*fmt)
                        break;
                fmt = conversion_read(fmt + 1, &left, &c);
                if (c.kind == '%')
                        sink->words(sink->arg, "%", 1);
                else if (c.kind == 's')
                        out_text(sink, &c, before, va_arg(left, const char *));
                else
                        out_number(sink, &c, &left);
        }
        va_end(left);
}

/* ---- streams ---- */

static void stream_words(void *out, const char *s, size_t n) {
        (void) fwrite(s, 1, n, out);
}

static void stream_text(void *out, const char *before, const char *s, size_t n) {
        (void) before;
        while (n > 0) {
                size_t len = text_harmless_span(s, n, "");
                uint32_t c;

                (void) fwrite(s, 1, len, out);
                if (len < n) {
                        (void) fputc('?', out);
                        len += text_char(s + len, n - len, &c);
                }
                s += len;
                n -= len;
        }
}

int out_vsay(FILE *out, const char *fmt, va_list ap) {
        const OutSink sink = { out, stream_words, stream_text };

        out_form(&sink, fmt, ap);
        return ferror(out) ? -EIO : 0;
}

int out_say(FILE *out, const char *fmt, ...) {
        va_list ap;
        int r;

        va_start(ap, fmt);
        r = out_vsay(out, fmt, ap);
        va_end(ap);
        return r;
}

void out_lines(FILE *out, const char *s) {
        while (*s) {
                const size_t n = strcspn(s, "\n\t");

                stream_text(out, "", s, n);
                s += n;
                if (*s)
                        (void) fputc(*s++, out);
        }
}

void out_json(FILE *out, const char *s, size_t n) {
        while (n > 0) {
                uint32_t c;
                size_t len = text_harmless_span(s, n, "");

                (void) fwrite(s, 1, len, out);
                s += len;
                n -= len;
                if (n == 0)
                        break;
                len = text_char(s, n, &c);
                if (c < 0x20) /* between the values: in strings they are escaped already */
                        (void) fputc((int) c, out);
                else if (c == TEXT_CHAR_BROKEN)
                        (void) fputs("\\ufffd", out);
                else if (c > 0xffff)
                        (void) fprintf(out, "\\u%04x\\u%04x", 0xd800 | (c - 0x10000) >> 10,
                                       0xdc00 | ((c - 0x10000) & 0x3ff));
                else
                        (void) fprintf(out, "\\u%04x", c);
                s += len;
                n -= len;
        }
}
