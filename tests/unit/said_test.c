/* SPDX-License-Identifier: Apache-2.0 */
/* What goes on is said when it begins, changes and ends. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/base/said.h"

static Said said;

static void close_it(void) {
        said_close(&said);
}

TestSuite(said, .fini = close_it);

static char ended[4][SAID_NAME_SIZE];
static uint64_t times[4];
static uint32_t n_ended;

static void hear(void *arg, const SaidThing *thing) {
        cr_assert_eq(arg, &said);
        cr_assert_lt(n_ended, 4);
        (void) snprintf(ended[n_ended], sizeof(ended[0]), "%s", thing->name);
        times[n_ended++] = thing->times;
}

Test(said, a_thing_is_worth_a_line_when_it_begins_and_when_its_words_change) {
        cr_assert_eq(SAID_BEGINS, said_look(&said, "a", "x", 10));
        cr_assert_eq(SAID_GOES_ON, said_look(&said, "a", "x", 20));
        cr_assert_eq(SAID_CHANGES, said_look(&said, "a", "y", 30));
        cr_assert_eq(2, said_find(&said, "a")->before);
        cr_assert_eq(3, said_find(&said, "a")->times);
        cr_assert_eq(10, said_find(&said, "a")->since);
        cr_assert_eq(30, said_find(&said, "a")->last);
        cr_assert_eq(SAID_GOES_ON, said_look(&said, "a", "y", 40));
        cr_assert_eq(SAID_BEGINS, said_look(&said, "b", "y", 40), "another thing");
        cr_assert_null(said_find(&said, "c"));
}

Test(said, what_a_turn_does_not_see_has_ended) {
        (void) said_look(&said, "a", "", 1);
        (void) said_look(&said, "b", "", 1);
        said_turn(&said, hear, &said);
        cr_assert_eq(0, n_ended);
        cr_assert_eq(SAID_GOES_ON, said_look(&said, "a", "", 2));
        said_turn(&said, hear, &said);
        cr_assert_eq(1, n_ended);
        cr_assert_str_eq("b", ended[0]);
        cr_assert_eq(1, times[0]);
        said_turn(&said, hear, &said);
        cr_assert_eq(2, n_ended);
        cr_assert_str_eq("a", ended[1]);
        cr_assert_eq(2, times[1]);
        cr_assert_eq(SAID_BEGINS, said_look(&said, "a", "", 3), "it begins anew");
}

Test(said, one_ends_by_its_name) {
        SaidThing was = { 0 };

        cr_assert_not(said_end(&said, "a", &was));
        (void) said_look(&said, "a", "", 1);
        (void) said_look(&said, "b", "", 1);
        cr_assert(said_end(&said, "a", &was));
        cr_assert_str_eq("a", was.name);
        cr_assert_not(said_end(&said, "a", &was));
        cr_assert_eq(SAID_GOES_ON, said_look(&said, "b", "", 2));
}

/* Whatever goes on: so many lines, and no more. */
Test(said, what_is_beyond_the_bound_is_not_said) {
        uint32_t begun = 0;
        char name[32];

        for (int turn = 0; turn < 3; turn++) {
                for (int i = 0; i < 2 * SAID_MAX; i++) {
                        (void) snprintf(name, sizeof(name), "thing %d", i);
                        begun += said_look(&said, name, "", turn) != SAID_GOES_ON;
                }
                said_turn(&said, hear, &said);
        }
        cr_assert_eq(SAID_MAX, begun);
        cr_assert_eq(0, n_ended);
}

Test(said, long_names_are_told_apart) {
        char left[400], right[400];
        SaidThing was;

        memset(left, 'x', sizeof(left));
        memset(right, 'x', sizeof(right));
        left[398] = 'l';
        left[399] = right[399] = '\0';
        cr_assert_eq(SAID_BEGINS, said_look(&said, left, "", 1));
        cr_assert_eq(SAID_BEGINS, said_look(&said, right, "", 1));
        cr_assert(said_end(&said, left, &was));
        cr_assert_eq(SAID_NAME_SIZE - 1, strlen(was.name));
        cr_assert_eq(SAID_GOES_ON, said_look(&said, right, "", 1));
}
