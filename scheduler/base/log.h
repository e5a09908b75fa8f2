/* SPDX-License-Identifier: Apache-2.0 */
/* One event, one line, key=value, on stderr. For programs only: app/, act/, collectors/agent, store's owner.
 *
 *   log_event(LOG_INFO, "migration.done", "vm=%s from=%s to=%s seconds=%.1f", …)
 *   → 2026-03-01T12:00:00Z info migration.done vm=web1 from=h1 to=h2 seconds=3.2
 *
 * Values come from outside. A text (%s) behind '=' is quoted by log_quote() where it is more than a word, and is
 * not quoted twice; one in quotes of the form (="%s") and one that stands elsewhere is escaped as in there. So no
 * name makes a line, a key or an escape sequence of its own.
 *
 * Units: none. Owner: `buf` is the caller's; a LogThread the thread's. Errors: none: a line that cannot be
 * written is lost. Threads: any.
 */
#pragma once

#include <stdio.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

typedef enum LogLevel {
        LOG_DEBUG,
        LOG_INFO,
        LOG_WARNING,
        LOG_ERROR,
} LogLevel;

/* Lines below `least` are dropped. The default is LOG_INFO. */
void log_threshold(LogLevel least);
/* Lines on stderr begin with their priority, as the journal reads it (supervisor_journal()). The default: no. */
void log_for_journal(bool yes);
void log_event(LogLevel level, const char *event, const char *fmt, ...) printf_like(3, 4);

/* Called with each event that is written, by the thread that writes it; NULL, as at first: nobody is. */
void log_watch(void (*seen)(LogLevel level, const char *event));

/* What the lines of a thread have of their own. */
typedef struct LogThread {
        const char *words;  /* at the end of each line: "cluster=a"; NULL: none */
        const Clock *clock; /* whose time they carry; NULL: the real one's */
        FILE *to;           /* NULL: stderr */
} LogThread;

/* For the calling thread, from now on; it must outlive that. NULL: as at first. */
void log_thread(const LogThread *t);

/* `s` in double quotes, cut to fit, in buf: \" \\ \n \t \r; what is not harmless (text_harmless.h) as \u202e,
 * \U000e0001, and a byte that is not UTF-8 as \x9b. Returns buf. */
const char *log_quote(const char *s, char *buf, size_t size);

/* `s` as it is where it is one word, else as log_quote() has it: what stands behind a key. Returns buf. */
const char *log_value(const char *s, char *buf, size_t size);
