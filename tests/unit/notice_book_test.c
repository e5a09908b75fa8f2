/* SPDX-License-Identifier: Apache-2.0 */
/* How notices are told: many of a kind as one, again within ten minutes in the same thread, to an Alertmanager each minute; and how
 * they are signed. */
#include <criterion/criterion.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/notices/notice_book.h"

#define BEGIN  (INT64_C(1767225600) * USEC_PER_SEC)
#define SECOND USEC_PER_SEC

static NoticeBook *book;

/* n hosts of grade 3, named by the letter. */
static void round_of(char letter, int n, int level, NoticeSeverity severity, usec_t now) {
        NoticePicture p = { .judged = NOTICE_ALL_EVENTS };

        for (int i = 0; i < n; i++) {
                char subject[16];

                (void) snprintf(subject, sizeof(subject), "%c%d", letter, i);
                cr_assert(notice_picture_add(&p, NOTICE_FAULT, severity, level, subject));
        }
        notice_picture_end(&p);
        cr_assert_geq(notice_book_apply(book, &p, now), 0);
        notice_picture_free(&p);
}

/* The next notice, taken; the caller's. NULL: none. */
static json_t *taken(usec_t now) {
        const NoticeQueued *q = notice_book_next(book, now);
        json_t *o = q ? json_loads(q->body, 0, NULL) : NULL;

        if (q)
                notice_book_sent(book, q->number, true, now);
        return o;
}

static const char *text_of(const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        return text ? text : "";
}

Test(notice_book, five_of_a_kind_are_five_and_six_are_one) {
        json_t *o;

        book = notice_book_new("t", "https://drs.example", 1, "e");
        round_of('a', 5, 3, NOTICE_CRITICAL, BEGIN);
        for (int i = 0; i < 5; i++) {
                o = taken(BEGIN);
                cr_assert_eq(1, json_integer_value(json_object_get(o, "count")));
                json_decref(o);
        }
        cr_assert_null(taken(BEGIN));
        round_of('a', 0, 0, NOTICE_INFO, BEGIN + 3600 * SECOND);
        while ((o = taken(BEGIN + 3600 * SECOND)))
                json_decref(o);
        round_of('b', 6, 3, NOTICE_CRITICAL, BEGIN + 7200 * SECOND);
        o = taken(BEGIN + 7200 * SECOND);
        cr_assert_eq(6, json_integer_value(json_object_get(o, "count")));
        cr_assert_eq(6, json_array_size(json_object_get(o, "subjects")));
        cr_assert_str_eq(text_of(o, "key"), "t/fault/*");
        json_decref(o);
        cr_assert_null(taken(BEGIN + 7200 * SECOND));
        (void) notice_book_free(book);
}

Test(notice_book, one_after_the_other_become_one_when_there_are_more_than_five) {
        json_t *o;
        int alone = 0, together = 0;

        book = notice_book_new("t", "", 1, "e");
        for (int i = 1; i <= 9; i++) {
                round_of('a', i, 3, NOTICE_CRITICAL, BEGIN + i * SECOND);
                while ((o = taken(BEGIN + i * SECOND))) {
                        alone++;
                        json_decref(o);
                }
        }
        cr_assert_eq(5, alone);
        cr_assert_not(notice_book_tick(book, BEGIN + 30 * SECOND));
        cr_assert(notice_book_tick(book, BEGIN + 31 * SECOND), "30 s after the first");
        while ((o = taken(BEGIN + 31 * SECOND))) {
                together++;
                cr_assert_eq(4, json_integer_value(json_object_get(o, "count")));
                json_decref(o);
        }
        cr_assert_eq(1, together);
        (void) notice_book_free(book);
}

/* The next notice is this one: how many at once, and of what. */
static void expect_told(const char *state, int count, const char *key, usec_t now) {
        json_t *o = taken(now);

        cr_assert_not_null(o);
        cr_expect_str_eq(text_of(o, "state"), state);
        cr_expect_eq(count, json_integer_value(json_object_get(o, "count")));
        cr_expect_str_eq(text_of(o, "key"), key);
        json_decref(o);
}

Test(notice_book, what_waits_to_be_told_is_told_before_one_of_it_ends) {
        json_t *o;

        book = notice_book_new("t", "", 1, "e");
        round_of('a', 5, 3, NOTICE_CRITICAL, BEGIN);
        while ((o = taken(BEGIN)))
                json_decref(o);
        round_of('a', 7, 3, NOTICE_CRITICAL, BEGIN + SECOND);
        cr_assert_null(taken(BEGIN + SECOND), "a5 and a6 wait, to be told together");
        round_of('a', 6, 3, NOTICE_CRITICAL, BEGIN + 2 * SECOND);
        expect_told("open", 2, "t/fault/*", BEGIN + 2 * SECOND);
        expect_told("closed", 1, "t/fault/a6", BEGIN + 2 * SECOND);
        cr_assert_null(taken(BEGIN + 2 * SECOND));
        cr_assert_not(notice_book_tick(book, BEGIN + 40 * SECOND), "and it is told once");
        (void) notice_book_free(book);
}

Test(notice_book, what_waits_to_be_told_is_told_before_one_of_it_gets_worse) {
        NoticePicture p = { .judged = NOTICE_ALL_EVENTS };
        json_t *o;

        book = notice_book_new("t", "", 1, "e");
        round_of('a', 5, 2, NOTICE_WARNING, BEGIN);
        while ((o = taken(BEGIN)))
                json_decref(o);
        round_of('a', 7, 2, NOTICE_WARNING, BEGIN + SECOND);
        for (int i = 0; i < 7; i++) {
                char subject[8];

                (void) snprintf(subject, sizeof(subject), "a%d", i);
                cr_assert(notice_picture_add(&p, NOTICE_FAULT, i == 6 ? NOTICE_CRITICAL : NOTICE_WARNING,
                                             i == 6 ? 3 : 2, subject));
        }
        notice_picture_end(&p);
        cr_assert_geq(notice_book_apply(book, &p, BEGIN + 2 * SECOND), 0);
        notice_picture_free(&p);
        expect_told("open", 2, "t/fault/*", BEGIN + 2 * SECOND);
        expect_told("worse", 1, "t/fault/a6", BEGIN + 2 * SECOND);
        cr_assert_null(taken(BEGIN + 2 * SECOND));
        (void) notice_book_free(book);
}

Test(notice_book, again_within_ten_minutes_is_the_same_thread) {
        char thread[NOTICE_ID_SIZE], id[NOTICE_ID_SIZE];
        json_t *o;

        book = notice_book_new("t", "", 1, "e");
        round_of('a', 1, 3, NOTICE_CRITICAL, BEGIN);
        o = taken(BEGIN);
        (void) snprintf(thread, sizeof(thread), "%s", text_of(o, "thread"));
        (void) snprintf(id, sizeof(id), "%s", text_of(o, "id"));
        json_decref(o);
        round_of('a', 0, 0, NOTICE_INFO, BEGIN + 60 * SECOND);
        o = taken(BEGIN + 60 * SECOND);
        cr_assert_str_eq(text_of(o, "state"), "closed");
        cr_assert_str_eq(text_of(o, "thread"), thread);
        json_decref(o);
        round_of('a', 1, 3, NOTICE_CRITICAL, BEGIN + 659 * SECOND);
        o = taken(BEGIN + 659 * SECOND);
        cr_assert_str_eq(text_of(o, "thread"), thread);
        cr_assert_str_neq(text_of(o, "id"), id);
        json_decref(o);
        round_of('a', 0, 0, NOTICE_INFO, BEGIN + 700 * SECOND);
        json_decref(taken(BEGIN + 700 * SECOND));
        round_of('a', 1, 3, NOTICE_CRITICAL, BEGIN + 1300 * SECOND);
        o = taken(BEGIN + 1300 * SECOND);
        cr_assert_str_neq(text_of(o, "thread"), thread, "ten minutes later it is another");
        json_decref(o);
        (void) notice_book_free(book);
}

Test(notice_book, a_link_only_shows) {
        json_t *o;

        book = notice_book_new("a b", "https://drs.example", 1, "e");
        round_of('/', 1, 3, NOTICE_CRITICAL, BEGIN);
        o = taken(BEGIN);
        cr_assert_str_eq(text_of(o, "link"), "https://drs.example/c/a%20b/hosts/%2F0");
        json_decref(o);
        (void) notice_book_free(book);
}

/* ---- an Alertmanager ---- */

static json_t *alerts(usec_t now) {
        char *text = notice_book_alerts(book, now);
        json_t *list = text ? json_loads(text, 0, NULL) : NULL;

        free(text);
        return list;
}

static void expect_alert(const json_t *list, size_t i, const char *severity, const char *ends) {
        const json_t *o = json_array_get(list, i);

        cr_assert_str_eq(text_of(json_object_get(o, "labels"), "severity"), severity);
        cr_assert_str_eq(text_of(o, "endsAt"), ends);
}

Test(notice_book, an_alertmanager_is_told_each_minute_that_it_lasts) {
        json_t *list;

        book = notice_book_new("t", "", 2, "e");
        round_of('a', 1, 2, NOTICE_WARNING, BEGIN);
        list = alerts(BEGIN);
        cr_assert_eq(1, json_array_size(list));
        expect_alert(list, 0, "warning", "2026-01-01T00:05:00Z");
        json_decref(list);
        notice_book_alerts_sent(book, true, BEGIN);
        cr_assert_null(alerts(BEGIN + 59 * SECOND));
        list = alerts(BEGIN + 60 * SECOND);
        expect_alert(list, 0, "warning", "2026-01-01T00:06:00Z");
        json_decref(list);
        notice_book_alerts_sent(book, true, BEGIN + 60 * SECOND);
        /* worse: severity is a label, so that the one before ends */
        round_of('a', 1, 3, NOTICE_CRITICAL, BEGIN + 90 * SECOND);
        list = alerts(BEGIN + 90 * SECOND);
        cr_assert_eq(2, json_array_size(list));
        expect_alert(list, 0, "warning", "2026-01-01T00:01:30Z");
        expect_alert(list, 1, "critical", "2026-01-01T00:06:30Z");
        json_decref(list);
        notice_book_alerts_sent(book, false, BEGIN + 90 * SECOND);
        cr_assert_null(alerts(BEGIN + 90 * SECOND), "it is tried again a second later");
        json_decref(alerts(BEGIN + 91 * SECOND));
        notice_book_alerts_sent(book, true, BEGIN + 91 * SECOND);
        /* it ends, once */
        round_of('a', 0, 0, NOTICE_INFO, BEGIN + 120 * SECOND);
        list = alerts(BEGIN + 120 * SECOND);
        cr_assert_eq(1, json_array_size(list));
        expect_alert(list, 0, "critical", "2026-01-01T00:02:00Z");
        json_decref(list);
        notice_book_alerts_sent(book, true, BEGIN + 120 * SECOND);
        cr_assert_null(alerts(BEGIN + 180 * SECOND));
        (void) notice_book_free(book);
}

/* ---- what the store has ---- */

Test(notice_book, what_cannot_be_read_changes_nothing) {
        static const char *const bad[] = {
                "",
                "{",
                "{}",
                "[]",
                "{\"schema\": \"plimsoll.notices/1\"}",
                ("{\"schema\": \"plimsoll.notices/1\", \"epoch\": \"e\", \"number\": 1, \"taken\": 0, "
                 "\"threads\": 0, \"kept\": [{\"event\": 99}], \"queue\": [], \"groups\": []}")
        };

        book = notice_book_new("t", "", 1, "e");
        round_of('a', 2, 3, NOTICE_CRITICAL, BEGIN);
        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_eq(-EBADMSG, notice_book_parse(book, bad[i], strlen(bad[i])), "%s", bad[i]);
        cr_assert_eq(2, notice_book_waiting(book));
        cr_assert_eq(2, notice_book_open(book));
        (void) notice_book_free(book);
}

Test(notice_book, of_one_key_one_is_read) {
        NoticePicture nothing = { .judged = NOTICE_ALL_EVENTS };
        const char *text =
                "{\"schema\": \"plimsoll.notices/1\", \"epoch\": \"e\", \"number\": 1, \"taken\": 0, \"threads\": 0, "
                "\"queue\": [], \"groups\": [], \"kept\": ["
                "{\"event\": 2, \"severity\": 2, \"level\": 3, \"since\": 1, \"closed_at\": 0, \"told\": -1, "
                "\"subject\": \"h1\", \"thread\": \"e-t1\"}, "
                "{\"event\": 2, \"severity\": 2, \"level\": 3, \"since\": 2, \"closed_at\": 0, \"told\": -1, "
                "\"subject\": \"h1\", \"thread\": \"e-t2\"}]}";

        book = notice_book_new("t", "", 1, "e");
        cr_assert_eq(0, notice_book_parse(book, text, strlen(text)));
        cr_assert_eq(1, notice_book_open(book));
        cr_assert_eq(1, notice_book_apply(book, &nothing, BEGIN), "it closes");
        cr_assert_eq(0, notice_book_open(book));
        (void) notice_book_free(book);
}

/* ---- signatures ---- */

/* The example of the specification (standard-webhooks, spec/standard-webhooks.md and its libraries' tests). */
Test(notice_book, is_signed_as_the_specification_has_it) {
        char signature[NOTICE_SIGNATURE_SIZE];
        NoticeSecret secret;

        cr_assert_eq(0, notice_secret_parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", &secret));
        notice_sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}", signature);
        cr_assert_str_eq(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

Test(notice_book, a_secret_is_one) {
        static const char *const bad[] = { "",
                                           "whsec_",
                                           "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                                           "whsec_short",
                                           "whsec_!!!!",
                                           "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS" };
        NoticeSecret secret;

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
                cr_assert_eq(-EINVAL, notice_secret_parse(bad[i], &secret), "%s", bad[i]);
}

/* ---- what was so before is told before what is so now, also where it waits for more of its kind ---- */

/* How many notices there are in all, and the order of what they say of the subject. */
static void expect_states(const char *subject, const char *const *states, size_t n, usec_t now) {
        size_t i = 0;
        json_t *o;

        while ((o = taken(now))) {
                const json_t *subjects = json_object_get(o, "subjects");
                bool has = strcmp(text_of(o, "subject"), subject) == 0;

                for (size_t k = 0; k < json_array_size(subjects); k++)
                        has |= strcmp(json_string_value(json_array_get(subjects, k)), subject) == 0;
                if (has) {
                        cr_assert_lt(i, n, "%s: one more", text_of(o, "state"));
                        cr_assert_str_eq(text_of(o, "state"), states[i++]);
                }
                json_decref(o);
        }
        cr_assert_eq(n, i, "%zu of %zu", i, n);
}

/* Five are told one by one, so that the sixth and what follows waits for more: a5. */
static void six_open(void) {
        book = notice_book_new("t", "", 1, "e");
        round_of('a', 5, 3, NOTICE_CRITICAL, BEGIN);
        round_of('a', 6, 3, NOTICE_CRITICAL, BEGIN + SECOND);
}

Test(notice_book, what_closes_has_been_told_that_it_is_worse) {
        book = notice_book_new("t", "", 1, "e");
        round_of('a', 6, 2, NOTICE_WARNING, BEGIN);
        round_of('a', 6, 3, NOTICE_CRITICAL, BEGIN + 60 * SECOND); /* six at once: told together */
        round_of('a', 6, 4, NOTICE_CRITICAL, BEGIN + 61 * SECOND); /* wait for more */
        round_of('a', 5, 4, NOTICE_CRITICAL, BEGIN + 62 * SECOND);
        (void) notice_book_tick(book, BEGIN + 120 * SECOND);
        expect_states("a5", (const char *const[]){ "open", "worse", "worse", "closed" }, 4,
                      BEGIN + 120 * SECOND);
        (void) notice_book_free(book);
}

Test(notice_book, what_opens_again_has_been_told_that_it_is_closed) {
        book = notice_book_new("t", "", 1, "e");
        round_of('a', 6, 3, NOTICE_CRITICAL, BEGIN);
        round_of('a', 0, 0, NOTICE_INFO, BEGIN + 60 * SECOND);
        round_of('a', 6, 3, NOTICE_CRITICAL, BEGIN + 61 * SECOND);
        round_of('a', 0, 0, NOTICE_INFO, BEGIN + 62 * SECOND);
        round_of('a', 1, 3, NOTICE_CRITICAL, BEGIN + 63 * SECOND);
        (void) notice_book_tick(book, BEGIN + 120 * SECOND);
        expect_states("a0", (const char *const[]){ "open", "closed", "open", "closed", "open" }, 5,
                      BEGIN + 120 * SECOND);
        (void) notice_book_free(book);
}

Test(notice_book, those_that_others_say_nothing_of_still_wait_together) {
        six_open();
        round_of('b', 0, 0, NOTICE_INFO,
                 BEGIN + 2 * SECOND); /* a0 … a5 close at once: a5 is told to be open before */
        expect_states("a5", (const char *const[]){ "open", "closed" }, 2, BEGIN + 2 * SECOND);
        round_of('c', 2, 3, NOTICE_CRITICAL, BEGIN + 3 * SECOND);
        round_of('c', 3, 3, NOTICE_CRITICAL, BEGIN + 4 * SECOND);
        cr_assert_null(taken(BEGIN + 4 * SECOND), "they wait for more of their kind");
        (void) notice_book_tick(book, BEGIN + 60 * SECOND);
        expect_states("c2", (const char *const[]){ "open" }, 1, BEGIN + 60 * SECOND);
        cr_assert_eq(3, notice_book_open(book));
        (void) notice_book_free(book);
}

/* A text is cut where its room ends, maybe within a character; what the store cannot hold would be told again by the next leader. */
Test(notice_book, a_text_that_was_cut_within_a_character_is_kept) {
        NoticePicture p = { .judged = NOTICE_ALL_EVENTS };
        NoticeBook *other = notice_book_new("t", "", 3, "e");
        NoticeCondition *c;
        char *text, *alerts_;

        book = notice_book_new("t", "", 3, "e");
        c = notice_picture_add(&p, NOTICE_FAULT, NOTICE_CRITICAL, 3, "h1");
        (void) snprintf(c->detail, sizeof(c->detail), "%.4s", "no \xe2\x86\x92");
        notice_picture_end(&p);
        cr_assert_geq(notice_book_apply(book, &p, BEGIN), 0);
        alerts_ = notice_book_alerts(book, BEGIN);
        cr_assert(alerts_ && strstr(alerts_, "\"no ?\""), "%s", alerts_);
        text = notice_book_print(book);
        cr_assert_eq(0, notice_book_parse(other, text, strlen(text)));
        cr_assert_eq(1, notice_book_open(other));
        cr_assert_eq(0, notice_book_apply(other, &p, BEGIN + SECOND), "nothing is new to the next leader");
        notice_picture_free(&p);
        free(alerts_);
        free(text);
        (void) notice_book_free(other);
        (void) notice_book_free(book);
}
