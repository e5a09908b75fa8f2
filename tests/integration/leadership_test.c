/* SPDX-License-Identifier: Apache-2.0 */
/* Being the leader, on a real private Redis: the guard renews while the program is busy, and stops in time.
 */
#include <dirent.h>

#include "scheduler/app/state/leadership.h"
#include "tests/integration/redis_fixture.h"

#define TTL (USEC_PER_SEC)

static Store *store;
static Leadership leader;

static void setup(void) {
        fixture_setup();
        server_start(NULL, NULL);
        store = opened(url, 0);
        leader = leadership_of(store, TTL);
}

static void teardown(void) {
        leadership_unguard(&leader);
        store = store_free(store);
        fixture_teardown();
}

TestSuite(leadership, .init = setup, .fini = teardown, .timeout = 60);

static bool until(bool wanted, usec_t within) {
        usec_t end = clock_monotonic() + within;

        while (leadership_keep(&leader) != wanted && clock_monotonic() < end)
                clock_sleep(20 * USEC_PER_MSEC);
        return leadership_keep(&leader) == wanted;
}

Test(leadership, a_busy_leader_keeps_its_lease) {
        Leadership other = leadership_of(store, TTL);
        uint64_t token;

        cr_assert_eq(0, leadership_guard(&leader, "test", (LeaseHurry){ 0 }));
        cr_assert_eq(0, leadership_take(&leader));
        token = leader.token;
        (void) snprintf(other.self, sizeof(other.self), "another");
        clock_sleep(3 * TTL); /* it plans, and asks nobody */
        cr_assert_eq(1, leadership_take(&other));
        cr_assert(leadership_keep(&leader));
        cr_assert_eq(token, leader.token);
        leadership_release(&leader);
        cr_assert_eq(0, leadership_take(&other), "no renewal comes after a release");
        cr_assert_not(leadership_keep(&leader));
        clock_sleep(TTL / 2); /* a renewal would come in it */
        cr_assert_eq(0, leadership_take(&other));
}

Test(leadership, who_cannot_renew_leads_no_longer_than_the_lease) {
        cr_assert_eq(0, leadership_guard(&leader, "test", (LeaseHurry){ 0 }));
        cr_assert_eq(0, leadership_take(&leader));
        server_kill();
        cr_assert(until(false, 5 * TTL));
        cr_assert_not(leadership_holds(&leader));
        server_start(NULL, NULL);
        cr_assert_eq(0, leadership_take(&leader), "and leads again when it is back");
        cr_assert(leadership_keep(&leader));
}

Test(leadership, who_was_replaced_hears_of_it_from_the_guard) {
        Leadership other = leadership_of(store, 60 * TTL), third = leadership_of(store, TTL);

        (void) snprintf(other.self, sizeof(other.self), "another");
        cr_assert_eq(0, leadership_guard(&leader, "test", (LeaseHurry){ 0 }));
        cr_assert_eq(0, leadership_take(&leader));
        cr_assert_eq(0, store_release(store, leader.self)); /* as if it had run out */
        cr_assert_geq(leadership_take(&other),
                      0); /* 1: the guard was quicker, under a new token: no better */
        cr_assert(until(false, 5 * TTL));
        leadership_release(&other);
        clock_sleep(2 * TTL); /* one that goes on renewing would have it */
        (void) snprintf(third.self, sizeof(third.self), "a third");
        cr_assert_eq(0, leadership_take(&third), "who was replaced is out of it");
}

/* Its lease ran out, and nobody took it: the guard that asks for it gets another, under which nothing was begun. */
Test(leadership, who_leads_no_more_asks_for_nothing_either) {
        Leadership other = leadership_of(store, TTL);

        (void) snprintf(other.self, sizeof(other.self), "another");
        cr_assert_eq(0, leadership_guard(&leader, "test", (LeaseHurry){ 0 }));
        cr_assert_eq(0, leadership_take(&leader));
        cr_assert_eq(0, store_release(store, leader.self));
        cr_assert(until(false, 5 * TTL));
        clock_sleep(2 * TTL); /* a guard that goes on would keep others out */
        cr_assert_eq(0, leadership_take(&other));
        leadership_release(&other);
}

/* What is told of it is told by who mended it, once: it is not found again by whoever leads next. */
Test(leadership, what_the_guard_mended_is_told_once) {
        static const char forget[] = "DEL "
                                     "plimsoll:{test}:lease:token"
                                     "\r\n";
        const int raw = try_connect();
        char answer[16];

        cr_assert_eq(0, leadership_guard(&leader, "test", (LeaseHurry){ 0 }));
        cr_assert_eq(0, leadership_take(&leader));
        cr_assert_eq((ssize_t) sizeof(forget) - 1, write(raw, forget, sizeof(forget) - 1));
        cr_assert_gt(read(raw, answer, sizeof(answer)), 0);
        (void) close(raw);
        cr_assert(until(false, 5 * TTL));
        cr_assert_eq(HEALED_TOKEN, leader.healed);
        leader.healed = 0;
        cr_assert_eq(0, leadership_take(&leader));
        cr_assert(leadership_keep(&leader));
        cr_assert_eq(0, leader.healed);
}

static unsigned threads(void) {
        DIR *tasks = opendir("/proc/self/task");
        unsigned n = 0;

        cr_assert_not_null(tasks);
        for (const struct dirent *e; (e = readdir(tasks));)
                n += e->d_name[0] != '.';
        (void) closedir(tasks);
        return n;
}

Test(leadership, without_its_guard_nobody_renews_any_more) {
        const unsigned before = threads();
        Leadership other = leadership_of(store, TTL);

        cr_assert_eq(0, leadership_guard(&leader, "test", (LeaseHurry){ 0 }));
        cr_assert_eq(0, leadership_take(&leader));
        cr_assert_eq(before + 1, threads());
        leadership_unguard(&leader);
        cr_assert_eq(before, threads(), "its thread has ended");
        (void) snprintf(other.self, sizeof(other.self), "another");
        clock_sleep(3 * TTL / 2); /* a renewal would come in it */
        cr_assert_eq(0, leadership_take(&other));
        leadership_release(&other);
}

Test(leadership, who_does_not_lead_releases_nothing_and_still_knows_who_does) {
        Leadership other = leadership_of(store, 60 * TTL);

        (void) snprintf(other.self, sizeof(other.self), "another");
        cr_assert_eq(0, leadership_take(&other));
        cr_assert_eq(1, leadership_take(&leader));
        cr_assert_str_eq("another", leader.holder);
        server_kill();
        leadership_release(&leader);
        cr_assert_str_eq("another", leader.holder);
}

static usec_t time_of_test;

static usec_t time_is(void *self) {
        (void) self;
        return time_of_test;
}

static const Clock clock_of_test = { .now = time_is, .monotonic = time_is };

/* To the microsecond: at the end of the lease another may have it. */
Test(leadership, a_lease_is_held_until_it_ends_and_not_at_its_end) {
        ServiceWorld world = service_world_real;
        Leadership l;

        world.clock = &clock_of_test;
        world.guards = false;
        time_of_test = 1;
        l = leadership_in(&world, store, TTL);
        cr_assert_not(leadership_holds(&l), "who never took one holds none, however early it is");
        time_of_test = USEC_PER_SEC;
        cr_assert_eq(0, leadership_take(&l));
        time_of_test += TTL - 1;
        cr_assert(leadership_holds(&l));
        time_of_test += 1;
        cr_assert_not(leadership_holds(&l));
        leadership_release(&l);
}

static int no_store(void *self, const StoreOptions *options, Store **ret, TextFault *reterr_fault) {
        (void) self, (void) options, (void) ret, (void) reterr_fault;
        return -ECONNREFUSED;
}

Test(leadership, a_guard_without_a_store_is_no_guard) {
        ServiceWorld world = service_world_real;
        Leadership l;

        world.open_store = no_store;
        l = leadership_in(&world, store, TTL);
        cr_assert_eq(-ECONNREFUSED, leadership_guard(&l, "test", (LeaseHurry){ 0 }));
        cr_assert_null(l.guard);
        cr_assert_eq(0, leadership_take(&l), "the program can renew by itself");
        cr_assert(leadership_keep(&l));
        leadership_release(&l);
}

static bool always(void *arg) {
        (void) arg;
        return true;
}

Test(leadership, who_is_in_a_hurry_and_finds_no_store_has_no_guard_either) {
        ServiceWorld world = service_world_real;
        Leadership l;

        world.open_store = no_store;
        l = leadership_in(&world, store, TTL);
        cr_assert_eq(-ECONNREFUSED, leadership_guard(&l, "test", (LeaseHurry){ .hurries = always }));
        cr_assert_null(l.guard);
}

/* To the microsecond, in a world whose time is ours: the store is asked only when a third of the lease is over. */
Test(leadership, without_a_guard_it_is_renewed_after_a_third_of_the_lease) {
        ServiceWorld world = service_world_real;
        Leadership l;

        world.clock = &clock_of_test;
        world.guards = false;
        l = leadership_in(&world, store, 60 * TTL);
        time_of_test = USEC_PER_SEC;
        cr_assert_eq(0, leadership_take(&l));
        cr_assert_eq(USEC_PER_SEC, l.renewed);
        time_of_test += 20 * TTL - 1;
        cr_assert(leadership_keep(&l));
        cr_assert_eq(USEC_PER_SEC, l.renewed, "not yet");
        time_of_test += 1;
        cr_assert(leadership_keep(&l));
        cr_assert_eq(time_of_test, l.renewed);
        leadership_release(&l);
        cr_assert_eq(0, l.renewed);
        cr_assert_not(leadership_keep(&l));
}

/* Another leads, or nobody knows: what was begun is over. */
Test(leadership, without_a_guard_who_was_replaced_is_told_when_it_asks) {
        ServiceWorld world = service_world_real;
        Leadership l, other;

        world.clock = &clock_of_test;
        world.guards = false;
        time_of_test = USEC_PER_SEC;
        l = leadership_in(&world, store, 60 * TTL);
        other = l;
        (void) snprintf(other.self, sizeof(other.self), "another");
        cr_assert_eq(0, leadership_take(&l));
        cr_assert_eq(0, store_release(store, l.self)); /* it ran out */
        cr_assert_eq(0, leadership_take(&other));
        time_of_test += 20 * TTL;
        cr_assert_not(leadership_keep(&l));
        cr_assert_eq(0, l.renewed);
        cr_assert_str_eq("another", l.holder);
        leadership_release(&other);
        cr_assert_eq(0, leadership_take(&l), "it is free");
        cr_assert_str_eq("", l.holder);
        cr_assert_eq(0, store_release(store, l.self));
        time_of_test += 20 * TTL;
        cr_assert_not(leadership_keep(&l), "its own again, under another token");
        cr_assert_eq(0, leadership_take(&l));
        server_kill();
        time_of_test += 20 * TTL;
        cr_assert_not(leadership_keep(&l), "the store is away");
}

Test(leadership, a_world_without_guards_is_given_none) {
        ServiceWorld world = service_world_real;
        Leadership l;

        world.guards = false;
        l = leadership_in(&world, store, TTL);
        cr_assert_eq(0, leadership_guard(&l, "test", (LeaseHurry){ 0 }));
        cr_assert_null(l.guard);
        cr_assert_eq(0, leadership_take(&l));
        cr_assert(leadership_keep(&l));
        leadership_unguard(&l);
}

Test(leadership, without_a_guard_the_program_renews) {
        cr_assert_not(leadership_keep(&leader));
        cr_assert_eq(0, leadership_take(&leader));
        for (int i = 0; i < 10; i++) {
                clock_sleep(TTL / 5); /* the program's own work */
                cr_assert(leadership_keep(&leader));
        }
        leadership_release(&leader);
        cr_assert_not(leadership_keep(&leader));
}
