#include "scheduler/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic LogLevel threshold = LOG_INFO;

void log_threshold(LogLevel least) {
        threshold = least;
}

void log_event(LogLevel level, const char *event, const char *fmt, ...) {
        static const char *const names[] = { "debug", "info", "warning", "error" };
        char line[2048], stamp[32];
        struct tm tm;
        time_t now = time(NULL);
        va_list ap;
        size_t used;
        int n;

        if (level < threshold)
                return;
        (void) strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
        n = snprintf(line, sizeof(line) - 1, "%s %s %s ", stamp, names[level], event);
        used = n < 0 ? 0 : (size_t) n;
        va_start(ap, fmt);
        n = vsnprintf(line + used, sizeof(line) - 1 - used, fmt, ap);
        va_end(ap);
        used = n < 0 ? used : used + (size_t) n;
        if (used > sizeof(line) - 2)
                used = sizeof(line) - 2;
        line[used++] = '\n';
        (void) fwrite(line, 1, used, stderr); /* one call, so that lines of threads do not mix */
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
