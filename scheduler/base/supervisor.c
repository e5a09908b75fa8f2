/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "scheduler/base/text_harmless.h"

/* One line of harmless text behind `words`: a newline would begin another variable of the protocol. */
static void supervisor_say(const char *words, const char *status) {
        char text[512];
        const size_t n = strlen(status), harmless = text_harmless_span(status, n, "\n");

        (void) snprintf(text, sizeof(text), "%sSTATUS=%.*s", words, (int) (harmless < 400 ? harmless : 400),
                        status);
        (void) sd_notify(0, text);
}

void supervisor_ready(const char *status) {
        supervisor_say("READY=1\n", status);
}

void supervisor_reloading(void) {
        char text[64];

        (void) snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%lld",
                        (long long) clock_monotonic());
        (void) sd_notify(0, text);
}

void supervisor_stopping(const char *status) {
        supervisor_say("STOPPING=1\n", status);
}

void supervisor_status(const char *status) {
        supervisor_say("", status);
}

void supervisor_alive(void) {
        (void) sd_notify(0, "WATCHDOG=1");
}

usec_t supervisor_alive_every(void) {
        uint64_t limit = 0;

        return sd_watchdog_enabled(0, &limit) > 0 ? (usec_t) (limit / 2) : 0;
}

bool supervisor_journal(void) {
        const char *stream = getenv("JOURNAL_STREAM"); /* "device:inode" */
        char own[64];
        struct stat s;

        if (!stream || fstat(STDERR_FILENO, &s) < 0)
                return false;
        (void) snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long) s.st_dev,
                        (unsigned long long) s.st_ino);
        return strcmp(own, stream) == 0;
}
