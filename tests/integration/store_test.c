/* SPDX-License-Identifier: Apache-2.0 */
/* What the store promises, against a real redis-server. */
#include "scheduler/app/facts/report_reader.h"
#include "tests/integration/redis_fixture.h"

TestSuite(store, .init = fixture_setup, .fini = fixture_teardown, .timeout = 120);

Test(store, reports_come_back_byte_for_byte_sorted_by_host) {
        owned(store_free) Store *s = NULL;
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_put_report(s, "h2", "a\0b\r\n%s", 7, 60 * SECOND));
        expect(0, s, store_put_report(s, "h1 %s \xc3\xbc{}*?[", "\n", 1, 60 * SECOND));
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 2);
        cr_assert_eq(r.n_members, 2);
        cr_assert_str_eq(r.texts[0].name, "h1 %s \xc3\xbc{}*?[");
        cr_assert_eq(r.texts[0].n, 1);
        cr_assert_eq(r.texts[1].n, 7);
        cr_assert_eq(memcmp(r.texts[1].text, "a\0b\r\n%s", 7), 0);
}

/* An agent may write its own keys only: that the host is one is kept by the service, once it has seen the report. */
Test(store, an_expired_report_leaves_the_member_that_the_service_has_seen) {
        const StoreOptions options = { .url = url, .cluster = "test", .keeps_hosts = true };
        owned(store_free) Store *s = NULL, *service = NULL;
        TextFault fault;
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        cr_assert_eq(0, store_open(&options, &service, &fault));
        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        expect(0, service, get_reports(service, &r));
        cr_assert_eq(r.n, 1);
        expect(0, s, store_put_report(s, "h1", "x", 1, USEC_PER_MSEC));
        clock_sleep(100 * USEC_PER_MSEC);
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 0);
        cr_assert_eq(r.n_members, 1);
        cr_assert_str_eq(r.members[0], "h1");
}

Test(store, an_empty_cluster_has_nothing) {
        owned(store_free) Store *s = NULL;
        StoredText *texts;
        const char *text;
        uint32_t n;
        size_t size;
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n + r.n_members, 0);
        expect(0, s, store_get_marks(s, &arena, &texts, &n));
        cr_assert_eq(n, 0);
        expect(0, s, store_get_records(s, &arena, 10, &texts, &n));
        cr_assert_eq(n, 0);
        expect(0, s, store_get_journal(s, &arena, 10, &texts, &n));
        cr_assert_eq(n, 0);
        expect(1, s, store_get_state(s, &arena, "x", &text, &size));
        expect(0, s, store_forget_host(s, "never seen"));
        expect(0, s, store_set_mark(s, "never seen", ""));
        expect(0, s, store_release(s, "nobody"));
}

Test(store, ten_thousand_reports_are_all_read) {
        enum { HOSTS = 10000, SIZE = 3000 };
        owned(store_free) Store *s = NULL;
        static char text[SIZE];
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 60 * SECOND);
        memset(text, 'x', sizeof(text));
        for (int i = 0; i < HOSTS; i++) {
                char host[16];

                (void) snprintf(host, sizeof(host), "h%05d", i);
                memcpy(text, host, 6);
                expect(0, s, store_put_report(s, host, text, sizeof(text), 600 * SECOND));
        }
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, HOSTS);
        cr_assert_eq(r.n_members, HOSTS);
        for (uint32_t i = 0; i < r.n; i++) {
                cr_assert_eq(r.texts[i].n, SIZE);
                cr_assert_eq(memcmp(r.texts[i].text, r.texts[i].name, 6), 0, "each host has its own text");
                cr_assert(i == 0 || strcmp(r.texts[i - 1].name, r.texts[i].name) < 0);
        }
}

Test(store, an_arena_that_is_too_small_is_said_and_the_next_call_is_right) {
        owned(store_free) Store *s = NULL;
        static char small[4096], text[2000];
        Arena a = arena_over(small, sizeof(small));
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        for (int i = 0; i < 600; i++) {
                char host[16];

                (void) snprintf(host, sizeof(host), "h%d", i);
                expect(0, s, store_put_report(s, host, text, sizeof(text), 60 * SECOND));
        }
        expect(-ENOMEM, s, store_get_reports(s, &a, &r.texts, &r.n, &r.members, &r.n_members));
        cr_assert_neq(store_error(s)[0], '\0');
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 600);
}

/* Some are silent, and one in 100 says what nobody understands. */
static void six_hundred_report(Store *s) {
        Reports r;

        for (int i = 0; i < 600; i++) {
                char host[16], text[128];
                int n;

                (void) snprintf(host, sizeof(host), "h%04d", i);
                n = snprintf(text, sizeof(text),
                             "plimsoll.report/1 %s sent=1 seq=2 every=3\n@cpu 4\nhost.cpus\t\t%d%s", host, i,
                             i % 100 == 99 ? "" : "\n");
                expect(0, s, store_put_report(s, host, text, (size_t) n, 60 * SECOND));
        }
        expect(0, s, get_reports(s, &r)); /* all are known; then one in seven falls silent */
        for (int i = 0; i < 600; i += 7) {
                char host[16];

                (void) snprintf(host, sizeof(host), "h%04d", i);
                expect(0, s, store_put_report(s, host, "x", 1, USEC_PER_MSEC));
        }
        clock_sleep(100 * USEC_PER_MSEC);
}

Test(store, reports_are_read_while_they_are_fetched) {
        const StoreOptions options = { .url = url, .cluster = "test", .keeps_hosts = true };
        owned(store_free) Store *s = NULL;
        TextFault fault;
        Reports r;

        server_start(NULL, NULL);
        cr_assert_eq(0, store_open(&options, &s, &fault));
        six_hundred_report(s);
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n_members, 600);
        cr_assert_eq(r.n, 600 - 86);
        for (unsigned threads = 1; threads <= 3; threads++) {
                const Workers workers = workers_threads(threads);
                FetchedReports all = { 0 };

                expect(0, s, reports_fetch(&arena, &workers, s, &all));
                cr_assert_eq(all.n, r.n);
                cr_assert_eq(all.n_members, 600);
                for (uint32_t i = 0; i < all.n; i++) {
                        const ReadReport *one = &all.reports[i];
                        int number = atoi(one->host + 1);

                        cr_assert_str_eq(one->host, r.texts[i].name);
                        if (number % 100 == 99) {
                                cr_assert_null(one->report);
                                cr_assert_eq(one->fault->line, 3);
                                continue;
                        }
                        cr_assert_str_eq(one->report->host, one->host);
                        cr_assert_eq(one->report->sections[0].samples[0].number, number);
                }
        }
}

Test(store, reports_that_find_no_memory_are_said_and_the_next_call_is_right) {
        owned(store_free) Store *s = NULL;
        const Workers workers = workers_threads(2);
        static char small[120000];
        Arena a = arena_over(small, sizeof(small));
        FetchedReports all = { 0 };
        ReportsAsked asked = { 0 };
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        six_hundred_report(s);
        expect(-ENOMEM, s, reports_fetch(&a, &workers, s, &all));
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 600 - 86);
        expect(0, s, store_ask_reports(s, &arena, &asked)); /* and given up */
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 600 - 86);
}

Test(store, a_forgotten_host_leaves_nothing) {
        owned(store_free) Store *s = NULL;
        StoredText *marks;
        uint32_t n;
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        expect(0, s, store_put_report(s, "h2", "y", 1, 60 * SECOND));
        expect(0, s, store_set_mark(s, "h1", "cordoned"));
        expect(0, s, store_forget_host(s, "h1"));
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 1);
        cr_assert_eq(r.n_members, 1);
        cr_assert_str_eq(r.texts[0].name, "h2");
        expect(0, s, store_get_marks(s, &arena, &marks, &n));
        cr_assert_eq(n, 0);
}

Test(store, of_two_operators_who_change_a_mark_at_once_the_second_is_told) {
        owned(store_free) Store *s = NULL;
        StoredText *marks;
        int64_t before = 0, after = 0;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_get_calls(s, &before));
        expect(0, s, store_change_mark(s, "h1", "", "mine"));
        expect(0, s, store_get_calls(s, &after));
        cr_assert_gt(after, before, "each change calls the leader");
        before = after;
        expect(1, s, store_change_mark(s, "h1", "", "yours"));
        expect(0, s, store_get_calls(s, &after));
        cr_assert_eq(after, before, "a refused one does not");
        expect(0, s, store_change_mark(s, "h1", "mine", "yours"));
        expect(0, s, store_get_calls(s, &before));
        cr_assert_gt(before, after);
        expect(1, s, store_change_mark(s, "h1", "mine", ""));
        expect(0, s, store_get_marks(s, &arena, &marks, &n));
        cr_assert_eq(n, 1);
        cr_assert_str_eq(marks[0].text, "yours");
        expect(0, s, store_change_mark(s, "h1", "yours", ""));
        expect(0, s, store_get_marks(s, &arena, &marks, &n));
        cr_assert_eq(n, 0);
        expect(0, s, store_get_calls(s, &after));
        cr_assert_gt(after, before);
}

/* Every write of a leader names its token: who was suspended and wakes up after another has taken over
 * changes nothing. */
Test(store, a_stale_leader_changes_nothing) {
        owned(store_free) Store *s = NULL;
        StoredText *texts;
        const char *text = NULL;
        uint64_t old, new;
        size_t size = 0;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_lease(s, "d1", 60 * SECOND, &old, NULL, 0));
        expect(0, s, store_lead_state(s, old, "cool-downs", "one", 3, 0));
        expect(0, s, store_lead_state(s, old, "short", "x", 1, USEC_PER_MSEC));
        expect(0, s, store_release(s, "d1"));
        expect(0, s, store_lease(s, "d2", 60 * SECOND, &new, NULL, 0));
        expect(1, s, store_lead_state(s, old, "cool-downs", "two", 3, 0));
        expect(1, s, store_put_record(s, old, "x", 1, record_name));
        expect(1, s, store_journal(s, old, "x", 1));
        expect(1, s, store_put_fault_memory(s, old, "h1", "x", 1));
        expect(1, s, store_log_fault(s, old, "x", 1));
        expect(0, s, store_get_state(s, &arena, "cool-downs", &text, &size));
        cr_assert_str_eq(text, "one");
        clock_sleep(10 * USEC_PER_MSEC);
        expect(1, s, store_get_state(s, &arena, "short", &text, &size));
        expect(0, s, store_get_records(s, &arena, 10, &texts, &n));
        cr_assert_eq(n, 0);
        expect(0, s, store_get_journal(s, &arena, 10, &texts, &n));
        cr_assert_eq(n, 0);
        expect(0, s, store_lead_state(s, new, "cool-downs", "", 0, 0));
        expect(0, s, store_get_state(s, &arena, "cool-downs", &text, &size));
        cr_assert_eq(size, 0, "an empty text is a text");
}

Test(store, marks_are_set_replaced_and_removed) {
        owned(store_free) Store *s = NULL;
        StoredText *marks;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_set_mark(s, "h2", "cordoned"));
        expect(0, s, store_set_mark(s, "h1", "cordoned"));
        expect(0, s, store_set_mark(s, "h1", "maintenance %s"));
        expect(0, s, store_get_marks(s, &arena, &marks, &n));
        cr_assert_eq(n, 2);
        cr_assert_str_eq(marks[0].name, "h1");
        cr_assert_str_eq(marks[0].text, "maintenance %s");
        cr_assert_str_eq(marks[1].name, "h2");
        expect(0, s, store_set_mark(s, "h1", ""));
        expect(0, s, store_get_marks(s, &arena, &marks, &n));
        cr_assert_eq(n, 1);
        cr_assert_str_eq(marks[0].name, "h2");
}

Test(store, names_that_are_none_are_refused) {
        static const char *const bad[] = { "", "a\nb", "\xff" };
        owned(store_free) Store *s = NULL;
        char long_name[300];
        uint64_t token;
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        memset(long_name, 'x', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = '\0';
        for (size_t i = 0; i <= ARRAY_SIZE(bad); i++) {
                const char *name = i < ARRAY_SIZE(bad) ? bad[i] : long_name;

                expect(-EINVAL, s, store_put_report(s, name, "x", 1, SECOND));
                expect(-EINVAL, s, store_set_mark(s, name, "x"));
                expect(-EINVAL, s, store_forget_host(s, name));
                expect(-EINVAL, s, store_put_state(s, name, "x", 1, SECOND));
                expect(-EINVAL, s, store_lease(s, name, SECOND, &token, NULL, 0));
                cr_assert_not_null(strstr(store_error(s), "1 to 255 bytes"));
        }
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n_members, 0);
}

Test(store, records_are_newest_first_and_the_oldest_go) {
        owned(store_free) Store *s = NULL;
        StoredText *records;
        char text[16];
        uint64_t token;
        uint32_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_lease(s, "d1", 60 * SECOND, &token, NULL, 0));
        for (int i = 0; i < 520; i++) {
                (void) snprintf(text, sizeof(text), "round %d", i);
                expect(0, s, store_put_record(s, token, text, strlen(text), record_name));
        }
        expect(0, s, store_get_records(s, &arena, 3, &records, &n));
        cr_assert_eq(n, 3);
        cr_assert_str_eq(records[0].text, "round 519");
        cr_assert_str_eq(records[2].text, "round 517");
        cr_assert_str_neq(records[0].name, records[1].name);
        expect(0, s, store_get_records(s, &arena, 10000, &records, &n));
        cr_assert_eq(n, 512);
        cr_assert_str_eq(records[511].text, "round 8");
}

Test(store, large_records_are_capped_by_bytes_and_the_newest_stays) {
        const size_t size = (size_t) 130 << 20; /* two of them are more than 256 MiB */
        owned(store_free) Store *s = NULL;
        StoredText *records;
        char *text = calloc(1, size);
        uint64_t token;
        uint32_t n;

        cr_assert_not_null(text);
        server_start(NULL, NULL);
        s = opened(url, 60 * SECOND);
        expect(0, s, store_lease(s, "d1", 60 * SECOND, &token, NULL, 0));
        text[0] = 'a';
        expect(0, s, store_put_record(s, token, text, size, record_name));
        text[0] = 'b';
        expect(0, s, store_put_record(s, token, text, size, record_name));
        expect(0, s, store_put_record(s, token, text, 1, record_name));
        expect(0, s, store_get_records(s, &arena, 10, &records, &n));
        cr_assert_eq(n, 2, "what was removed is no longer counted");
        cr_assert_str_eq(records[0].text, "b");
        cr_assert_eq(records[1].n, size);
        cr_assert_eq(records[1].text[0], 'b');
        free(text);
}

Test(store, state_is_replaced_and_expires) {
        owned(store_free) Store *s = NULL;
        const char *text;
        size_t n;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_put_state(s, "moves", "one", 3, 0));
        expect(0, s, store_put_state(s, "moves", "t\0o", 3, 60 * SECOND));
        expect(0, s, store_put_state(s, "short", "x", 1, USEC_PER_MSEC));
        clock_sleep(100 * USEC_PER_MSEC);
        expect(0, s, store_get_state(s, &arena, "moves", &text, &n));
        cr_assert_eq(n, 3);
        cr_assert_eq(memcmp(text, "t\0o", 4), 0, "and a zero behind it");
        expect(1, s, store_get_state(s, &arena, "short", &text, &n));
}

Test(store, clusters_and_databases_are_kept_apart) {
        owned(store_free) Store *s = NULL, *other = NULL, *db = NULL;
        StoreOptions options = { .url = url, .cluster = "other" };
        char db_url[160];
        TextFault fault;
        Reports r;

        server_start(NULL, NULL);
        s = opened(url, 0);
        cr_assert_eq(0, store_open(&options, &other, &fault));
        (void) snprintf(db_url, sizeof(db_url), "%s?db=1", url);
        db = opened(db_url, 0);
        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        expect(0, other, get_reports(other, &r));
        cr_assert_eq(r.n_members, 0);
        expect(0, db, get_reports(db, &r));
        cr_assert_eq(r.n_members, 0);
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n_members, 1);
}

/* ---- one leader ---- */

Test(store, a_lease_is_one_holders_until_it_is_released) {
        owned(store_free) Store *a = NULL, *b = NULL;
        uint64_t first = 0, again = 0, second = 0;
        char holder[64] = "", cut[4] = "";

        server_start(NULL, NULL);
        a = opened(url, 0);
        b = opened(url, 0);
        expect(0, a, store_lease(a, "d1 (pid 7)", 60 * SECOND, &first, holder, sizeof(holder)));
        expect(0, a, store_lease(a, "d1 (pid 7)", 60 * SECOND, &again, holder, sizeof(holder)));
        cr_assert_eq(first, again, "renewing keeps the token");
        expect(1, b, store_lease(b, "d2", 60 * SECOND, &second, holder, sizeof(holder)));
        cr_assert_str_eq(holder, "d1 (pid 7)");
        cr_assert_eq(second, 0, "no token for who is not the leader");
        expect(1, b, store_lease(b, "d2", 60 * SECOND, &second, cut, sizeof(cut)));
        cr_assert_str_eq(cut, "d1 ");
        expect(0, b, store_release(b, "d2"));
        expect(1, b, store_lease(b, "d2", 60 * SECOND, &second, NULL, 0));
        expect(0, a, store_release(a, "d1 (pid 7)"));
        expect(0, b, store_lease(b, "d2", 60 * SECOND, &second, NULL, 0));
        cr_assert_gt(second, first);
}

Test(store, an_expired_lease_is_taken_with_a_larger_token) {
        owned(store_free) Store *s = NULL;
        uint64_t first, second, third;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_lease(s, "d1", USEC_PER_MSEC, &first, NULL, 0));
        clock_sleep(100 * USEC_PER_MSEC);
        expect(0, s, store_lease(s, "d2", USEC_PER_MSEC, &second, NULL, 0));
        cr_assert_gt(second, first);
        clock_sleep(100 * USEC_PER_MSEC);
        expect(0, s, store_lease(s, "d2", 60 * SECOND, &third, NULL, 0));
        cr_assert_gt(third, second, "who lost it and gets it back is a new holder");
}

Test(store, a_lease_is_released_by_its_holder_alone_who_may_have_just_come) {
        owned(store_free) Store *a = NULL, *b = NULL, *c = NULL;
        char holder[16] = "", cut[1] = { 'x' };
        uint64_t token = 0;

        server_start(NULL, NULL);
        a = opened(url, 0);
        b = opened(url, 0);
        c = opened(url, 0);
        expect(0, a, store_lease(a, "d1", 60 * SECOND, &token, NULL, 0));
        expect(0, b, store_release(b, "d2"));
        expect(1, b, store_lease(b, "d2", 60 * SECOND, &token, holder, sizeof(holder)));
        cr_assert_str_eq(holder, "d1");
        expect(1, b, store_lease(b, "d2", 60 * SECOND, &token, cut, sizeof(cut)));
        cr_assert_eq(cut[0], '\0');
        expect(0, c, store_release(c, "d1")); /* the first that it is asked for */
        expect(0, b, store_lease(b, "d2", 60 * SECOND, &token, holder, sizeof(holder)));
}

Test(store, a_stale_leader_cannot_write_the_journal) {
        owned(store_free) Store *a = NULL, *b = NULL;
        uint64_t old, new;
        StoredText *entries;
        uint32_t n;

        server_start(NULL, NULL);
        a = opened(url, 0);
        b = opened(url, 0);
        expect(1, a, store_journal(a, 0, "x", 1));
        expect(1, a, store_journal(a, 42, "x", 1));
        expect(0, a, store_lease(a, "d1", USEC_PER_MSEC, &old, NULL, 0));
        expect(0, a, store_journal(a, old, "one", 3));
        clock_sleep(100 * USEC_PER_MSEC);
        expect(0, a, store_journal(a, old, "t\0o", 3)); /* run out, but nobody has taken it */
        expect(0, b, store_lease(b, "d2", 60 * SECOND, &new, NULL, 0));
        expect(1, a, store_journal(a, old, "stale", 5));
        expect(1, a, store_journal(a, new + 1, "future", 6));
        expect(1, a, store_journal(a, UINT64_MAX, "max", 3));
        expect(0, b, store_journal(b, new, "three", 5));
        expect(0, b, store_get_journal(b, &arena, 100, &entries, &n));
        cr_assert_eq(n, 3);
        cr_assert_str_eq(entries[0].text, "three");
        cr_assert_eq(entries[1].n, 3);
        cr_assert_eq(memcmp(entries[1].text, "t\0o", 3), 0);
        cr_assert_str_eq(entries[2].text, "one");
        expect(0, b, store_get_journal(b, &arena, 1, &entries, &n));
        cr_assert_eq(n, 1);
        cr_assert_str_eq(entries[0].text, "three");
}

Test(store, the_token_grows_even_when_the_server_has_lost_everything) {
        owned(store_free) Store *s = NULL;
        uint64_t old, new;

        server_start(NULL, NULL);
        s = opened(url, 0);
        expect(0, s, store_lease(s, "d1", 60 * SECOND, &old, NULL, 0));
        server_kill();
        server_start(NULL, NULL); /* without persistence: empty */
        expect(0, s, store_lease(s, "d2", 60 * SECOND, &new, NULL, 0));
        cr_assert_gt(new, old);
        expect(1, s, store_journal(s, old, "stale", 5));
}

/* Each of 8 processes tries to become the leader at once. */
Test(store, of_many_who_race_one_leads) {
        enum { RACERS = 8 };
        pid_t racers[RACERS];
        int leaders = 0;
        int gate[2];

        server_start(NULL, NULL);
        cr_assert_eq(0, pipe(gate));
        for (int i = 0; i < RACERS; i++) {
                racers[i] = fork();
                if (racers[i] == 0) {
                        char name[16], byte;
                        uint64_t token;
                        Store *s = opened(url, 0);
                        int k;

                        (void) close(gate[1]);
                        (void) snprintf(name, sizeof(name), "d%d", i);
                        (void) !read(gate[0], &byte, 1); /* until the gate closes */
                        k = store_lease(s, name, 60 * SECOND, &token, NULL, 0);
                        if (k == 0)
                                k = store_journal(s, token, name, strlen(name)) == 0 ? 10 : 11;
                        _exit(k);
                }
        }
        (void) close(gate[0]);
        (void) close(gate[1]);
        for (int i = 0; i < RACERS; i++) {
                int status = -1;

                cr_assert_eq(racers[i], waitpid(racers[i], &status, 0));
                cr_assert(WIFEXITED(status) && (WEXITSTATUS(status) == 1 || WEXITSTATUS(status) == 10),
                          "status %x", (unsigned) status);
                leaders += WEXITSTATUS(status) == 10;
        }
        cr_assert_eq(leaders, 1);
}

/* ---- faults ---- */

Test(store, a_clear_is_read_taken_in_by_the_leader_alone_and_kept_in_the_log) {
        owned(store_free) Store *s = NULL;
        StoredText *clears = NULL, *log = NULL;
        uint64_t token = 0;
        char holder[64];
        uint32_t n = 0;

        server_start(NULL, NULL);
        s = opened(url, 0);
        cr_assert_eq(0, store_lease(s, "me", USEC_PER_SEC * 10, &token, holder, sizeof(holder)));
        cr_assert_eq(0, store_put_clear(s, "00000000000000aa", "{\"a\":1}", 7));
        cr_assert_eq(0, store_get_clears(s, &arena, &clears, &n));
        cr_assert_eq(n, 1);
        cr_assert_eq(1, store_take_clear(s, token - 1, &clears[0]), "an old leader");
        cr_assert_eq(0, store_take_clear(s, token, &clears[0]));
        cr_assert_eq(0, store_get_clears(s, &arena, &clears, &n));
        cr_assert_eq(n, 0);
        cr_assert_eq(0, store_get_fault_log(s, &arena, 10, &log, &n));
        cr_assert_eq(n, 1);
        cr_assert_str_eq(log[0].text, "{\"a\":1}");
}

Test(store, what_is_remembered_of_devices_only_the_leader_writes) {
        owned(store_free) Store *s = NULL;
        StoredText *texts = NULL;
        uint64_t token = 0;
        char holder[64];
        uint32_t n = 0;

        server_start(NULL, NULL);
        s = opened(url, 0);
        cr_assert_eq(0, store_lease(s, "me", USEC_PER_SEC * 10, &token, holder, sizeof(holder)));
        cr_assert_eq(1, store_put_fault_memory(s, token - 1, "h1", "x", 1));
        cr_assert_eq(0, store_put_fault_memory(s, token, "h1", "x", 1));
        cr_assert_eq(0, store_get_fault_memories(s, &arena, &texts, &n));
        cr_assert(n == 1 && strcmp(texts[0].name, "h1") == 0 && strcmp(texts[0].text, "x") == 0);
        cr_assert_eq(0, store_put_fault_memory(s, token, "h1", "", 0));
        cr_assert_eq(0, store_get_fault_memories(s, &arena, &texts, &n));
        cr_assert_eq(n, 0);
}

static int64_t calls_now(Store *s) {
        int64_t calls = -1;

        cr_assert_eq(0, store_get_calls(s, &calls));
        return calls;
}

static int64_t booked_now(Store *s) {
        StoredText *bookings = NULL;
        int64_t changes = -1;
        uint32_t n = 0;
        usec_t now = 0;

        cr_assert_eq(0, store_get_bookings(s, &arena, &bookings, &n, &changes, &now));
        return changes;
}

/* Of h2; 0: it never raised one. */
static int64_t alarms_now(Store *s) {
        static const char *const hosts[] = { "h1", "h2" };
        StoredText *alarms = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, store_get_alarms(s, &arena, hosts, ARRAY_SIZE(hosts), &alarms, &n));
        cr_assert_leq(n, 1, "h1 never raised one");
        cr_assert(n == 0 || strcmp(alarms[0].name, "h2") == 0);
        return n ? strtoll(alarms[0].text, NULL, 10) : 0;
}

static void counted(Store *s, bool first, int64_t seen[3]) {
        const BookingAsked asked = { .vm = "vm1", .text = "{}" };
        const int64_t was[3] = { calls_now(s), alarms_now(s), booked_now(s) };

        cr_assert_eq(0, store_call_round(s));
        cr_assert_eq(0, store_raise_alarm(s, "h2", clock_now()));
        cr_assert_eq(0, store_book(s, was[2], &asked, 1, USEC_PER_SEC, 10));
        cr_assert_eq(first, was[0] == 0 && was[1] == 0 && was[2] == 0);
        seen[0] = calls_now(s);
        seen[1] = alarms_now(s);
        seen[2] = booked_now(s);
        for (int i = 0; i < 3; i++)
                cr_assert_gt(seen[i], was[i]);
}

/* Who has seen the first call does not take the first one after a loss of all for the same. */
Test(store, calls_and_alarms_are_others_also_after_the_store_was_lost) {
        owned(store_free) Store *s = NULL;
        int64_t before[3], again[3], after[3];

        server_start(NULL, NULL);
        s = opened(url, 0);
        counted(s, true, before);
        counted(s, false, again);
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "flushall", NULL });
        counted(s, true, after);
        for (int i = 0; i < 3; i++)
                cr_assert_gt(after[i], again[i], "%d", i);
}

/* A clock that is behind what stands there: each is another all the same, and where it cannot grow it begins again. */
Test(store, calls_and_alarms_grow_where_the_clock_is_behind) {
        owned(store_free) Store *s = NULL;
        int64_t seen;

        server_start(NULL, NULL);
        s = opened(url, 0);
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "mset", "plimsoll:{test}:call",
                                            "9000000000000000", "plimsoll:{test}:alarm:h2",
                                            "9000000000000000", NULL });
        for (int i = 1; i < 3; i++) {
                cr_assert_eq(0, store_call_round(s));
                cr_assert_eq(0, store_raise_alarm(s, "h2", clock_now()));
                cr_assert_eq(calls_now(s), INT64_C(9000000000000000) + i);
                cr_assert_eq(alarms_now(s), INT64_C(9000000000000000) + i);
        }
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "mset", "plimsoll:{test}:call",
                                            "9223372036854775807", "plimsoll:{test}:alarm:h2", "twelve",
                                            NULL });
        cr_assert_eq(0, store_call_round(s));
        seen = clock_now();
        cr_assert_eq(0, store_raise_alarm(s, "h2", seen));
        cr_assert_eq(alarms_now(s), seen);
        cr_assert(calls_now(s) > 0 && calls_now(s) <= clock_now());
}
