/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/base/options.h"

static const OptionDef defs[] = {
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Things:" },
        { "json", 0, OPTION_FLAG, NULL, 0, 0, 0, "as JSON" },
        { "output", 'o', OPTION_TEXT, "FILE", 0, 0, 0, "where to" },
        { "set", 0, OPTION_TEXT, "KEY=VALUE", 0, 0, 0, "a setting" },
        { "max-moves", 0, OPTION_NUMBER, "N", 1, 0, 1000, "at most" },
        { "max-gib", 0, OPTION_NUMBER, "N", 1024, 0, 1000, "at most" },
        { "interval", 0, OPTION_DURATION, "TIME", 0, 1000, 3600 * USEC_PER_SEC, "each" },
        { 0 },
};

static int parse(Options *o, TextFault *f, int argc, const char *a, const char *b, const char *c) {
        char words[4][64], *argv[5] = { words[0], words[1], words[2], words[3], NULL };

        (void) snprintf(words[0], 64, "plan");
        (void) snprintf(words[1], 64, "%s", a ? a : "");
        (void) snprintf(words[2], 64, "%s", b ? b : "");
        (void) snprintf(words[3], 64, "%s", c ? c : "");
        argv[argc] = NULL;
        return options_parse(defs, argc, argv, o, f);
}

Test(options, values_are_read_and_scaled) {
        Options o;
        TextFault f;

        cr_assert_eq(0, parse(&o, &f, 4, "--max-gib=1.5", "--max-moves", "7"));
        cr_assert_eq(1536, option_number(&o, "max-gib", -1));
        cr_assert_eq(7, option_number(&o, "max-moves", -1));
        cr_assert_eq(-1, option_number(&o, "interval", -1));
        cr_assert_not(option_given(&o, "json"));
        cr_assert_eq(0, parse(&o, &f, 2, "--interval=30s", NULL, NULL));
        cr_assert_eq(30 * USEC_PER_SEC, option_number(&o, "interval", -1));
}

/* --max_moves is --max-moves, whole or begun; help has one of them. */
Test(options, an_underscore_is_a_hyphen) {
        Options o;
        TextFault f;

        cr_assert_eq(0, parse(&o, &f, 4, "--max_gib=1.5", "--max_moves", "7"));
        cr_assert_eq(1536, option_number(&o, "max-gib", -1));
        cr_assert_eq(7, option_number(&o, "max-moves", -1));
        cr_assert_eq(0, parse(&o, &f, 2, "--max_m=8", NULL, NULL));
        cr_assert_eq(8, option_number(&o, "max-moves", -1));
        cr_assert_eq(0, parse(&o, &f, 2, "--max-m=9", NULL, NULL));
        cr_assert_eq(9, option_number(&o, "max-moves", -1));
        cr_assert_eq(-EINVAL, parse(&o, &f, 2, "--max_moves", NULL, NULL));
        cr_assert_str_eq("--max-moves needs a value: N", f.what);
}

Test(options, a_repeated_option_keeps_each_use_in_order) {
        static char plan[] = "plan", a[] = "--set", b[] = "a=1", c[] = "--set=b=2", d[] = "FILE";
        char *argv[] = { plan, a, b, d, c, NULL };
        Options o;
        TextFault f;

        cr_assert_eq(0, options_parse(defs, 5, argv, &o, &f));
        cr_assert_str_eq("a=1", option_nth(&o, "set", 0));
        cr_assert_str_eq("b=2", option_nth(&o, "set", 1));
        cr_assert_null(option_nth(&o, "set", 2));
        cr_assert_eq(1, o.n_arguments);
        cr_assert_str_eq("FILE", o.arguments[0]);
}

Test(options, a_wrong_word_is_answered_with_the_nearest_right_one) {
        Options o;
        TextFault f;

        cr_assert_eq(-EINVAL, parse(&o, &f, 2, "--max-movs=3", NULL, NULL));
        cr_assert(strstr(f.what, "--max-moves"), "%s", f.what);
        cr_assert_eq(-EINVAL, parse(&o, &f, 2, "-x", NULL, NULL));
        cr_assert(strstr(f.what, "-x"), "%s", f.what);
}

Test(options, wrong_values_are_told_with_what_is_accepted) {
        static const struct {
                const char *word, *told;
        } cases[] = {
                { "--max-moves=-1", "0 to 1000" }, { "--max-moves=1.5", "whole number" },
                { "--max-gib=4x", "0 to 1000" },   { "--interval=30", "with its unit" },
                { "--interval=2h", "3600 s" },     { "--output", "needs a value: FILE" },
                { "-o", "needs a value: FILE" },   { "--json=1", "takes no value" },
                { "--output=", "needs a value" },  { "--max-gib=9999999999999999999", "0 to 1000" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                Options o;
                TextFault f;

                cr_assert_eq(-EINVAL, parse(&o, &f, 2, cases[i].word, NULL, NULL), "%s", cases[i].word);
                cr_assert(strstr(f.what, cases[i].told), "%s: %s", cases[i].word, f.what);
        }
}

Test(options, help_names_every_option_and_stays_within_its_width) {
        char *text = NULL, *line;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);

        options_help(defs, out, 80);
        (void) fclose(out);
        cr_assert(strstr(text, "-o, --output FILE"));
        cr_assert(strstr(text, "--interval TIME"));
        for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
                cr_assert_leq(strlen(line), 80, "%s", line);
        free(text);
}
