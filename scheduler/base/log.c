/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "scheduler/base/out.h"
#include "scheduler/base/text_harmless.h"

static _Atomic LogLevel log_threshold_level = LOG_INFO;
static atomic_bool log_journal_reads;
static void (*_Atomic log_seen)(LogLevel level, const char *event);
static _Thread_local const LogThread *log_thread_name; /* NULL: it has nothing of its own */

void log_thread(const LogThread *t) {
        log_thread_name = t;
}

void log_threshold(LogLevel least) {
        log_threshold_level = least;
}

void log_watch(void (*seen)(LogLevel level, const char *event)) {
        atomic_store(&log_seen, seen);
}

void log_for_journal(bool yes) {
        atomic_store(&log_journal_reads, yes);
}

/* ---- values ---- */

/* The next character of s[0..n) as it may stand in quotes, into buf; its length in s. */
static size_t log_escape(const char *s, size_t n, char buf[12]) {
        static const char from[] = "\"\\\n\t\r", to[] = "\"\\ntr";
        uint32_t c;
        const size_t len = text_char(s, n, &c);
        const char *named = c < 0x80 && c > 0 ? strchr(from, (int) c) : NULL;

        if (named)
                (void) snprintf(buf, 12, "\\%c", to[named - from]);
        else if (c == TEXT_CHAR_BROKEN)
                (void) snprintf(buf, 12, "\\x%02x", (unsigned char) *s);
        else if (!text_char_is_harmless(c))
                (void) snprintf(buf, 12, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
        else
                (void) snprintf(buf, 12, "%.*s", (int) len, s);
        return len;
}

/* In quotes, and what stands in them escaped: made by log_quote(), or as good. */
static bool is_quoted(const char *s, size_t n) {
        if (n < 2 || s[0] != '"' || s[n - 1] != '"' || !text_is_harmless(s, n))
                return false;
        for (size_t i = 1; i < n - 1; i++) {
                if (s[i] == '"')
                        return false;
                if (s[i] == '\\' && ++i == n - 1)
                        return false;
        }
        return true;
}

static bool is_word(const char *s, size_t n) {
        return text_harmless_span(s, n, " \"\\") == n;
}

const char *log_quote(const char *s, char *buf, size_t size) {
        size_t n = strlen(s), used = 0;

        assert(size >= 8);
        buf[used++] = '"';
        while (n > 0) {
                char one[12];
                const size_t len = log_escape(s, n, one), room = strlen(one);

                if (used + room + 2 > size)
                        break;
                memcpy(buf + used, one, room);
                used += room;
                s += len;
                n -= len;
        }
        buf[used++] = '"';
        buf[used] = '\0';
        return buf;
}

const char *log_value(const char *s, char *buf, size_t size) {
        const size_t n = strlen(s);

        if (n >= size || !is_word(s, n))
                return log_quote(s, buf, size);
        return memcpy(buf, s, n + 1);
}

/* ---- lines ---- */

typedef struct LogLine {
        char text[2048];
        size_t used, room; /* what is past `room` is not kept */
} LogLine;

static void log_words(void *arg, const char *s, size_t n) {
        LogLine *line = arg;

        if (n > line->room - line->used)
                n = line->room - line->used;
        memcpy(line->text + line->used, s, n);
        line->used += n;
}

/* Escapes and characters are kept whole. */
static void log_escaped(LogLine *line, const char *s, size_t n, size_t spare) {
        while (n > 0) {
                char one[12];
                const size_t len = log_escape(s, n, one), room = strlen(one);

                if (room + spare > line->room - line->used)
                        break;
                log_words(line, one, room);
                s += len;
                n -= len;
        }
}

static void log_given(void *arg, const char *before, const char *s, size_t n) {
        LogLine *line = arg;

        if (before[1] != '=') {
                log_escaped(line, s, n, 0);
        } else if (is_word(s, n) || is_quoted(s, n)) {
                log_words(line, s, n);
        } else {
                log_words(line, "\"", 1);
                log_escaped(line, s, n, 1);
                log_words(line, "\"", 1);
        }
}

void log_event(LogLevel level, const char *event, const char *fmt, ...) {
        static const char *const names[] = { "debug", "info", "warning", "error" };
        static const char *const priorities[] = { "<7>", "<6>", "<4>", "<3>" }; /* sd-daemon(3) */
        void (*seen)(LogLevel, const char *) = atomic_load(&log_seen);
        FILE *to = log_thread_name && log_thread_name->to ? log_thread_name->to : stderr;
        LogLine line = { .used = 0 };
        const OutSink sink = { &line, log_words, log_given };
        char stamp[32];
        struct tm tm;
        const char *words = log_thread_name && log_thread_name->words ? log_thread_name->words : "";
        const size_t n_words = strnlen(words, sizeof(line.text) / 4);
        time_t now = (time_t) (clock_now_of(log_thread_name ? log_thread_name->clock : NULL) / USEC_PER_SEC);
        va_list ap;
        int n;

        if (level < log_threshold_level)
                return;
        if (seen)
                seen(level, event);
        (void) strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        n = snprintf(line.text, sizeof(line.text), "%s%s %s %s ",
                     to == stderr && log_journal_reads ? priorities[level] : "", stamp, names[level], event);
        line.used = n < 0 ? 0 : (size_t) n;
        line.room = sizeof(line.text) - n_words - 3; /* blank, words, end of line */
        va_start(ap, fmt);
        out_form(&sink, fmt, ap);
        va_end(ap);
        line.room = sizeof(line.text);
        if (n_words > 0) {
                log_words(&line, " ", 1);
                log_escaped(&line, words, n_words, 1);
        }
        log_words(&line, "\n", 1);
        /* One call, so that lines of threads do not mix. */
        (void) fwrite(line.text, 1, line.used, to);
}
