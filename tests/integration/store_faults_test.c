/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that are away, hang, refuse, lie or speak another language. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "tests/integration/redis_fixture.h"

TestSuite(store_faults, .init = fixture_setup, .fini = fixture_teardown, .timeout = 60);

#define SHORT (300 * USEC_PER_MSEC)

Test(store_faults, a_server_that_is_away_is_said_and_found_when_it_is_back) {
        owned(store_free) Store *s = opened(url, 0);
        Reports r;

        expect(-ECONNREFUSED, s, store_put_report(s, "h1", "x", 1, SECOND));
        cr_assert_not_null(strstr(store_error(s), socket_path));
        server_start("--appendonly", "yes");
        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        cr_assert_str_eq(store_error(s), "");
        server_kill();
        expect(-ECONNREFUSED, s, get_reports(s, &r)); /* the socket's file is still there */
        server_start("--appendonly", "yes");
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 1);
}

/* The server has been restarted between two calls: the second is no error, and is done once. */
Test(store_faults, a_restart_between_two_calls_is_not_noticed) {
        owned(store_free) Store *s = opened(url, 0);
        StoredText *records;
        uint64_t token;
        uint32_t n;

        server_start("--appendonly", "yes");
        expect(0, s, store_lease(s, "d1", 60 * SECOND, &token, NULL, 0));
        expect(0, s, store_put_record(s, token, "one", 3, record_name));
        server_kill();
        server_start("--appendonly", "yes");
        expect(0, s, store_put_record(s, token, "two", 3, record_name));
        expect(0, s, store_get_records(s, &arena, 10, &records, &n));
        cr_assert_eq(n, 2);
}

Test(store_faults, a_server_that_hangs_times_out_and_late_answers_are_not_taken_for_others) {
        owned(store_free) Store *s = opened(url, SHORT);
        const char *text;
        size_t n;

        server_start(NULL, NULL);
        expect(0, s, store_put_state(s, "a", "text of a", 9, 0));
        expect(0, s, store_put_state(s, "b", "text of b", 9, 0));
        (void) kill(server_pid, SIGSTOP);
        expect(-ETIMEDOUT, s, store_get_state(s, &arena, "a", &text, &n));
        cr_assert_not_null(strstr(store_error(s), "no answer within 0.3 s"));
        expect(-ETIMEDOUT, s, store_get_state(s, &arena, "a", &text, &n));
        (void) kill(server_pid, SIGCONT);
        expect(0, s, store_get_state(s, &arena, "b", &text, &n));
        cr_assert_str_eq(text, "text of b");
}

Test(store_faults, a_large_report_to_a_hanging_server_times_out_too) {
        owned(store_free) Store *s = opened(url, SHORT);
        const size_t size = (size_t) 16 << 20; /* more than the socket takes */
        char *text = calloc(1, size);

        cr_assert_not_null(text);
        server_start(NULL, NULL);
        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        (void) kill(server_pid, SIGSTOP);
        expect(-ETIMEDOUT, s, store_put_report(s, "h1", text, size, 60 * SECOND));
        (void) kill(server_pid, SIGCONT);
        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        free(text);
}

Test(store_faults, a_wrong_password_is_eacces_and_is_not_shown) {
        static const struct {
                const char *login;
                int result;
        } logins[] = {
                { "", -EACCES },         { ":guess@", -EACCES },         { "nobody:s3cret@", -EACCES },
                { ":s3cret%20%25@", 0 }, { "default:s3cret%20%25@", 0 },
        };

        server_start("--requirepass", "s3cret %");
        for (size_t i = 0; i < ARRAY_SIZE(logins); i++) {
                owned(store_free) Store *s = NULL;
                char with[160];

                (void) snprintf(with, sizeof(with), "unix://%s%s", logins[i].login, socket_path);
                s = opened(with, 0);
                expect(logins[i].result, s, store_put_report(s, "h1", "x", 1, SECOND));
                cr_assert_null(strstr(store_error(s), "guess"));
                cr_assert_null(strstr(store_error(s), "s3cret"));
        }
}

Test(store_faults, a_password_the_server_does_not_ask_for_is_eacces) {
        owned(store_free) Store *s = NULL;
        char with[160];

        server_start(NULL, NULL);
        (void) snprintf(with, sizeof(with), "unix://:x@%s", socket_path);
        s = opened(with, 0);
        expect(-EACCES, s, store_put_report(s, "h1", "x", 1, SECOND));
}

Test(store_faults, a_database_that_is_not_there_is_said) {
        owned(store_free) Store *s = NULL;
        char with[160];

        server_start(NULL, NULL);
        (void) snprintf(with, sizeof(with), "%s?db=99", url);
        s = opened(with, 0);
        expect(-EPROTO, s, store_put_report(s, "h1", "x", 1, SECOND));
        cr_assert_not_null(strstr(store_error(s), "out of range"));
}

Test(store_faults, a_full_server_is_eagain) {
        owned(store_free) Store *s = opened(url, 0);

        server_start("--maxmemory", "1");
        expect(-EAGAIN, s, store_put_report(s, "h1", "x", 1, SECOND));
        cr_assert_not_null(strstr(store_error(s), "OOM"));
        expect(-EAGAIN, s, store_put_state(s, "s", "x", 1, 0));
}

Test(store_faults, what_a_server_should_not_say_is_named_and_the_next_call_works) {
        static const struct {
                const char *answer;
                int result;
                const char *says;
        } answers[] = {
                { "-LOADING Redis is loading the dataset in memory\r\n", -EAGAIN, "LOADING" },
                { "-READONLY You can't write against a read only replica.\r\n", -EAGAIN, "READONLY" },
                { "-MOVED 1 10.0.0.1:7000\r\n", -EAGAIN, "MOVED" },
                { "-NOPERM no permissions\r\n", -EACCES, "NOPERM" },
                { "-ERR %s%n%s\r\n", -EPROTO, "%s%n%s" },
                { ":5\r\n", -EPROTO, "unexpected form" },
                { "*1\r\n$1\r\nx\r\n", -EPROTO, "unexpected form" },
                { "HTTP/1.1 400 Bad Request\r\n", -EPROTO, "not the Redis protocol" },
                { "*2147483647\r\n", -EPROTO, "not the Redis protocol" },
                { "$10\r\nhalf", -ETIMEDOUT, "no answer" },
                { NULL, -ECONNRESET, "reset" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                owned(store_free) Store *s = NULL;
                const char *text = "untouched";
                size_t n = 7;

                fake_start(&answers[i].answer, 1);
                s = opened(url, SHORT);
                expect(answers[i].result, s, store_get_state(s, &arena, "x", &text, &n));
                cr_assert_not_null(strstr(store_error(s), answers[i].says), "%s", store_error(s));
                cr_assert_str_eq(text, "untouched");
                server_kill();
                (void) unlink(socket_path);
                server_start(NULL, NULL);
                expect(1, s, store_get_state(s, &arena, "x", &text, &n));
                server_kill();
                (void) unlink(socket_path);
        }
}

Test(store_faults, a_lease_is_not_taken_and_not_released_by_an_answer_of_another_form) {
        static const char *const answers[] = { "$5\r\nhello\r\n", "*3\r\n:0\r\n$1\r\nx\r\n$2\r\nd1\r\n",
                                               "*0\r\n", "$-1\r\n" };

        for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
                owned(store_free) Store *s = NULL;
                uint64_t token = 7;
                char holder[8] = "nobody";

                fake_start(&answers[i], 1);
                s = opened(url, SHORT);
                expect(-EPROTO, s, store_lease(s, "d1", 60 * SECOND, &token, holder, sizeof(holder)));
                cr_assert_eq(token, 7);
                cr_assert_str_eq(holder, "nobody");
                server_kill();
                (void) unlink(socket_path);
                s = store_free(s);
                fake_start(&answers[i], 1);
                s = opened(url, SHORT);
                expect(-EPROTO, s, store_release(s, "d1"));
                server_kill();
                (void) unlink(socket_path);
        }
}

/* Each byte in time, the whole after 20 s: the limit is over the call. */
Test(store_faults, a_server_that_trickles_is_not_waited_for_longer_than_the_limit) {
        owned(store_free) Store *s = NULL;
        const char *text;
        size_t n;

        fake_trickle("$1000\r\n", 1000);
        s = opened(url, SHORT);
        expect(-ETIMEDOUT, s, store_get_state(s, &arena, "x", &text, &n));
}

/* ---- TCP ---- */

static int free_port(void) {
        struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        socklen_t n = sizeof(at);

        cr_assert_eq(0, bind(fd, (const struct sockaddr *) &at, sizeof(at)));
        cr_assert_eq(0, getsockname(fd, (struct sockaddr *) &at, &n));
        (void) close(fd);
        return ntohs(at.sin_port);
}

Test(store_faults, tcp_works_by_address_and_by_name_and_a_closed_port_is_refused) {
        static const char *const hosts[] = { "127.0.0.1", "localhost" };
        char port[12], where[64];

        (void) snprintf(port, sizeof(port), "%d", free_port());
        for (int up = 0; up < 2; up++) {
                if (up)
                        server_start("--port", port);
                for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
                        owned(store_free) Store *s = NULL;

                        (void) snprintf(where, sizeof(where), "redis://%s:%s/1", hosts[i], port);
                        s = opened(where, 0);
                        expect(up ? 0 : -ECONNREFUSED, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
                }
        }
}

Test(store_faults, a_name_that_does_not_exist_is_unreachable) {
        owned(store_free) Store *s = opened("redis://no-such-host.invalid", 0);

        expect(-EHOSTUNREACH, s, store_put_report(s, "h1", "x", 1, SECOND));
        cr_assert_not_null(strstr(store_error(s), "no-such-host.invalid"));
}

Test(store_faults, bad_options_are_refused_before_anything_happens) {
        static const struct {
                StoreOptions options;
                const char *field, *says;
        } bad[] = {
                { { .url = "redis://h" }, "cluster", "1 to 255 bytes" },
                { { .url = "redis://h", .cluster = "" }, "cluster", "1 to 255 bytes" },
                { { .url = "redis://h", .cluster = "a}b" }, "cluster", "{ or }" },
                { { .cluster = "c" }, "redis", "neither a URL" },
                { { .url = "rediss://h?x=y", .cluster = "c" }, "redis", "ca=FILE" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                TextFault fault;
                Store *s = NULL;

                cr_assert_eq(-EINVAL, store_open(&bad[i].options, &s, &fault));
                cr_assert_null(s);
                cr_assert_str_eq(fault.field, bad[i].field);
                cr_assert_not_null(strstr(fault.what, bad[i].says), "%s", fault.what);
        }
        cr_assert_null(store_free(NULL));
}
