/* SPDX-License-Identifier: Apache-2.0 */
/* The line that stands on a terminal while something lasts: none for what is quick, or off a terminal; after a second one
 * with the time, and nothing is left of it in the end. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/terminal/busy.h"

static char busy_said[4096];

static const char *busy_text(FILE *out) {
        const long at = ftell(out);
        size_t n;

        rewind(out);
        n = fread(busy_said, 1, sizeof(busy_said) - 1, out);
        busy_said[n] = '\0';
        (void) fseek(out, at, SEEK_SET);
        return busy_said;
}

/* What a second reader sees: the file itself is being written by the line's thread. */
static bool busy_shows(const char *path, const char *words) {
        FILE *in = fopen(path, "r");
        size_t n = in ? fread(busy_said, 1, sizeof(busy_said) - 1, in) : 0;

        busy_said[n] = '\0';
        if (in)
                (void) fclose(in);
        return strstr(busy_said, words) != NULL;
}

Test(busy, is_silent_for_what_is_quick_and_off_a_terminal) {
        FILE *out = tmpfile();
        const Screen live = { .out = out, .live = true, .width = 80 }, file = { .out = out };
        Busy busy;

        busy_begin(&busy, &live, "planning");
        busy_end(&busy);
        busy_begin(&busy, &file, "planning");
        busy_end(&busy);
        cr_assert_str_empty(busy_text(out));
        (void) fclose(out);
}

Test(busy, shows_how_long_it_lasts_and_goes) {
        char path[] = "/tmp/plimsoll-busy-XXXXXX";
        const int fd = mkstemp(path);
        FILE *out = fdopen(fd, "w+");
        const Screen live = { .out = out, .live = true, .width = 80 };
        const usec_t until = clock_monotonic() + 30 * USEC_PER_SEC;
        Busy busy;

        cr_assert(out);
        busy_begin(&busy, &live, "planning");
        while (!busy_shows(path, "planning \u2026 1 s\n") && clock_monotonic() < until)
                clock_sleep(20 * USEC_PER_MSEC);
        cr_assert(busy_shows(path, "planning \u2026 1 s\n"), "%s", busy_said);
        busy_end(&busy);
        cr_assert(strlen(busy_text(out)) > 6 &&
                          strcmp(busy_said + strlen(busy_said) - 7, "\033[1A\033[J") == 0,
                  "its line is wiped: %s", busy_said);
        (void) fclose(out);
        (void) unlink(path);
}
