/* SPDX-License-Identifier: Apache-2.0 */
/* Facts read ahead on a thread, from a source that is slow, fails, or ends late. */
#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "scheduler/app/facts/facts_ahead.h"

#define PAUSE USEC_PER_MSEC
#define EVER  (INT64_C(3600) * USEC_PER_SEC)

/* A source whose readings are let through one by one. The n-th, from 1, is a snapshot taken at n. */
typedef struct Gate {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        int64_t begun, ended, let; /* readings; so many may end */
        int64_t failing;           /* this one fails; 0: none */
} Gate;

static Gate gate;
static FactsAhead *ahead;

static int read_one(void *arg, Arena *a, const Snapshot **ret, TextFault *reterr_fault) {
        Gate *g = arg;
        int64_t n;
        Snapshot *s;

        (void) pthread_mutex_lock(&g->lock);
        n = ++g->begun;
        (void) pthread_cond_broadcast(&g->changed);
        while (g->let < n)
                (void) pthread_cond_wait(&g->changed, &g->lock);
        g->ended = n;
        (void) pthread_cond_broadcast(&g->changed);
        (void) pthread_mutex_unlock(&g->lock);
        if (n == g->failing) {
                text_fault(reterr_fault, "", "the source is away");
                return -EHOSTUNREACH;
        }
        s = arena_new(a, Snapshot, 1);
        cr_assert_not_null(s);
        s->taken_at = n;
        *ret = s;
        return 0;
}

static void let(int64_t n) {
        (void) pthread_mutex_lock(&gate.lock);
        gate.let = n;
        (void) pthread_cond_broadcast(&gate.changed);
        (void) pthread_mutex_unlock(&gate.lock);
}

static void await_begin_of(int64_t n) {
        (void) pthread_mutex_lock(&gate.lock);
        while (gate.begun < n)
                (void) pthread_cond_wait(&gate.changed, &gate.lock);
        (void) pthread_mutex_unlock(&gate.lock);
}

static void *let_later(void *arg) {
        clock_sleep(50 * USEC_PER_MSEC);
        let(*(const int64_t *) arg);
        return NULL;
}

/* While the caller waits for it. */
static pthread_t late(const int64_t *n) {
        pthread_t t;

        cr_assert_eq(0, pthread_create(&t, NULL, let_later, (void *) (uintptr_t) n));
        return t;
}

static int64_t taken(usec_t fresh) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        cr_assert_eq(0, facts_ahead_get(ahead, fresh, &s, &f), "%s", f.what);
        return s->taken_at;
}

static void setup(void) {
        (void) pthread_mutex_init(&gate.lock, NULL);
        (void) pthread_cond_init(&gate.changed, NULL);
        cr_assert_eq(0, facts_ahead_new(read_one, &gate, PAUSE, &ahead));
}

static void teardown(void) {
        let(INT64_MAX);
        ahead = facts_ahead_free(ahead);
        (void) pthread_cond_destroy(&gate.changed);
        (void) pthread_mutex_destroy(&gate.lock);
}

TestSuite(facts_ahead, .init = setup, .fini = teardown, .timeout = 60);

Test(facts_ahead, who_asks_before_the_first_reading_has_ended_waits_for_it) {
        static const int64_t first = 1;
        const pthread_t t = late(&first);

        cr_expect_eq(taken(EVER), 1);
        (void) pthread_join(t, NULL);
}

Test(facts_ahead, what_is_fresh_enough_is_given_while_the_next_reading_is_slow) {
        let(1);
        cr_expect_eq(taken(EVER), 1);
        await_begin_of(2); /* and it does not end */
        cr_expect_eq(taken(EVER), 1);
        cr_expect_eq(taken(EVER), 1);
}

Test(facts_ahead, what_is_too_old_is_not_given) {
        static const int64_t second = 2;
        pthread_t t;

        let(1);
        cr_expect_eq(taken(EVER), 1);
        await_begin_of(2);
        clock_sleep(5 * USEC_PER_MSEC);
        t = late(&second);
        cr_expect_eq(taken(2 * USEC_PER_MSEC), 2);
        (void) pthread_join(t, NULL);
}

Test(facts_ahead, what_was_given_stays_as_it_is_while_others_are_read) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        let(1);
        cr_assert_eq(0, facts_ahead_get(ahead, EVER, &s, &f), "%s", f.what);
        let(20);
        await_begin_of(21);
        cr_expect_eq(s->taken_at, 1);
        cr_expect_eq(taken(EVER), 20);
}

Test(facts_ahead, a_reading_that_failed_is_said_and_the_one_before_is_not_given_in_its_place) {
        const Snapshot *s = NULL;
        TextFault f = { 0 };

        gate.failing = 2;
        let(1);
        cr_expect_eq(taken(EVER), 1);
        let(2);
        await_begin_of(3);
        cr_expect_eq(facts_ahead_get(ahead, EVER, &s, &f), -EHOSTUNREACH);
        cr_expect_null(s);
        cr_expect_str_eq(f.what, "the source is away");
        let(3);
        await_begin_of(4);
        cr_expect_eq(taken(EVER), 3, "the next one is as good as any");
}

static int64_t begun(void) {
        int64_t n;

        (void) pthread_mutex_lock(&gate.lock);
        n = gate.begun;
        (void) pthread_mutex_unlock(&gate.lock);
        return n;
}

Test(facts_ahead, freed_midway_it_waits_for_the_reading_and_begins_no_other) {
        static const int64_t all = INT64_MAX;
        int64_t n;
        pthread_t t;

        await_begin_of(1);
        t = late(&all);
        ahead = facts_ahead_free(ahead);
        cr_expect_null(ahead);
        n = begun();
        cr_expect_eq(gate.ended, n, "none is under way");
        clock_sleep(20 * PAUSE); /* that none begins in it shows in no other way */
        cr_expect_eq(begun(), n);
        (void) pthread_join(t, NULL);
}

Test(facts_ahead, at_rest_nothing_is_read_until_somebody_asks) {
        int64_t n;

        let(INT64_MAX);
        cr_expect_geq(taken(EVER), 1);
        facts_ahead_rest(ahead);
        n = begun();
        clock_sleep(50 * PAUSE); /* as above */
        cr_expect_leq(begun(), n + 1, "but for one that was about to begin");
        cr_expect_geq(taken(0), n);
}

Test(facts_ahead, nobody_is_freed_without_harm) {
        cr_expect_null(facts_ahead_free(NULL));
}
