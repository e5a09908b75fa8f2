/* SPDX-License-Identifier: Apache-2.0 */
/* What comes from outside, on streams and in the log: harmless, and never a line or a key of its own. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/log.h"
#include "scheduler/base/out.h"
#include "scheduler/base/text_harmless.h"

static char said[4096];

static FILE *said_begin(void) {
        memset(said, 0, sizeof(said));
        return fmemopen(said, sizeof(said) - 1, "w");
}

#define SAID(...)                                                                                            \
        ({                                                                                                   \
                FILE *said_to = said_begin();                                                                \
                (void) out_say(said_to, __VA_ARGS__);                                                        \
                (void) fclose(said_to);                                                                      \
                said;                                                                                        \
        })

/* Without time, level and event. */
static const char *logged(void) {
        char *event = strstr(said, " info it.happened ");

        cr_assert(event, "%s", said);
        cr_assert_eq(said[strlen(said) - 1], '\n');
        said[strlen(said) - 1] = '\0';
        return event + strlen(" info it.happened ");
}

#define LOGGED(...)                                                                                          \
        ({                                                                                                   \
                LogThread thread = { .to = said_begin() };                                                   \
                log_thread(&thread);                                                                         \
                log_event(LOG_INFO, "it.happened", __VA_ARGS__);                                             \
                log_thread(NULL);                                                                            \
                (void) fclose(thread.to);                                                                    \
                logged();                                                                                    \
        })

Test(out, says_what_fprintf_says) {
        char want[256];

        (void) snprintf(want, sizeof(want),
                        "[%-8s|%8s|%.3s|%*s|%.*s|%5.2f|%03d|%+d|%llu|%lld|%zu|%x|%c|%%|%ld]", "left", "right",
                        "cut off", 6, "six", 2, "two", 3.14159, 7, 7, 1ULL << 63, -5LL, (size_t) 9, 255U, 'c',
                        -1L);
        cr_assert_str_eq(want, SAID("[%-8s|%8s|%.3s|%*s|%.*s|%5.2f|%03d|%+d|%llu|%lld|%zu|%x|%c|%%|%ld]",
                                    "left", "right", "cut off", 6, "six", 2, "two", 3.14159, 7, 7, 1ULL << 63,
                                    -5LL, (size_t) 9, 255U, 'c', -1L));
        cr_assert_str_eq(SAID("%-6s|%6s|", "", "x"), "      |     x|");
        cr_assert_str_eq(SAID("%40s|", "x"), "                                       x|");
}

Test(out, makes_texts_harmless_and_leaves_its_own_words_and_styles) {
        cr_assert_str_eq(
                SAID("%sbad%s: \033[K%s", out_style(STYLE_BAD), out_style(STYLE_PLAIN), "\033[31mred\n"),
                "\033[31mbad\033[0m: \033[K?[31mred?");
        cr_assert_str_eq(SAID("%s", "\302\233"
                                    "31m"),
                         "?31m");
        cr_assert_str_eq(SAID("%s", "\233"
                                    "31m"),
                         "?31m");
        cr_assert_str_eq(SAID("%s", "a\u202eb\u2066c\u200bd\u2028e\u00adf\177"), "a?b?c?d?e?f?");
        cr_assert_str_eq(SAID("%s", "Zürich 東京 🚢"), "Zürich 東京 🚢");
}

Test(out, says_when_the_stream_is_broken) {
        FILE *full = fopen("/dev/full", "w");

        cr_assert(full);
        (void) setvbuf(full, NULL, _IONBF, 0);
        cr_assert_eq(out_say(full, "%s", "x"), -5);
        (void) fclose(full);
}

Test(out, prints_json_that_reads_back_and_is_harmless) {
        const char *hostile = "q\"\\\n\033[31m\177\302\233\u202e\u2028\U000e0041 Zürich";
        json_t *o = json_pack("{s:s, s:[s]}", "k\u202e", hostile, "list", hostile), *back;
        FILE *f = said_begin();

        cr_assert_eq(json_print(json_incref(o), f), 0);
        (void) fclose(f);
        for (size_t i = 0; said[i]; i++)
                cr_assert(said[i] == '\n' || text_is_harmless(said + i, 1) || (said[i] & 0x80), "%s", said);
        cr_assert(strstr(said, "Zürich") && !strstr(said, "\u202e") && !strstr(said, "\302\233"), "%s", said);
        back = json_loads(said, 0, NULL);
        cr_assert(json_equal(o, back), "%s", said);
        json_decref(o);
        json_decref(back);
}

Test(log, quotes_what_is_more_than_a_word) {
        cr_assert_str_eq(LOGGED("vm=%s from=%s n=%u", "web1", "h-1.example", 3U),
                         "vm=web1 from=h-1.example n=3");
        cr_assert_str_eq(LOGGED("vm=%s to=%s", "a b=c", "x"), "vm=\"a b=c\" to=x");
        cr_assert_str_eq(LOGGED("vm=%s", "x\n2026-01-01T00:00:00Z info lease.taken self=forged"),
                         "vm=\"x\\n2026-01-01T00:00:00Z info lease.taken self=forged\"");
        cr_assert_str_eq(LOGGED("why=%s", "say \"no\" \\"), "why=\"say \\\"no\\\" \\\\\"");
        cr_assert_str_eq(LOGGED("kinds=\"%s\"", "a\"b\033"), "kinds=\"a\\\"b\\u001b\"");
        cr_assert_str_eq(LOGGED("vm=%s", "\302\233"
                                         "31m\233\u202e\U000e0041"),
                         "vm=\"\\u009b31m\\x9b\\u202e\\U000e0041\"");
}

Test(log, does_not_quote_twice_nor_is_it_told_so) {
        char quoted[64];

        cr_assert_str_eq(LOGGED("why=%s", log_quote("it is so", quoted, sizeof(quoted))), "why=\"it is so\"");
        cr_assert_str_eq(LOGGED("why=%s", "\"a\" b=\"c\""), "why=\"\\\"a\\\" b=\\\"c\\\"\"");
        cr_assert_str_eq(LOGGED("why=%s", "\"open\\\""), "why=\"\\\"open\\\\\\\"\"");
        cr_assert_str_eq(LOGGED("why=%s", "\"a\033b\""), "why=\"\\\"a\\u001bb\\\"\"");
}

Test(log, cuts_between_escapes_and_ends_its_quotes) {
        char in[5000], small[12];

        memset(in, '\033', sizeof(in));
        in[sizeof(in) - 1] = '\0';
        cr_assert_str_eq(log_quote(in, small, sizeof(small)), "\"\\u001b\"");
        (void) LOGGED("why=%s", in);
        cr_assert_leq(strlen(said), 2048);
        cr_assert_str_eq(said + strlen(said) - 7, "\\u001b\"");
        cr_assert_str_eq(log_value("one", small, sizeof(small)), "one");
        cr_assert_str_eq(log_value("two 2", small, sizeof(small)), "\"two 2\"");
}

/* Every code point: harmless or not is what Unicode's tables say at their edges, and what is not is never printed. */
Test(harmless, no_control_nor_override_is) {
        static const uint32_t bad[] = {
                0,      0x1b,   0x1f,   0x7f,   0x80,   0x9b,    0x9f,    0xad,     0x61c,
                0x180e, 0x200b, 0x200f, 0x2028, 0x2029, 0x202a,  0x202e,  0x2060,   0x2066,
                0x2069, 0x206f, 0xfeff, 0xfff9, 0xfffb, 0xe0001, 0xe007f, 0x110000, TEXT_CHAR_BROKEN
        };
        static const uint32_t good[] = { ' ',    '~',    0xa0,   0xe4,   0x300,  0x2010,
                                         0x2026, 0x2030, 0x65e5, 0xfe0f, 0x1f6a2 };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_not(text_char_is_harmless(bad[i]), "U+%04X", bad[i]);
        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                cr_assert(text_char_is_harmless(good[i]), "U+%04X", good[i]);
}

Test(harmless, takes_no_utf8_that_is_too_long_or_a_surrogate) {
        static const char *const broken[] = {
                "\x80",         "\xc0\x9b",         "\xe0\x82\x9b",         "\xf0\x80\x82\x9b",
                "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xe2\x80",
                "\xff"
        };
        uint32_t c;

        for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
                cr_assert_eq(text_char(broken[i], strlen(broken[i]), &c), 1);
                cr_assert_eq(c, TEXT_CHAR_BROKEN, "%zu", i);
        }
}
