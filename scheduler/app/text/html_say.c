/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/html_say.h"

#include <stdarg.h>

#include "scheduler/base/out.h"
#include "scheduler/base/text_harmless.h"

#define HTML_MARKUP "&<>\"'"

static void html_words(void *out, const char *s, size_t n) {
        (void) fwrite(s, 1, n, out);
}

static const char *html_entity(char c) {
        switch (c) {
        case '&':
                return "&amp;";
        case '<':
                return "&lt;";
        case '>':
                return "&gt;";
        case '"':
                return "&quot;";
        case '\'':
                return "&#39;";
        default:
                return NULL;
        }
}

static void html_text(void *out, const char *before, const char *s, size_t n) {
        (void) before;
        while (n > 0) {
                const size_t plain = text_harmless_span(s, n, HTML_MARKUP);
                const char *entity;
                size_t length = 1;
                uint32_t c;

                (void) fwrite(s, 1, plain, out);
                s += plain;
                n -= plain;
                if (n == 0)
                        break;
                entity = html_entity(*s);
                if (!entity)
                        length = text_char(s, n, &c);
                (void) fputs(entity ? entity : "?", out);
                s += length;
                n -= length;
        }
}

void html_say(FILE *out, const char *fmt, ...) {
        const OutSink sink = { .arg = out, .words = html_words, .text = html_text };
        va_list ap;

        va_start(ap, fmt);
        out_form(&sink, fmt, ap);
        va_end(ap);
}
