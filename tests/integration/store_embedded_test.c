/* SPDX-License-Identifier: Apache-2.0 */
/* The embedded server: started, shared, found again, ended. */
#include <poll.h>
#include <sys/pidfd.h>
#include <sys/stat.h>

#include "tests/integration/redis_fixture.h"

TestSuite(store_embedded, .init = fixture_setup, .fini = fixture_teardown, .timeout = 60);

static bool is_there(const char *file) {
        char path[96];

        (void) snprintf(path, sizeof(path), "%s/%s", dir, file);
        return access(path, F_OK) == 0;
}

/* Until it has ended, with all its threads: what is open of a process is closed only by the last of them, which may still run
 * when /proc has the process as a zombie. */
static void kill_and_await(pid_t pid) {
        struct pollfd p = { .fd = pidfd_open(pid, 0), .events = POLLIN };

        cr_assert_geq(p.fd, 0);
        cr_assert_eq(0, kill(pid, SIGKILL));
        cr_assert_eq(1, poll(&p, 1, 30 * 1000));
        (void) close(p.fd);
}

Test(store_embedded, its_data_outlives_the_programs) {
        Store *s = opened(NULL, 0);
        uint64_t token = 0, again = 0;
        StoredText *entries;
        uint32_t n;

        expect(0, s, store_lease(s, "d1", 60 * SECOND, &token, NULL, 0));
        expect(0, s, store_journal(s, token, "started", 7));
        s = store_free(s);
        cr_assert_not(is_there("redis.sock"), "the server has ended");
        s = opened(NULL, 0);
        expect(0, s, store_get_journal(s, &arena, 10, &entries, &n));
        cr_assert_eq(n, 1);
        expect(0, s, store_lease(s, "d1", 60 * SECOND, &again, NULL, 0));
        cr_assert_eq(token, again);
        store_free(s);
}

Test(store_embedded, nobody_else_can_reach_it) {
        owned(store_free) Store *s = NULL;
        char deeper[80], path[96];
        StoreOptions options = { .state_dir = deeper, .cluster = "test" };
        TextFault fault;
        struct stat st;

        (void) snprintf(deeper, sizeof(deeper), "%s/a/b", dir);
        cr_assert_eq(0, store_open(&options, &s, &fault), "%s", fault.what);
        cr_assert_eq(0, stat(deeper, &st));
        cr_assert_eq(st.st_mode & 0777, 0700, "the directory is made, for its user alone");
        (void) snprintf(path, sizeof(path), "%s/redis.sock", deeper);
        cr_assert_eq(0, stat(path, &st));
        cr_assert_eq(st.st_mode & 0777, 0700);
}

Test(store_embedded, programs_of_one_directory_share_it_and_the_last_ends_it) {
        Store *first = opened(NULL, 0), *second = opened(NULL, 0), *third = NULL;
        pid_t pid = embedded_pid();
        Reports r;

        expect(0, first, store_put_report(first, "h1", "x", 1, 60 * SECOND));
        first = store_free(first); /* who started it goes first */
        third = opened(store_url(second), 0);
        expect(0, second, get_reports(second, &r));
        cr_assert_eq(r.n, 1);
        expect(0, third, get_reports(third, &r));
        cr_assert_eq(r.n, 1, "its URL works for others");
        cr_assert_eq(embedded_pid(), pid);
        store_free(third);
        cr_assert(is_there("redis.sock"));
        store_free(second);
        cr_assert_not(is_there("redis.sock"));
}

Test(store_embedded, one_that_dies_is_started_again) {
        owned(store_free) Store *s = opened(NULL, 0);
        pid_t pid = embedded_pid();
        Reports r;

        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        kill_and_await(pid);
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 1);
        cr_assert_neq(embedded_pid(), pid);
}

Test(store_embedded, one_left_over_by_a_crash_is_used_and_ended) {
        pid_t child = fork(), pid;
        Store *s;
        int status;
        Reports r;

        if (child == 0) {
                s = opened(NULL, 0);
                (void) !store_put_report(s, "h1", "x", 1, 60 * SECOND);
                (void) raise(SIGKILL);
        }
        cr_assert_eq(child, waitpid(child, &status, 0));
        pid = embedded_pid();
        cr_assert_gt(pid, 1);
        s = opened(NULL, 0);
        cr_assert_eq(embedded_pid(), pid, "no second server");
        expect(0, s, get_reports(s, &r));
        cr_assert_eq(r.n, 1);
        store_free(s);
        cr_assert_not(is_there("redis.sock"));
}

Test(store_embedded, a_socket_without_a_server_is_replaced) {
        Store *s = opened(NULL, 0);

        kill_and_await(embedded_pid());
        s = store_free(s);
        cr_assert(is_there("redis.sock"), "the dead server's");
        s = opened(NULL, 0);
        expect(0, s, store_put_report(s, "h1", "x", 1, 60 * SECOND));
        store_free(s);
        cr_assert_not(is_there("redis.sock"));
}

Test(store_embedded, one_that_hangs_is_said_and_ended_at_last) {
        Store *first = opened(NULL, 0),
              *s = opened(NULL, SECOND); /* one has time to start it, one little patience */
        pid_t pid = embedded_pid();
        TextFault fault;
        Store *second;

        cr_assert_eq(0, kill(pid, SIGSTOP));
        expect(-ETIMEDOUT, s, store_put_report(s, "h1", "x", 1, SECOND));
        cr_assert_eq(-ETIMEDOUT, try_open(NULL, SECOND, &second, &fault));
        cr_assert_not_null(strstr(fault.what, "no answer"), "%s", fault.what);
        store_free(first);
        store_free(s);
        s = opened(NULL, 0);
        cr_assert_neq(embedded_pid(), pid);
        store_free(s);
}

/* Many programs start at once on an empty directory: one server, all served. */
Test(store_embedded, of_many_who_start_at_once_one_starts_it) {
        enum { PROGRAMS = 6 };
        pid_t programs[PROGRAMS];

        for (int i = 0; i < PROGRAMS; i++) {
                programs[i] = fork();
                if (programs[i] == 0) {
                        char host[16];
                        Store *s = opened(NULL, 20 * SECOND);
                        int k;

                        (void) snprintf(host, sizeof(host), "h%d", i);
                        k = store_put_report(s, host, "x", 1, 60 * SECOND);
                        store_free(s);
                        _exit(k == 0 ? 0 : 1);
                }
        }
        for (int i = 0; i < PROGRAMS; i++) {
                int status = -1;

                cr_assert_eq(programs[i], waitpid(programs[i], &status, 0));
                cr_assert_eq(status, 0);
        }
        cr_assert_not(is_there("redis.sock"), "the last has ended it");
        {
                owned(store_free) Store *s = opened(NULL, 0);
                Reports r;

                expect(0, s, get_reports(s, &r));
                cr_assert_eq(r.n, PROGRAMS);
        }
}

Test(store_embedded, ctrl_c_does_not_reach_it) {
        owned(store_free) Store *s = opened(NULL, 0);

        cr_assert_neq(getsid(embedded_pid()), getsid(0));
        expect(0, s, store_put_report(s, "h1", "x", 1, SECOND));
}

Test(store_embedded, without_redis_server_the_package_is_named) {
        char *path = strdup(getenv("PATH"));
        TextFault fault;
        Store *s = NULL;
        int k;

        cr_assert_eq(0, setenv("PATH", dir, 1));
        k = try_open(NULL, 0, &s, &fault);
        cr_assert_eq(0, setenv("PATH", path, 1)); /* the teardown needs it */
        free(path);
        cr_assert_eq(k, -ENOENT);
        cr_assert_not_null(strstr(fault.what, "apt install redis-server"), "%s", fault.what);
        cr_assert_null(s);
}

Test(store_embedded, one_that_cannot_start_says_why) {
        TextFault fault;
        char path[96];
        Store *s = NULL;
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/appendonlydir", dir);
        f = fopen(path, "w");
        cr_assert_not_null(f);
        (void) fclose(f);
        cr_assert_eq(-EIO, try_open(NULL, 0, &s, &fault), "%s", fault.what);
        cr_assert_not_null(strstr(fault.what, "ended at once"), "%s", fault.what);
        cr_assert_not_null(strstr(fault.what, "appendonlydir"), "%s", fault.what);
}

/* Else a server with much to read would never be ready: each program that gives up would end it. */
Test(store_embedded, one_that_still_reads_its_data_is_left_to_it) {
        static const char *loading[50];
        TextFault fault;
        Store *s = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(loading); i++)
                loading[i] = "-LOADING Redis is loading the dataset in memory\r\n";
        (void) snprintf(socket_path, sizeof(socket_path), "%s/redis.sock", dir);
        fake_start(loading, ARRAY_SIZE(loading));
        cr_assert_eq(-EAGAIN, try_open(NULL, 300 * USEC_PER_MSEC, &s, &fault));
        cr_assert_not_null(strstr(fault.what, "LOADING"), "%s", fault.what);
        cr_assert(takes_connections());
}

Test(store_embedded, a_directory_that_is_not_ours_alone_is_refused) {
        TextFault fault;
        Store *s = NULL;

        cr_assert_eq(0, chmod(dir, 0770));
        cr_assert_eq(-EPERM, try_open(NULL, 0, &s, &fault));
        cr_assert_not_null(strstr(fault.what, "writable by no other user"), "%s", fault.what);
        cr_assert_not(is_there("redis.sock"));
}

Test(store_embedded, a_path_too_long_for_a_socket_is_refused) {
        char path[160];
        StoreOptions options = { .state_dir = path, .cluster = "test" };
        TextFault fault;
        Store *s = NULL;

        (void) snprintf(path, sizeof(path), "%s/%090d", dir, 0);
        cr_assert_eq(-EINVAL, store_open(&options, &s, &fault));
        cr_assert_not_null(strstr(fault.what, "too long"), "%s", fault.what);
}
