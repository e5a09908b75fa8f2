/* SPDX-License-Identifier: Apache-2.0 */
/* Redis servers for tests: real ones, each on a unix socket in a directory of its own, ended by pid; and one
 * that says what it is told to. For one test program: everything is static.
 */
#pragma once

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/store/store.h"

static Arena arena;
static char dir[64];         /* the test's own */
static char socket_path[96]; /* in it, of server_start() and fake_start() */
static char url[128];        /* unix://socket_path */
static char record_name[RECORD_NAME_SIZE] __attribute__((unused)); /* of the record put last */
static pid_t server_pid = -1;                                      /* of server_start() or fake_start() */

static inline pid_t run(const char *const *words) {
        pid_t pid = fork();

        if (pid == 0) {
                int null = open("/dev/null", O_RDWR | O_CLOEXEC);

                (void) dup2(null, STDIN_FILENO);
                (void) dup2(null, STDOUT_FILENO);
                (void) dup2(null, STDERR_FILENO);
                (void) execvp(words[0], (char *const *) (uintptr_t) words);
                _exit(127);
        }
        return pid;
}

static inline void run_and_wait(const char *const *words) {
        int status = -1;

        cr_assert_gt(waitpid(run(words), &status, 0), 0);
        cr_assert_eq(status, 0, "%s failed", words[0]);
}

/* A connection to socket_path, or -1. */
static inline int try_connect(void) {
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(to.sun_path, sizeof(to.sun_path), "%s", socket_path);
        if (connect(fd, (const struct sockaddr *) &to, sizeof(to)) == 0)
                return fd;
        (void) close(fd);
        return -1;
}

static inline bool takes_connections(void) {
        int fd = try_connect();

        return fd >= 0 && close(fd) == 0;
}

/* It answers, and not that it still loads its data. */
static inline bool server_answers(void) {
        char answer[64] = "";
        int fd = try_connect();
        bool good = fd >= 0 && write(fd, "PING\r\n", 6) == 6 && read(fd, answer, sizeof(answer) - 1) > 0 &&
                    strncmp(answer, "-LOADING", 8) != 0;

        if (fd >= 0)
                (void) close(fd);
        return good;
}

/* `name`, `value`: one more option, or NULL. What a server with an append-only file has answered outlives it:
 * with "everysec", redis holds a write back for up to 2 s while the disk is busy. */
static inline void server_start(const char *name, const char *value) {
        server_pid = run((const char *const[]){ "redis-server", "--port", "0", "--unixsocket", socket_path,
                                                "--dir", dir, "--save", "", "--appendfsync", "always", name,
                                                value, NULL });
        for (int i = 0; i < 1000 && !server_answers(); i++)
                clock_sleep(10 * USEC_PER_MSEC);
}

static inline void server_kill(void) {
        if (server_pid <= 0)
                return;
        (void) kill(server_pid, SIGCONT);
        (void) kill(server_pid, SIGKILL);
        (void) waitpid(server_pid, NULL, 0);
        server_pid = -1;
}

/* The embedded server's pid, or -1. */
static inline pid_t embedded_pid(void) {
        char path[96], text[16] = "";
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/redis.pid", dir);
        f = fopen(path, "re");
        if (!f)
                return -1;
        if (!fgets(text, sizeof(text), f))
                text[0] = '\0';
        (void) fclose(f);
        return (pid_t) strtol(text, NULL, 10);
}

static inline void fixture_setup(void) {
        (void) snprintf(dir, sizeof(dir), "/tmp/store_test.XXXXXX");
        cr_assert_not_null(mkdtemp(dir));
        (void) snprintf(socket_path, sizeof(socket_path), "%s/test.sock", dir);
        (void) snprintf(url, sizeof(url), "unix://%s", socket_path);
        cr_assert_eq(0, arena_open((size_t) 2 << 30, &arena));
}

static inline void fixture_teardown(void) {
        pid_t embedded = embedded_pid(); /* of a test that failed before store_free() */

        server_kill();
        if (embedded > 1)
                (void) kill(embedded, SIGKILL);
        arena_close(&arena);
        run_and_wait((const char *const[]){ "rm", "-rf", dir, NULL });
}

static inline int fake_listen(void) {
        struct sockaddr_un at = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        (void) snprintf(at.sun_path, sizeof(at.sun_path), "%s", socket_path);
        cr_assert_eq(0, bind(listener, (const struct sockaddr *) &at, sizeof(at)));
        cr_assert_eq(0, listen(listener, 8));
        return listener;
}

/* A server that takes one connection after the other; on each, `answers` are sent one by one, each as soon as
 * something was read (NULL: it hangs up); then it reads on and says nothing. */
static inline void fake_start(const char *const *answers, int n) {
        int listener = fake_listen();

        server_pid = fork();
        while (server_pid == 0) {
                int fd = accept(listener, NULL, NULL), said = 0;
                char buf[4096];

                while (read(fd, buf, sizeof(buf)) > 0)
                        if (said < n) {
                                if (!answers[said])
                                        break;
                                (void) !write(fd, answers[said], strlen(answers[said]));
                                said++;
                        }
                (void) close(fd);
        }
        (void) close(listener);
}

/* A server that answers its one connection with `start`, then n bytes, 20 ms each, and the end of the line.
 */
static inline void fake_trickle(const char *start, int n) {
        int listener = fake_listen();

        server_pid = fork();
        if (server_pid == 0) {
                int fd = accept(listener, NULL, NULL);
                char buf[4096];

                (void) signal(SIGPIPE, SIG_IGN);
                (void) !read(fd, buf, sizeof(buf));
                (void) !write(fd, start, strlen(start));
                for (; n > 0 && write(fd, "x", 1) == 1; n--)
                        clock_sleep(20 * USEC_PER_MSEC);
                (void) !write(fd, "\r\n", 2);
                for (;;)
                        (void) pause();
        }
        (void) close(listener);
}

/* where NULL: the embedded server in `dir`. */
static inline int try_open(const char *where, usec_t timeout, Store **ret, TextFault *fault) {
        StoreOptions options = { .url = where, .state_dir = dir, .cluster = "test", .timeout = timeout };

        return store_open(&options, ret, fault);
}

static inline Store *opened(const char *where, usec_t timeout) {
        TextFault fault;
        Store *s = NULL;
        int k = try_open(where, timeout, &s, &fault);

        cr_assert_eq(k, 0, "store_open: %d %s", k, fault.what);
        return s;
}

typedef struct Reports {
        StoredText *texts;
        const char *const *members;
        uint32_t n, n_members;
} Reports;

static inline int get_reports(Store *s, Reports *r) {
        return store_get_reports(s, &arena, &r->texts, &r->n, &r->members, &r->n_members);
}

/* `call` must return `expected`. */
#define expect(expected, s, call)                                                                            \
        do {                                                                                                 \
                int expect_k = (call);                                                                       \
                cr_assert_eq(expect_k, (expected), "%s: %d %s", #call, expect_k, store_error(s));            \
        } while (0)

#define SECOND USEC_PER_SEC
