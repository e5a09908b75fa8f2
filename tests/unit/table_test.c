/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/table.h"

static char *text;
static size_t text_n;

static Screen screen(unsigned width, bool utf8) {
        free(text);
        text = NULL;
        return (Screen){ .out = open_memstream(&text, &text_n), .width = width, .utf8 = utf8 };
}

static const char *bar(int64_t used, int64_t limit, unsigned width, bool utf8) {
        Screen s = screen(0, utf8);

        bar_print((Bar){ used, limit }, width, &s);
        (void) fclose(s.out);
        return text;
}

Test(bar, a_plain_bar_shows_load_line_and_what_is_above_it) {
        cr_assert_str_eq("####....|.", bar(400, 800, 10, false));
        cr_assert_str_eq("########|!", bar(1000, 800, 10, false));
        cr_assert_str_eq("########|!", bar(5000, 800, 10, false), "over capacity stays in its width");
        cr_assert_str_eq("########|!", bar(801, 800, 10, false), "the least above it is marked");
        cr_assert_str_eq("#########!", bar(960, 950, 10, false), "also where nothing is left of the bar");
        cr_assert_str_eq("..........", bar(0, 0, 10, false));
        cr_assert_str_eq("........|.", bar(-3, 800, 10, false));
}

Test(bar, a_terminal_bar_is_as_wide_as_asked) {
        for (int64_t used = 0; used <= 1300; used += 7) {
                const char *b = bar(used, 800, 12, true);

                cr_assert_eq(12, text_columns(b, strlen(b)), "%lld: %s", (long long) used, b);
        }
        cr_assert_str_eq("\u2588\u2588\u258c ", bar(625, 1000, 4, true));
        cr_assert_str_eq("\u258f   ", bar(1, 1000, 4, true), "a little is not nothing");
}

/* Style is no part of it: it is seen without color. */
Test(bar, a_terminal_bar_marks_what_is_above_the_line) {
        cr_assert(strstr(bar(790, 800, 10, true), "\u2503 "), "%s", text);
        cr_assert(strstr(bar(801, 800, 10, true), "\u2503!"), "%s", text);
        cr_assert_null(strchr(bar(800, 800, 10, true), '!'), "%s", text);
        cr_assert(strchr(bar(960, 950, 10, true), '!'), "%s", text);
}

Test(bar, its_style_follows_the_load_line) {
        cr_assert_eq(STYLE_GOOD, bar_style((Bar){ 500, 800 }));
        cr_assert_eq(STYLE_WARN, bar_style((Bar){ 780, 800 }));
        cr_assert_eq(STYLE_BAD, bar_style((Bar){ 801, 800 }));
        cr_assert_eq(STYLE_BAD, bar_style((Bar){ 1001, 0 }));
}

static const Column columns[] = { { .title = "HOST" },
                                  { .title = "VMS", .right = true },
                                  { .title = "CPU", .bar = 6 },
                                  { .title = "WHY" } };

static const char *table(unsigned width, bool utf8) {
        static unsigned char memory[1 << 16];
        Arena a = arena_over(memory, sizeof(memory));
        Table t = table_begin(&a, columns, 4);
        Screen s = screen(width, utf8);

        cr_assert_eq(0, table_row(&t, (Cell[]){ { .text = "h1" },
                                                { .text = "12" },
                                                { .bar = { 500, 800 } },
                                                { .text = "because it is so, and for no other reason" } }));
        cr_assert_eq(0, table_row(&t, (Cell[]){ { .text = "gr\xc3\xbcn\033[2J" },
                                                { .text = "7" },
                                                { .bar = { 900, 800 } },
                                                { .text = NULL } }));
        table_print(&t, &s, "  ");
        (void) fclose(s.out);
        return text;
}

Test(table, columns_line_up_and_names_are_made_safe) {
        cr_assert_str_eq(table(0, false),
                         "  HOST      VMS  CPU     WHY\n"
                         "  h1         12  ###.|.  because it is so, and for no other reason\n"
                         "  gr\xc3\xbcn?[2J    7  ####|!  \n");
}

Test(table, titles_are_made_safe_as_cells_are) {
        static unsigned char memory[1 << 14];
        static const Column hosts[] = { { .title = "h\xc2\x9b"
                                                   "1" },
                                        { .title = "h\033[2J\xe2\x80\xae", .right = true } };

        for (unsigned width = 0; width < 60; width += 20) {
                Arena a = arena_over(memory, sizeof(memory));
                Table t = table_begin(&a, hosts, 2);
                Screen s = screen(width, true);

                cr_assert_eq(0, table_row(&t, (Cell[]){ { .text = "a" }, { .text = "1" } }));
                table_print(&t, &s, "");
                (void) fclose(s.out);
                cr_assert_str_eq(text, "h?1  h?[2J?\n"
                                       "a         1\n");
        }
}

Test(table, on_a_narrow_terminal_the_last_column_wraps_between_words_or_stands_below) {
        cr_assert_str_eq(table(60, false), "  HOST      VMS  CPU     WHY\n"
                                           "  h1         12  ###.|.  because it is so, and for no other\n"
                                           "                         reason\n"
                                           "  gr\xc3\xbcn?[2J    7  ####|!  \n");
        cr_assert_str_eq(table(40, false), "  HOST      VMS  CPU\n"
                                           "  h1         12  ###.|.\n"
                                           "        because it is so, and for no\n"
                                           "        other reason\n"
                                           "  gr\xc3\xbcn?[2J    7  ####|!\n");
        for (unsigned width = 30; width < 120; width++)
                for (char *line = strtok((char *) table(width, true), "\n"); line; line = strtok(NULL, "\n"))
                        cr_assert_leq(text_columns(line, strlen(line)), width, "%u: %s", width, line);
}

Test(table, a_column_of_which_nothing_is_known_goes) {
        static const Column of_waiting[] = { { .title = "VM" },
                                             { .title = "CPU", .right = true },
                                             { .title = "MEMORY", .right = true },
                                             { .title = "I/O", .right = true } };
        static unsigned char memory[1 << 14];
        Arena a = arena_over(memory, sizeof(memory));
        Table t = table_begin(&a, of_waiting, 4);
        Screen s = screen(0, false);

        cr_assert_eq(
                0,
                table_row(&t,
                          (Cell[]){ { .text = "?" }, { .text = "?" }, { .text = "?" }, { .text = "1%" } }));
        cr_assert_eq(
                0,
                table_row(&t,
                          (Cell[]){ { .text = "?" }, { .text = "7%" }, { .text = "?" }, { .text = "?" } }));
        cr_assert_eq(0, table_drop_unknown(&t));
        table_print(&t, &s, "");
        (void) fclose(s.out);
        cr_assert_str_eq("VM  CPU  I/O\n?     ?   1%\n?    7%    ?\n", text);
}
