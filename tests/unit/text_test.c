/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

static int scaled(const char *s, int64_t scale, int64_t *ret) {
        return text_to_scaled(s, strlen(s), scale, -1000000, 1000000, ret);
}

Test(text, numbers_are_strict) {
        int64_t v = 7;

        cr_assert_eq(0, text_to_int("42", 2, 0, 100, &v));
        cr_assert_eq(v, 42);
        cr_assert_eq(-ERANGE, text_to_int("101", 3, 0, 100, &v));
        cr_assert_eq(-EINVAL, text_to_int("4.2", 3, 0, 100, &v));
        cr_assert_eq(-EINVAL, text_to_int("", 0, 0, 100, &v));
        cr_assert_eq(-EINVAL, text_to_int("4x", 2, 0, 100, &v));
        cr_assert_eq(-ERANGE, text_to_int("99999999999999999999", 20, 0, INT64_MAX, &v));
        cr_assert_eq(v, 42, "nothing is written on failure");
}

Test(text, decimals_are_scaled_and_rounded) {
        int64_t v;

        cr_assert_eq(0, scaled("0.7", 1000, &v));
        cr_assert_eq(v, 700);
        cr_assert_eq(0, scaled("1.2345", 1000, &v));
        cr_assert_eq(v, 1235);
        cr_assert_eq(0, scaled("-2.5", 10, &v));
        cr_assert_eq(v, -25);
        cr_assert_eq(0, scaled(".5", 10, &v));
        cr_assert_eq(v, 5);
        cr_assert_eq(-EINVAL, scaled("1.", 10, &v));
        cr_assert_eq(-EINVAL, scaled(".", 10, &v));
        cr_assert_eq(-EINVAL, scaled("1e3", 10, &v));
        cr_assert_eq(-ERANGE, scaled("1000001", 1, &v));
}

Test(text, the_nearest_word_is_found) {
        static const char *const words[] = { "headroom", "memory", "cpu" };

        cr_assert_str_eq(text_nearest("hedroom", words, 3), "headroom");
        cr_assert_str_eq(text_nearest("memroy", words, 3), "memory");
        cr_assert_null(text_nearest("zzzzzz", words, 3));
}

Test(text, names_are_clean_utf8) {
        cr_assert(text_is_name("web-1", 5));
        cr_assert(text_is_name("gr\xc3\xbc\x6e", 5));
        cr_assert_not(text_is_name("", 0));
        cr_assert_not(text_is_name("a\nb", 3));
        cr_assert_not(text_is_name("a\0b", 3));
        cr_assert_not(text_is_name("\xc0\xaf", 2), "overlong");
        cr_assert_not(text_is_name("\xed\xa0\x80", 3), "surrogate");
}

Test(text, a_line_is_a_name_of_any_length) {
        char line[1000];

        memset(line, 'a', sizeof(line));
        cr_assert(text_is_line(line, sizeof(line)));
        cr_assert_not(text_is_name(line, sizeof(line)));
        cr_assert(text_is_line("", 0));
        cr_assert_not(text_is_line("a\tb", 3));
        cr_assert_not(text_is_line("a\x7f", 2));
        cr_assert_not(text_is_line("\xff", 1));
        cr_assert_not(text_is_line("\xc3", 1), "cut in a character");
}

Test(text, bytes_are_two_digits_each) {
        char hex[9];

        cr_assert_str_eq("00ff7e81", text_hex("\x00\xff\x7e\x81", 4, hex));
        cr_assert_str_eq("", text_hex("", 0, hex));
}

Test(text, a_full_arena_gives_null) {
        char memory[8];
        Arena a = arena_over(memory, sizeof(memory));

        cr_assert_str_eq(text_format(&a, "%d", 1234), "1234");
        cr_assert_null(text_format(&a, "%d", 12345));
}
