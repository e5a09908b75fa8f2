/* The store against real redis-servers, each on a unix socket in a directory of its own. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/store/store.h"

static Arena arena;
static char dir[64];
static char url[128];
static pid_t server = -1;

static void run(const char *const *words) {
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void) dup2(null, STDIN_FILENO);
        (void) dup2(null, STDOUT_FILENO);
        (void) execvp(words[0], (char *const *) (uintptr_t) words);
        _exit(127);
}

static void server_start(const char *password) {
        char path[96];
        const char *const words[] = { "redis-server",
                                      "--port",
                                      "0",
                                      "--unixsocket",
                                      path,
                                      "--dir",
                                      dir,
                                      "--save",
                                      "",
                                      "--appendonly",
                                      "yes",
                                      "--requirepass",
                                      password,
                                      NULL };

        (void) snprintf(path, sizeof(path), "%s/test.sock", dir);
        server = fork();
        if (server == 0)
                run(words);
        for (int i = 0; i < 500 && access(path, F_OK) < 0; i++)
                clock_sleep(10 * USEC_PER_MSEC);
}

static void server_kill(void) {
        char path[96];

        if (server <= 0)
                return;
        (void) kill(server, SIGKILL);
        (void) waitpid(server, NULL, 0);
        (void) snprintf(path, sizeof(path), "%s/test.sock", dir);
        (void) unlink(path);
        server = -1;
}

static void setup(void) {
        (void) snprintf(dir, sizeof(dir), "/tmp/store_test.XXXXXX");
        cr_assert_not_null(mkdtemp(dir));
        (void) snprintf(url, sizeof(url), "unix://%s/test.sock", dir);
        cr_assert_eq(0, arena_open((size_t) 1 << 30, &arena));
}

static void teardown(void) {
        pid_t pid;

        server_kill();
        arena_close(&arena);
        pid = fork();
        if (pid == 0)
                run((const char *const[]){ "rm", "-rf", dir, NULL });
        (void) waitpid(pid, NULL, 0);
}

TestSuite(store, .init = setup, .fini = teardown, .timeout = 60);

static Store *opened(const char *where, usec_t timeout) {
        StoreOptions options = { .url = where, .state_dir = dir, .cluster = "test", .timeout = timeout };
        TextFault fault;
        Store *s = NULL;
        int k = store_open(&options, &s, &fault);

        cr_assert_eq(k, 0, "store_open: %d %s", k, fault.what);
        return s;
}

typedef struct Reports {
        StoredText *texts;
        const char *const *members;
        uint32_t n, n_members;
} Reports;

static Reports reports_of(Store *s) {
        Reports r;
        int k = store_get_reports(s, &arena, &r.texts, &r.n, &r.members, &r.n_members);

        cr_assert_eq(k, 0, "store_get_reports: %d %s", k, store_error(s));
        return r;
}

#define must(s, call)                                                                                        \
        do {                                                                                                 \
                int must_k = (call);                                                                         \
                cr_assert_eq(must_k, 0, "%s: %d %s", #call, must_k, store_error(s));                         \
        } while (0)

Test(store, reports_come_back_byte_for_byte_sorted_by_host) {
        owned(store_free) Store *s = NULL;
        Reports r;

        server_start("");
        s = opened(url, 0);
        must(s, store_put_report(s, "h2", "a\0b\r\n%s", 7, 60 * USEC_PER_SEC));
        must(s, store_put_report(s, "h1 %s \xc3\xbc{}*?[", "", 0, 60 * USEC_PER_SEC));
        r = reports_of(s);
        cr_assert_eq(r.n, 2);
        cr_assert_eq(r.n_members, 2);
        cr_assert_str_eq(r.texts[0].name, "h1 %s \xc3\xbc{}*?[");
        cr_assert_eq(r.texts[0].n, 0);
        cr_assert_eq(r.texts[1].n, 7);
        cr_assert_eq(memcmp(r.texts[1].text, "a\0b\r\n%s", 7), 0);
}

Test(store, an_expired_report_leaves_the_member) {
        owned(store_free) Store *s = NULL;
        Reports r;

        server_start("");
        s = opened(url, 0);
        must(s, store_put_report(s, "h1", "x", 1, USEC_PER_MSEC));
        clock_sleep(50 * USEC_PER_MSEC);
        r = reports_of(s);
        cr_assert_eq(r.n, 0);
        cr_assert_eq(r.n_members, 1);
        cr_assert_str_eq(r.members[0], "h1");
}

Test(store, the_embedded_server_keeps_its_data_between_programs) {
        Store *s = opened(NULL, 0);
        char place[192];

        must(s, store_put_report(s, "h1", "x", 1, 60 * USEC_PER_SEC));
        s = store_free(s);
        (void) snprintf(place, sizeof(place), "%s/redis.sock", dir);
        cr_assert_eq(access(place, F_OK), -1, "the server has ended");
        s = opened(NULL, 0);
        cr_assert_eq(reports_of(s).n, 1);
        store_free(s);
}
