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
