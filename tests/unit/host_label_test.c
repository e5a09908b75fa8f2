/* SPDX-License-Identifier: Apache-2.0 */
/* Labels of hosts: what is one, whose word counts, and that what an agent says stays small. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/model/host_label.h"
#include "scheduler/model/limits.h"

#define WORDS(...)                                                                                           \
        (Strings) {                                                                                          \
                .at = (const char *const[]){ __VA_ARGS__ },                                                  \
                .n = ARRAY_SIZE(((const char *const[]){ __VA_ARGS__ }))                                      \
        }

static unsigned char memory[1 << 18];
static Arena arena;

static void begin(void) {
        arena = arena_over(memory, sizeof(memory));
}

static const char *parsed(const char *text) {
        Strings labels = { 0 };

        cr_assert_eq(0, host_labels_parse(&arena, text, &labels));
        return host_labels_text(&arena, &labels);
}

static const char *merged(Strings labels, Strings changes) {
        cr_assert_eq(0, host_labels_merge(&arena, &labels, &changes, &labels));
        return host_labels_text(&arena, &labels);
}

static const char *long_text(const char *head, char letter, size_t n) {
        char *text = arena_new(&arena, char, strlen(head) + n + 1);

        (void) strcpy(text, head);
        memset(text + strlen(head), letter, n);
        return text;
}

Test(host_label, a_label_is_a_key_and_a_value, .init = begin) {
        const char *good[] = { "a=",
                               "a=b",
                               "A.b_c-d/9=x",
                               "licence=oracle 19c",
                               "a=b=c",
                               "ort=K\xc3\xb6ln",
                               long_text("k=", 'v', HOST_LABEL_VALUE_MOST) };
        const char *bad[] = { "",
                              "a",
                              "=b",
                              "a b=c",
                              "rule:never-move=yes",
                              "a=b,c",
                              "a=b\tc",
                              "\xc3\xb6=a",
                              "a=\xff",
                              long_text("k=", 'v', HOST_LABEL_VALUE_MOST + 1),
                              long_text("", 'k', HOST_LABEL_KEY_MOST + 1) };
        TextFault fault = { .field = "--label" };

        for (size_t i = 0; i < ARRAY_SIZE(good); i++)
                cr_assert_eq(0, host_label_check(good[i], &fault), "%s", good[i]);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                cr_assert_eq(-EINVAL, host_label_check(bad[i], &fault), "%s", bad[i]);
                cr_assert(strstr(fault.what, "accepted: a key of 1 to 63"), "%s", fault.what);
                cr_assert_str_eq(fault.field, "--label", "the place stays");
        }
}

Test(host_label, a_host_has_one_value_of_a_key, .init = begin) {
        Strings given = WORDS("b=2", "a=1"), twice = WORDS("a=1", "b=2", "a=2"), ret = { 0 };
        TextFault fault = { 0 };

        cr_assert_eq(0, host_labels_read(&arena, &given, &ret, &fault));
        cr_assert_str_eq(host_labels_text(&arena, &ret), "a=1,b=2");
        cr_assert_eq(-EINVAL, host_labels_read(&arena, &twice, &ret, &fault));
        cr_assert(strstr(fault.what, "set one key twice"), "%s", fault.what);
}

Test(host_label, nonsense_in_a_report_costs_the_nonsense_alone, .init = begin) {
        cr_assert_str_eq(parsed("b=2,a=1"), "a=1,b=2");
        cr_assert_str_eq(parsed(""), "");
        cr_assert_str_eq(parsed(",,a=1,=x,y,a=2,a b=3,rule:on=h1,"), "a=1");
        cr_assert_str_eq(parsed(long_text("a=", 'x', 4000)), "");
}

Test(host_label, a_report_brings_a_bounded_number, .init = begin) {
        const char *text = "";
        Strings labels = { 0 };

        for (unsigned i = 0; i < 3 * HOST_LABELS_MAX; i++)
                text = text_format(&arena, "%s%sk%u=v", text, i > 0 ? "," : "", i);
        cr_assert_eq(0, host_labels_parse(&arena, text, &labels));
        cr_assert_eq(labels.n, HOST_LABELS_MAX);
}

Test(host_label, what_is_said_later_counts, .init = begin) {
        cr_assert_str_eq(merged(WORDS("a=1", "b=2"), WORDS("b=3")), "a=1,b=3");
        cr_assert_str_eq(merged(WORDS("a=1", "b=2"), WORDS("!b")), "a=1");
        cr_assert_str_eq(merged(WORDS("a=1", "b=2"), WORDS("!*", "c=1")), "c=1");
        cr_assert_str_eq(merged(WORDS("a=1", "b=2"), WORDS("c=1", "!*")), "");
        cr_assert_str_eq(merged(WORDS("a=1"), WORDS("b=1", "b=2", "!a")), "b=2");
        cr_assert_str_eq(merged(WORDS("disk/a=1", "disk/b=2", "x=1"), WORDS("!disk/*")), "x=1");
        cr_assert_str_eq(merged((Strings){ 0 }, WORDS("z=1", "a=1")), "a=1,z=1");
}

Test(host_label, those_of_the_settings_stay_when_there_are_too_many, .init = begin) {
        const char *many[HOST_LABELS_MAX];
        Strings labels = { .at = many, .n = HOST_LABELS_MAX };

        for (unsigned i = 0; i < HOST_LABELS_MAX; i++)
                many[i] = text_format(&arena, "k%02u=v", i);
        cr_assert_eq(0, host_labels_merge(&arena, &labels, &WORDS("zone/trusted=yes"), &labels));
        cr_assert_eq(labels.n, HOST_LABELS_MAX);
        cr_assert(strings_have(&labels, "zone/trusted=yes"));
}
