/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/terminal/screen.h"

static unsigned columns(const char *s) {
        return text_columns(s, strlen(s));
}

Test(screen, columns_are_what_a_terminal_shows) {
        cr_assert_eq(4, columns("web1"));
        cr_assert_eq(4, columns("gr\xc3\xbcn"));
        cr_assert_eq(4, columns("\xe6\x9d\xb1\xe4\xba\xac"), "two wide characters");
        cr_assert_eq(1, columns("e\xcc\x81"), "a combining accent");
        cr_assert_eq(2, columns("\xf0\x9f\x98\x80"), "an emoji");
        cr_assert_eq(2, columns("\xff\xfe"), "broken bytes count one each");
}

Test(screen, a_cut_never_splits_a_character) {
        cr_assert_eq(3, text_fit("\xe6\x9d\xb1\xe4\xba\xac", 6, 3));
        cr_assert_eq(2, text_fit("\xc3\xbc\xc3\xbc", 4, 1));
        cr_assert_eq(3, text_fit("abc", 3, 9));
}

Test(screen, names_cannot_steer_the_terminal) {
        char buf[32];

        cr_assert_str_eq("a?[2Jb", text_safe("a\033[2Jb", buf, sizeof(buf)));
        cr_assert_str_eq("a?b",
                         text_safe("a\xc2\x9b"
                                   "b",
                                   buf, sizeof(buf)),
                         "C1 control");
        cr_assert_str_eq("gr\xc3\xbcn", text_safe("gr\xc3\xbcn", buf, sizeof(buf)));
        cr_assert_str_eq("??", text_safe("\xff\xfe", buf, sizeof(buf)));
        cr_assert_str_eq("gr", text_safe("gr\xc3\xbcn", buf, 4), "cut before what does not fit");
}

Test(screen, a_file_is_plain) {
        FILE *f = tmpfile();
        Screen s = screen_of(f);

        cr_assert_not(s.live || s.colour || s.utf8);
        cr_assert_str_eq("", screen_style(&s, STYLE_BAD));
        (void) fclose(f);
}
