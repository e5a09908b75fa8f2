/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic LogLevel log_threshold_level = LOG_INFO;
static _Thread_local const LogThread *log_thread_name; /* NULL: it has nothing of its own */

void log_thread(const LogThread *t) {
        log_thread_name = t;
}

void log_threshold(LogLevel least) {
        log_threshold_level = least;
}

void log_event(LogLevel level, const char *event, const char *fmt, ...) {
        static const char *const names[] = { "debug", "info", "warning", "error" };
        char line[2048], stamp[32];
        struct tm tm;
        const char *words = log_thread_name && log_thread_name->words ? log_thread_name->words : "";
        time_t now = (time_t) (clock_now_of(log_thread_name ? log_thread_name->clock : NULL) / USEC_PER_SEC);
        va_list ap;
        size_t used, room = sizeof(line) - 2 - strnlen(words, sizeof(line) / 4) - 1;
        int n;

        if (level < log_threshold_level)
                return;
        (void) strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        n = snprintf(line, sizeof(line) - 1, "%s %s %s ", stamp, names[level], event);
        used = n < 0 ? 0 : (size_t) n;
        va_start(ap, fmt);
        n = vsnprintf(line + used, sizeof(line) - 1 - used, fmt, ap);
        va_end(ap);
        used = n < 0 ? used : used + (size_t) n;
        if (used > room)
                used = room;
        if (words[0] && (n = snprintf(line + used, sizeof(line) - 1 - used, " %.*s", (int) (sizeof(line) / 4),
                                      words)) > 0)
                used += (size_t) n;
        line[used++] = '\n';
        /* One call, so that lines of threads do not mix. */
        (void) fwrite(line, 1, used, log_thread_name && log_thread_name->to ? log_thread_name->to : stderr);
}

const char *log_quote(const char *s, char *buf, size_t size) {
        size_t n = 0;

        assert(size >= 8);
        buf[n++] = '"';
        for (; *s && n < size - 4; s++) {
                if (*s == '"' || *s == '\\')
                        buf[n++] = '\\';
                buf[n++] = (char) (*s == '\n' ? ' ' : *s);
        }
        buf[n++] = '"';
        buf[n] = '\0';
        return buf;
}
