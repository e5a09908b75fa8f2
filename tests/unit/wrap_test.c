/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/app/terminal/table_layout.h"
#include "scheduler/app/terminal/wrap.h"
#include "scheduler/base/prng.h"

static char *wrapped(const char *text, unsigned width, unsigned *lines) {
        char *out = NULL;
        size_t n = 0;
        FILE *to = open_memstream(&out, &n), *f = wrap_open(to, width, lines);

        (void) fputs(text, f);
        (void) fclose(f);
        (void) fclose(to);
        return out;
}

Test(wrap, a_line_breaks_between_words_and_what_follows_is_indented) {
        unsigned lines = 0;
        char *text = wrapped("note: kvm18's report is 90 s old, so that nothing moves\nshort\n", 30, &lines);

        cr_assert_str_eq("note: kvm18's report is 90 s\n  old, so that nothing moves\nshort\n", text);
        cr_assert_eq(3, lines);
        free(text);
}

Test(wrap, a_word_wider_than_the_line_is_cut_at_its_edge_and_nothing_is_lost) {
        unsigned lines = 0;
        char *text = wrapped("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b\n", 20, &lines);

        cr_assert_str_eq("aaaaaaaaaaaaaaaaaaaa\n  aaaaaaaaaa b\n", text);
        free(text);
}

Test(wrap, styles_take_no_columns_and_what_steers_the_cursor_goes_through) {
        unsigned lines = 0;
        char *text = wrapped("\033[1m12345678901234567890\033[0m\n", 20, &lines), *again;

        cr_assert_str_eq("\033[1m12345678901234567890\033[0m\n", text);
        free(text);
        again = wrapped("\033[3A\033[Jone two three four five six\n", 20, &lines);
        cr_assert_str_eq("\033[3A\033[Jone two three four five six\n", again);
        free(again);
}

Test(wrap, a_question_is_seen_before_its_line_ends) {
        char *out = NULL;
        size_t n = 0;
        unsigned lines = 0;
        FILE *to = open_memstream(&out, &n), *f = wrap_open(to, 80, &lines);

        (void) fputs("Move 3 VMs now? [y/N] ", f);
        (void) fflush(f);
        cr_assert_str_eq("Move 3 VMs now? [y/N] ", out);
        (void) fclose(f);
        (void) fclose(to);
        free(out);
}

/* The law of all breaking: no word is lost, none is broken that has room, no line is wider than asked. */
Test(wrap, every_word_is_kept_whole_and_every_line_fits) {
        Prng p = prng_seeded(1);

        for (unsigned round = 0; round < 3000; round++) {
                char text[256], joined[256] = "", plain[256] = "";
                const unsigned width = 4 + (unsigned) prng_below(&p, 40), n = (unsigned) prng_below(&p, 200);
                size_t at = 0, next;

                for (unsigned i = 0; i < n; i++)
                        text[i] = prng_below(&p, 5) == 0 ? ' ' : (char) ('a' + prng_below(&p, 26));
                text[0] = 'a'; /* not an indent */
                text[n] = '\0';
                while (at < n) {
                        const size_t here = wrap_line(text + at, n - at, width, &next);

                        cr_assert_leq(text_columns(text + at, here),
                                      width + (text[at + here - (here > 0)] == ' ' ? 200 : 0));
                        cr_assert_gt(next, 0);
                        if (at + next < n && text[at + next] != ' ' && text[at + next - 1] != ' ') {
                                /* within a word: it is wider than the line */
                                size_t begin = at + next, end = at + next;

                                while (begin > 0 && text[begin - 1] != ' ')
                                        begin--;
                                while (end < n && text[end] != ' ')
                                        end++;
                                cr_assert_gt(end - begin, width, "%s", text);
                        }
                        strncat(joined, text + at, here);
                        at += next;
                }
                for (size_t i = 0, kept = 0; text[i]; i++)
                        if (text[i] != ' ')
                                plain[kept++] = text[i];
                for (char *c = joined, *to = joined;; c++)
                        if (*c != ' ' && !(*to++ = *c))
                                break;
                cr_assert_str_eq(plain, joined);
        }
}

/* The law of widths: what stands side by side fits; bars give way before words do, and words before the last. */
Test(table_layout, what_stands_side_by_side_fits) {
        Prng p = prng_seeded(2);
        unsigned below = 0;

        for (unsigned round = 0; round < 5000; round++) {
                const unsigned n = 1 + (unsigned) prng_below(&p, 8),
                               width = 20 + (unsigned) prng_below(&p, 150);
                ColumnNeed needs[COLUMNS_MAX];
                unsigned widths[COLUMNS_MAX], shown, used = 0;

                for (unsigned c = 0; c < n; c++) {
                        needs[c].floor = 1 + (unsigned) prng_below(&p, 20);
                        needs[c].natural = needs[c].floor + (unsigned) prng_below(&p, 40);
                        needs[c].bar = prng_below(&p, 4) == 0;
                }
                shown = table_layout(needs, n, width, widths);
                cr_assert(shown >= 1 && shown <= n);
                below += shown < n;
                for (unsigned c = 0; c < shown; c++) {
                        used += widths[c] + (c > 0 ? COLUMN_GAP : 0);
                        cr_assert(widths[c] >= needs[c].floor || shown == 1);
                        cr_assert(widths[c] <= needs[c].natural || shown == 1);
                        for (unsigned b = 0; b < shown; b++)
                                cr_assert(shown == 1 || !needs[b].bar || needs[c].bar ||
                                          widths[b] == needs[b].floor || widths[c] == needs[c].natural);
                }
                cr_assert_leq(used, width);
        }
        cr_assert_gt(below, 100);
}
