/* SPDX-License-Identifier: Apache-2.0 */
/* Notices over random histories of a cluster: what opened is closed when it ends, of one key one is open at most, and a receiver that
 * comes and goes gets each once, in order, in simulated time.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/notices/notice_book.h"
#include "scheduler/base/prng.h"
#include "tests/seeds.h"

#define BEGIN    (INT64_C(1767225600) * USEC_PER_SEC)
#define SECOND   USEC_PER_SEC
#define SUBJECTS 12

static Prng chance;

static uint32_t below(uint32_t n) {
        return (uint32_t) prng_below(&chance, n);
}

/* Level of each condition; 0: it is not so. */
typedef struct World {
        int level[NOTICE_EVENT_N][SUBJECTS];
} World;

static void change(World *w, unsigned rarely) {
        for (int e = 0; e < NOTICE_TEST; e++)
                for (int i = 0; i < SUBJECTS; i++)
                        if (below(rarely) == 0)
                                w->level[e][i] = (int) below(4);
}

static NoticePicture look(const World *w) {
        NoticePicture p = { .judged = NOTICE_ALL_EVENTS };

        for (int e = 0; e < NOTICE_TEST; e++)
                for (int i = 0; i < SUBJECTS; i++) {
                        char subject[16];

                        (void) snprintf(subject, sizeof(subject), "s%d", i);
                        if (w->level[e][i] > 0)
                                cr_assert(notice_picture_add(&p, (NoticeEvent) e, NOTICE_WARNING,
                                                             w->level[e][i], subject));
                }
        notice_picture_end(&p);
        return p;
}

/* ---- what is new between two pictures ---- */

Test(notice_law, what_opened_closes_and_none_is_open_twice) {
        for (uint64_t seed = 0; seed < SEEDS_OF(200); seed++) {
                World w = { 0 };
                int open[NOTICE_EVENT_N][SUBJECTS] = { 0 };
                NoticePicture was = { 0 };

                chance = prng_seeded(seed);
                for (int turn = 0; turn < 40; turn++) {
                        NoticeChange *changes;
                        NoticePicture is;
                        uint32_t n;

                        change(&w, 5);
                        if (turn == 39)
                                memset(&w, 0, sizeof(w));
                        is = look(&w);
                        cr_assert_eq(0, notice_changes(was.at, was.n, &is, &changes, &n));
                        for (uint32_t i = 0; i < n; i++) {
                                const NoticeCondition *c = changes[i].condition;
                                int *o = &open[c->event][atoi(c->subject + 1)];

                                if (changes[i].state == NOTICE_OPEN)
                                        cr_assert_eq(0, (*o)++, "seed %llu: opened twice",
                                                     (unsigned long long) seed);
                                if (changes[i].state == NOTICE_CLOSED)
                                        cr_assert_eq(1, (*o)--, "seed %llu: closed and not open",
                                                     (unsigned long long) seed);
                                if (changes[i].state == NOTICE_WORSE)
                                        cr_assert_eq(1, *o);
                        }
                        for (int e = 0; e < NOTICE_EVENT_N; e++)
                                for (int i = 0; i < SUBJECTS; i++)
                                        cr_assert_eq(open[e][i], w.level[e][i] > 0, "seed %llu",
                                                     (unsigned long long) seed);
                        free(changes);
                        notice_picture_free(&was);
                        was = is;
                }
                notice_picture_free(&was);
        }
}

/* A round that had no facts opens and closes nothing of what it could not judge. */
Test(notice_law, what_is_not_judged_stays_as_it_is) {
        NoticePicture was = { .judged = NOTICE_ALL_EVENTS }, is = { .judged = 1U << NOTICE_BLIND };
        NoticeChange *changes;
        uint32_t n;

        cr_assert(notice_picture_add(&was, NOTICE_FAULT, NOTICE_CRITICAL, 3, "h1"));
        cr_assert(notice_picture_add(&is, NOTICE_BLIND, NOTICE_CRITICAL, 1, ""));
        notice_picture_end(&was);
        notice_picture_end(&is);
        cr_assert_eq(0, notice_changes(was.at, was.n, &is, &changes, &n));
        cr_assert_eq(1, n);
        cr_assert_eq(NOTICE_OPEN, changes[0].state);
        cr_assert_eq(NOTICE_BLIND, changes[0].condition->event);
        free(changes);
        notice_picture_free(&was);
        notice_picture_free(&is);
}

/* ---- a receiver ---- */

typedef struct Receiver {
        uint64_t last; /* number of the last one that came */
        uint32_t n, tries;
        int open[NOTICE_EVENT_N][SUBJECTS]; /* as it has been told */
        usec_t late;                        /* the longest from when it was made to when it came */
} Receiver;

static int event_of(const char *name) {
        for (int e = 0; e < NOTICE_EVENT_N; e++)
                if (strcmp(notice_event_names[e], name) == 0)
                        return e;
        cr_assert(false, "%s is no event", name);
        return 0;
}

static void told(Receiver *r, const char *subject, int event, const char *state) {
        int *o = &r->open[event][atoi(subject + 1)];

        if (strcmp(state, "closed") == 0)
                cr_assert_eq(1, (*o)--, "%s closed, and was not open", subject);
        else if (strcmp(state, "open") == 0)
                cr_assert_eq(0, (*o)++, "%s opened twice", subject);
}

static void takes(Receiver *r, const NoticeQueued *q, usec_t now) {
        json_t *o = json_loads(q->body, 0, NULL);
        const char *state = json_string_value(json_object_get(o, "state")),
                   *subject = json_string_value(json_object_get(o, "subject"));
        const int event = event_of(json_string_value(json_object_get(o, "event")));
        json_t *several = json_object_get(o, "subjects");

        cr_assert(q->number > r->last, "%llu after %llu", (unsigned long long) q->number,
                  (unsigned long long) r->last);
        r->last = q->number;
        r->n++;
        r->late = now - q->at > r->late ? now - q->at : r->late;
        if (subject)
                told(r, subject, event, state);
        cr_assert(subject ||
                  json_integer_value(json_object_get(o, "count")) == (json_int_t) json_array_size(several));
        for (size_t i = 0; i < json_array_size(several); i++)
                told(r, json_string_value(json_array_get(several, i)), event, state);
        json_decref(o);
}

/* What a sender does within a second. */
static void send(NoticeBook *book, Receiver *r, bool is_there, usec_t now) {
        for (const NoticeQueued *q; (q = notice_book_next(book, now));) {
                const uint64_t number = q->number;

                r->tries++;
                if (is_there)
                        takes(r, q, now);
                notice_book_sent(book, number, is_there, now);
        }
}

static NoticeBook *again(NoticeBook *book) {
        char *text = notice_book_print(book);
        NoticeBook *other = notice_book_new("t", "https://drs.example", 3, "other");

        cr_assert_eq(0, notice_book_parse(other, text, strlen(text)));
        free(text);
        (void) notice_book_free(book);
        return other;
}

/* Rounds each 30 s for an hour; the receiver is away for ten minutes of it, and leaders change. */
Test(notice_law, away_for_ten_minutes_each_arrives_once_in_order) {
        for (uint64_t seed = 0; seed < SEEDS_OF(40); seed++) {
                NoticeBook *book = notice_book_new("t", "", 1, "abc");
                Receiver r = { 0 };
                World w = { 0 };

                chance = prng_seeded(seed);
                for (int s = 0; s < 3600; s++) {
                        const usec_t now = BEGIN + s * SECOND;
                        const bool is_there = s < 600 || s >= 1200;

                        if (s % 30 == 0) {
                                NoticePicture p;

                                change(&w, s < 3000 ? 60 : UINT32_MAX);
                                if (s == 3000)
                                        memset(&w, 0, sizeof(w));
                                p = look(&w);
                                cr_assert_geq(notice_book_apply(book, &p, now), 0);
                                notice_picture_free(&p);
                        }
                        (void) notice_book_tick(book, now);
                        send(book, &r, is_there, now);
                        if (s == 1199)
                                cr_assert_gt(notice_book_waiting(book), 0);
                        if (s % 700 == 699)
                                book = again(book); /* the next leader reads what this one kept */
                }
                cr_assert_eq(0, notice_book_waiting(book));
                cr_assert_eq(0, notice_book_open(book));
                cr_assert_eq(r.last, notice_book_newest(book), "none was lost");
                cr_assert_eq(r.n, r.last, "each came once");
                for (int e = 0; e < NOTICE_EVENT_N; e++)
                        for (int i = 0; i < SUBJECTS; i++)
                                cr_assert_eq(0, r.open[e][i]);
                cr_assert_leq(r.late, 600 * SECOND + 512 * SECOND,
                              "the last wait was doubled no further than this");
                cr_assert_leq(r.tries, r.n + 2 * 11,
                              "%u tries for %u: each leader begins with a second, and doubles", r.tries, r.n);
                (void) notice_book_free(book);
        }
}

/* ---- bounds ---- */

Test(notice_law, a_thousand_wait_and_what_is_lost_is_counted) {
        NoticeBook *book = notice_book_new("t", "", 1, "abc");
        uint32_t counted[NOTICE_CHANNEL_N][NOTICE_RESULT_N];
        usec_t now = BEGIN;

        for (int i = 0; i < 1200; i++) {
                NoticePicture p = { .judged = NOTICE_ALL_EVENTS };
                char subject[16];

                now += 31 * SECOND; /* none of them is told with another */
                (void) snprintf(subject, sizeof(subject), "s%d", i);
                cr_assert(notice_picture_add(&p, NOTICE_FAULT, NOTICE_CRITICAL, 3, subject));
                if (i > 0) {
                        (void) snprintf(subject, sizeof(subject), "s%d", i - 1);
                        cr_assert(notice_picture_add(&p, NOTICE_FAULT, NOTICE_CRITICAL, 3, subject));
                }
                notice_picture_end(&p);
                cr_assert_geq(notice_book_apply(book, &p, now), 0);
                notice_picture_free(&p);
        }
        cr_assert_eq(NOTICE_QUEUE_MOST, notice_book_waiting(book));
        notice_book_counted(book, counted);
        cr_assert_eq(notice_book_newest(book) - NOTICE_QUEUE_MOST, counted[NOTICE_WEBHOOK][NOTICE_LOST]);
        cr_assert(notice_book_tick(book, now + NOTICE_LASTS));
        cr_assert_eq(0, notice_book_waiting(book), "after a day they are given up");
        notice_book_counted(book, counted);
        cr_assert_eq(NOTICE_QUEUE_MOST, counted[NOTICE_WEBHOOK][NOTICE_LOST]);
        (void) notice_book_free(book);
}
