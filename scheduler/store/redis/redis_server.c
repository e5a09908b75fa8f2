/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/store/redis/redis_socket.h"

#define STEP (10 * USEC_PER_MSEC)

enum { SERVER_LOCK_FD = 3 }; /* in the server: inherited, so that the lock lives as long as it does */

static bool path_print(char path[PATH_MAX], const RedisServer *s, const char *file) {
        return snprintf(path, PATH_MAX, "%s/%s", s->dir, file) < PATH_MAX;
}

/* A file of the directory, close-on-exec, above the numbers that a child's own files take. */
static int open_in(const RedisServer *s, const char *file, int flags) {
        char path[PATH_MAX];
        int fd, high;

        if (!path_print(path, s, file))
                return -ENAMETOOLONG;
        fd = open(path, flags | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        high = fcntl(fd, F_DUPFD_CLOEXEC, SERVER_LOCK_FD + 1);
        if (high < 0)
                high = -errno;
        (void) close(fd);
        return high;
}

static int lock_wait(int fd, int operation, usec_t deadline) {
        while (flock(fd, operation | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK && errno != EINTR)
                        return -errno;
                if (clock_monotonic() >= deadline)
                        return -ETIMEDOUT;
                clock_sleep(STEP);
        }
        return 0;
}

/* mkdir -p, each 0700. */
static int make_directories(char *path) {
        for (char *p = path + 1;; p++) {
                char c = *p;

                if (c != '/' && c != '\0')
                        continue;
                *p = '\0';
                if (mkdir(path, 0700) < 0 && errno != EEXIST)
                        return -errno;
                *p = c;
                if (c == '\0')
                        return 0;
        }
}

static int directory_check(const char *dir, TextFault *fault) {
        struct stat st;

        if (stat(dir, &st) < 0)
                return -errno;
        if (!S_ISDIR(st.st_mode))
                return -ENOTDIR;
        if (st.st_uid != geteuid() || (st.st_mode & 022)) {
                text_fault(fault, "state_dir", "%s must be owned by this user and writable by no other user",
                           dir);
                return -EPERM;
        }
        return 0;
}

static int directory_open(const char *dir, RedisServer *s, TextFault *fault) {
        char path[PATH_MAX], real[PATH_MAX], socket_path[PATH_MAX];
        int k;

        if (snprintf(path, sizeof(path), "%s", dir) >= (int) sizeof(path) || !dir[0])
                return -EINVAL;
        k = make_directories(path);
        if (k == 0 && !realpath(path, real))
                k = -errno;
        if (k == 0)
                k = directory_check(real, fault);
        if (k < 0)
                return k;
        if (strlen(real) + sizeof("/redis.sock") > sizeof(s->dir)) {
                text_fault(fault, "state_dir",
                           "%s is too long: the path of a unix socket may have at most %d bytes", real,
                           REDIS_PATH_MAX - 1);
                return -EINVAL;
        }
        memcpy(s->dir, real, strlen(real) + 1);
        return path_print(socket_path, s, "redis.sock")
                       ? redis_url_of_socket(socket_path, &s->url, s->url_text, sizeof(s->url_text))
                       : -EINVAL;
}

int redis_server_open(const char *dir, usec_t deadline, RedisServer *ret, TextFault *reterr_fault) {
        RedisServer s = { .users_fd = -1 };
        int k;

        *reterr_fault = (TextFault){ 0 };
        k = directory_open(dir, &s, reterr_fault);
        if (k == 0) {
                k = s.users_fd = open_in(&s, "users.lock", O_RDWR);
                if (k >= 0)
                        k = lock_wait(s.users_fd, LOCK_SH, deadline);
        }
        if (k < 0) {
                if (!reterr_fault->what[0])
                        text_fault(reterr_fault, "state_dir", "%s: %s", dir, strerror(-k));
                redis_server_close(&s);
                return k;
        }
        *ret = s;
        return 0;
}

/* Is there a server on this directory: 1, with its lock; then *ret is not set. 0: none, and none can start
 * while *ret is open. */
static int server_lives(const RedisServer *s, int *ret) {
        int fd = open_in(s, "server.lock", O_RDWR);

        if (fd < 0)
                return fd;
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                int error = errno;

                (void) close(fd);
                return error == EWOULDBLOCK ? 1 : -error;
        }
        *ret = fd;
        return 0;
}

static int spawn_attributes(posix_spawnattr_t *attributes) {
        sigset_t none, all;

        (void) sigemptyset(&none);
        (void) sigfillset(&all);
        (void) posix_spawnattr_setsigmask(attributes, &none);
        (void) posix_spawnattr_setsigdefault(attributes, &all);
        return posix_spawnattr_setflags(attributes,
                                        POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

/* Runs redis-server, which forks itself away (daemonize) so that it is nobody's child to reap. */
static int server_spawn(const RedisServer *s, int lock_fd, int log_fd, pid_t *ret) {
        const char *const words[] = {
                "redis-server",
                "--port",
                "0",
                "--unixsocket",
                s->url.path,
                "--unixsocketperm",
                "700",
                "--dir",
                s->dir,
                "--daemonize",
                "yes",
                "--pidfile",
                "redis.pid",
                "--logfile",
                "redis.log",
                "--loglevel",
                "warning",
                "--databases",
                "1",
                "--save",
                "",
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                NULL,
        };
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        int error;

        if (posix_spawn_file_actions_init(&files) != 0)
                return -ENOMEM;
        if (posix_spawnattr_init(&attributes) != 0) {
                (void) posix_spawn_file_actions_destroy(&files);
                return -ENOMEM;
        }
        error = spawn_attributes(&attributes);
        if (error == 0)
                error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (error == 0)
                error = posix_spawn_file_actions_adddup2(&files, log_fd, STDOUT_FILENO);
        if (error == 0)
                error = posix_spawn_file_actions_adddup2(&files, log_fd, STDERR_FILENO);
        if (error == 0)
                error = posix_spawn_file_actions_adddup2(&files, lock_fd, SERVER_LOCK_FD);
        if (error == 0)
                error = posix_spawnp(ret, words[0], &files, &attributes, (char *const *) words, environ);
        (void) posix_spawnattr_destroy(&attributes);
        (void) posix_spawn_file_actions_destroy(&files);
        return -error;
}

/* The last line of the log, where redis-server says why it ends. */
static void log_tail(int log_fd, char *line, size_t size) {
        char buf[512];
        off_t end = lseek(log_fd, 0, SEEK_END),
              start = end > (off_t) sizeof(buf) - 1 ? end - ((off_t) sizeof(buf) - 1) : 0;
        ssize_t n = end > 0 ? pread(log_fd, buf, sizeof(buf) - 1, start) : 0;
        const char *last;

        while (n > 0 && buf[n - 1] == '\n')
                n--;
        buf[n > 0 ? n : 0] = '\0';
        last = strrchr(buf, '\n');
        last = last ? last + 1 : buf;
        n = (ssize_t) strnlen(last, size - 1);
        memcpy(line, last, (size_t) n);
        line[n] = '\0';
}

/* 0: it answers a PING; -EAGAIN: with an error, which is that it still reads its data; else it takes no
 * connections, or has ended since, as one does that cannot read its data. */
static int server_ping(const RedisServer *s, usec_t deadline) {
        SocketPatience patience = { .deadline = deadline };
        struct pollfd p = { .events = POLLIN };
        char byte = 0;
        int k;

        p.fd = socket_connect(&s->url, &patience);
        if (p.fd < 0)
                return p.fd;
        k = send(p.fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6 ? socket_wait(&p, &patience) : -ECONNRESET;
        if (k == 0)
                k = recv(p.fd, &byte, 1, 0) == 1 ? 0 : -ECONNRESET;
        (void) close(p.fd);
        return k == 0 && byte == '-' ? -EAGAIN : k;
}

static int server_wait(const RedisServer *s, usec_t deadline) {
        int k;

        while ((k = server_ping(s, deadline)) < 0) {
                int lock = -1;

                if (clock_monotonic() >= deadline)
                        return k == -EAGAIN ? -EAGAIN : -ETIMEDOUT;
                if (k != -EAGAIN && server_lives(s, &lock) == 0) {
                        (void) close(lock);
                        return -EIO;
                }
                clock_sleep(STEP);
        }
        return 0;
}

static int server_run(const RedisServer *s, int lock_fd, int log_fd, TextFault *fault) {
        pid_t pid = -1;
        int status = 0, k = server_spawn(s, lock_fd, log_fd, &pid);

        if (k == -ENOENT)
                text_fault(
                        fault, "redis",
                        "no Redis URL given, and redis-server not found on PATH. Install it (Debian: apt install "
                        "redis-server), or give a URL");
        else if (k < 0)
                text_fault(fault, "redis", "cannot run redis-server: %s", strerror(-k));
        while (k == 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
                ; /* it has forked, or has refused its options: either is at once */
        return k;
}

int redis_server_start(const RedisServer *s, usec_t deadline, TextFault *reterr_fault) {
        int lock = -1, log, k = server_lives(s, &lock);

        if (k < 0) {
                text_fault(reterr_fault, "state_dir", "%s/server.lock: %s", s->dir, strerror(-k));
                return k;
        }
        log = open_in(s, "redis.log", O_RDWR | O_APPEND);
        if (log < 0) {
                k = log;
                text_fault(reterr_fault, "state_dir", "%s/redis.log: %s", s->dir, strerror(-k));
        }
        if (k == 0)
                k = server_run(s, lock, log, reterr_fault);
        if (lock >= 0)
                (void) close(lock);
        if (k >= 0) {
                char line[160];

                k = server_wait(s, deadline);
                log_tail(log, line, sizeof(line));
                if (k < 0)
                        text_fault(reterr_fault, "redis", "the redis-server of %s %s%s%s", s->dir,
                                   k == -EIO      ? "ended at once"
                                   : k == -EAGAIN ? "is still loading its data"
                                                  : "does not answer",
                                   line[0] ? ": " : "", line);
        }
        if (log >= 0)
                (void) close(log);
        return k;
}

int redis_server_leave(RedisServer *s) {
        return flock(s->users_fd, LOCK_EX | LOCK_NB) == 0 ? 0 : 1;
}

int redis_server_find(const RedisServer *s) {
        SocketPatience patience = { .deadline = clock_monotonic() + USEC_PER_SEC };
        int fd = socket_connect(&s->url, &patience), k;
        struct ucred peer = { .pid = 0 };
        socklen_t n = sizeof(peer);

        if (fd < 0)
                return fd;
        k = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0 ? -errno : 0;
        (void) close(fd);
        if (k < 0)
                return k;
        k = pidfd_open(peer.pid, 0);
        return k < 0 ? -errno : k;
}

static bool has_ended(int pidfd, usec_t at_most) {
        struct pollfd p = { .fd = pidfd, .events = POLLIN };

        return socket_wait(&p, &(SocketPatience){ .deadline = clock_monotonic() + at_most }) == 0;
}

void redis_server_end(int pidfd, usec_t at_most) {
        if (!has_ended(pidfd, at_most)) {
                (void) pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
                if (!has_ended(pidfd, USEC_PER_SEC)) {
                        (void) pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
                        (void) has_ended(pidfd, USEC_PER_SEC);
                }
        }
        (void) close(pidfd);
}

void redis_server_close(RedisServer *s) {
        if (s->users_fd >= 0)
                (void) close(s->users_fd);
        s->users_fd = -1;
}
