/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts' history of load in a real Redis: it goes on under another leader, has gaps where nothing was written, and is bounded. */
#include "scheduler/app/state/load_history.h"
#include "scheduler/model/units.h"
#include "tests/integration/redis_fixture.h"

#define SECOND USEC_PER_SEC

static Store *s;
static uint64_t token;
static LoadPoint points[LOAD_POINTS];

static void lead(const char *who) {
        char holder[256];

        cr_assert_eq(0, store_lease(s, who, 60 * SECOND, &token, holder, sizeof(holder)));
}

static void setup(void) {
        TextFault fault;

        fixture_setup();
        server_start(NULL, NULL);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &s, &fault));
        lead("first");
}

static void teardown(void) {
        s = store_free(s);
        fixture_teardown();
}

TestSuite(store_loads, .init = setup, .fini = teardown, .timeout = 60);

static int keep(const char *host, int64_t slot, int64_t cpu) {
        const LoadPoint point = { .of = { cpu, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN } };
        char text[LOAD_POINT_SIZE];
        const char *line = text_format(&arena, "%s %s\n", load_point_print(&point, text), host);

        return store_keep_loads(s, token, slot, LOAD_POINTS, line, strlen(line));
}

static size_t history(const char *host, int64_t slot) {
        const char *text = NULL;
        size_t n = 0;

        cr_assert_geq(store_get_load(s, &arena, host, &text, &n), 0);
        load_history_read(text, n, slot, points);
        return n;
}

static int64_t cpu_at(int back) {
        return points[LOAD_POINTS - 1 - back].of[LOAD_CPU];
}

Test(store_loads, points_follow_each_other_with_gaps) {
        cr_assert_eq(0, keep("h 1", 1000, 10));
        cr_assert_eq(0, keep("h 1", 1001, 20));
        cr_assert_eq(0, keep("h 1", 1004, 0));
        (void) history("h 1", 1005);
        cr_assert_eq(UNKNOWN, cpu_at(0));
        cr_assert_eq(0, cpu_at(1));
        cr_assert_eq(UNKNOWN, cpu_at(2));
        cr_assert_eq(UNKNOWN, cpu_at(3));
        cr_assert_eq(20, cpu_at(4));
        cr_assert_eq(10, cpu_at(5));
        (void) history("h2", 1005);
        cr_assert_eq(UNKNOWN, cpu_at(0), "of a host that has none");
}

Test(store_loads, another_leader_goes_on_and_a_former_one_does_not) {
        const uint64_t old = token;

        cr_assert_eq(0, keep("h1", 1000, 10));
        cr_assert_eq(0, store_release(s, "first"));
        lead("second");
        cr_assert_eq(0, keep("h1", 1000, 11));
        cr_assert_eq(0, keep("h1", 1001, 20));
        token = old;
        cr_assert_eq(1, keep("h1", 1002, 30));
        (void) history("h1", 1002);
        cr_assert_eq(UNKNOWN, cpu_at(0));
        cr_assert_eq(20, cpu_at(1));
        cr_assert_eq(10, cpu_at(2), "of two in one slot the first counts");
}

Test(store_loads, a_host_takes_two_thousand_bytes_at_most) {
        size_t n = 0;

        for (int64_t slot = 1000; slot < 1000 + 3 * LOAD_POINTS; slot++)
                cr_assert_eq(0, keep("h1", slot, slot - 1000));
        n = history("h1", 1000 + 3 * LOAD_POINTS - 1);
        cr_assert_leq(n, 2031);
        for (int i = 0; i < LOAD_POINTS; i++)
                cr_assert_eq(3 * LOAD_POINTS - 1 - i, cpu_at(i));
        cr_assert_eq(0, keep("h1", 1000 + 3 * LOAD_POINTS + 100, 7));
        cr_assert_leq(history("h1", 1000 + 3 * LOAD_POINTS + 100), 2031, "with a gap of 17 hours");
        cr_assert_eq(7, cpu_at(0));
        cr_assert_eq(UNKNOWN, cpu_at(100));
        cr_assert_eq(3 * LOAD_POINTS - 1, cpu_at(101));
}

Test(store_loads, it_begins_again_after_a_day_and_where_the_clock_went_back_or_it_is_damaged) {
        static const char *const damaged[] = { "x", "1000 12", "99999999999999999999 ", "1000" };

        cr_assert_eq(0, keep("h1", 1000, 10));
        cr_assert_eq(0, keep("h1", 1000 + LOAD_POINTS + 1, 20));
        cr_assert_lt(history("h1", 1000 + LOAD_POINTS + 1), 40);
        cr_assert_eq(0, keep("h1", 900, 30));
        (void) history("h1", 900);
        cr_assert_eq(30, cpu_at(0));
        for (size_t i = 0; i < ARRAY_SIZE(damaged); i++) {
                run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "hset",
                                                    "plimsoll:{t}:loads", "h1", damaged[i], NULL });
                cr_assert_eq(0, keep("h1", 1001, 40), "%s", damaged[i]);
                (void) history("h1", 1001);
                cr_assert_eq(40, cpu_at(0), "%s", damaged[i]);
                cr_assert_eq(UNKNOWN, cpu_at(1), "%s", damaged[i]);
        }
}

/* A host that is forgotten leaves none behind, and no call: nobody is woken. */
Test(store_loads, it_goes_with_its_host_and_calls_nobody) {
        StoredText *all = NULL;
        int64_t before = 0, after = 0;
        uint32_t n = 0;

        cr_assert_eq(0, store_get_calls(s, &before));
        cr_assert_eq(0, keep("h1", 1000, 10));
        cr_assert_eq(0, keep("h2", 1000, 10));
        cr_assert_eq(0, store_get_calls(s, &after));
        cr_assert_eq(before, after);
        cr_assert_eq(0, store_forget_host(s, "h1"));
        cr_assert_eq(0, store_get_loads(s, &arena, &all, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq("h2", all[0].name);
}
