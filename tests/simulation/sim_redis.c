/* SPDX-License-Identifier: Apache-2.0 */
/* The redis-server of this world, and what befalls it. It writes all down, so that what it lost can be chosen: the file is cut
 * where it ended some seconds ago. What a service's calls go through is in front of redis_begin() (linked with --wrap).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/store/redis/redis.h"
#include "scheduler/store/store_object.h"
#include "tests/simulation/simulation.h"

enum { SIZES = 8 };

static pid_t redis_pid = -1;
static off_t redis_sizes[SIZES]; /* of the file, at the last ticks; the newest first */

static void redis_file(char *path, size_t size) {
        (void) snprintf(path, size, "%s/appendonlydir/appendonly.aof.1.incr.aof", world.dir);
}

/* A command without blanks in its words; its answer's first bytes. */
static bool redis_say(const char *command, char *answer, size_t size) {
        struct sockaddr_un to = { .sun_family = AF_UNIX };
        const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        ssize_t n = -1;

        (void) snprintf(to.sun_path, sizeof(to.sun_path), "%s/redis.sock", world.dir);
        if (connect(fd, (const struct sockaddr *) &to, sizeof(to)) == 0 &&
            write(fd, command, strlen(command)) > 0)
                n = read(fd, answer, size - 1);
        (void) close(fd);
        answer[n > 0 ? n : 0] = '\0';
        return n > 0;
}

static bool redis_is_up(void) {
        char answer[64];

        return redis_say("PING\r\n", answer, sizeof(answer)) && strncmp(answer, "-LOADING", 8) != 0;
}

void redis_begin_server(void) {
        char socket_path[200], preload[200];

        (void) snprintf(socket_path, sizeof(socket_path), "%s/redis.sock", world.dir);
        (void) snprintf(preload, sizeof(preload), "%s/libredis_clock.so", BUILD_DIR);
        redis_pid = fork();
        if (redis_pid == 0) {
                const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

                (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
                (void) dup2(null, STDOUT_FILENO);
                (void) dup2(null, STDERR_FILENO);
                (void) setenv("LD_PRELOAD", preload, 1);
                (void) execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path,
                              "--dir", world.dir, "--save", "", "--appendonly", "yes", "--appendfsync", "no",
                              "--auto-aof-rewrite-percentage", "0",
                              /* its waits are by the clock, and would end at once */
                              "--jemalloc-bg-thread", "no", (char *) NULL);
                _exit(127);
        }
        must(redis_pid > 0, "a redis-server");
        for (int i = 0; i < 10000 && !redis_is_up(); i++)
                (void) usleep(1000);
        must(redis_is_up(), "a redis-server that answers");
        world.store_up = true;
}

void redis_end_server(void) {
        if (redis_pid > 0) {
                (void) kill(redis_pid, SIGKILL);
                (void) waitpid(redis_pid, NULL, 0);
        }
        redis_pid = -1;
        world.store_up = false;
}

void redis_note_size(void) {
        char path[300];
        struct stat st;

        redis_file(path, sizeof(path));
        if (!world.store_up || stat(path, &st) < 0)
                return;
        memmove(redis_sizes + 1, redis_sizes, sizeof(redis_sizes) - sizeof(redis_sizes[0]));
        redis_sizes[0] = st.st_size;
}

void redis_loses(bool all) {
        char path[300];

        redis_file(path, sizeof(path));
        redis_end_server();
        must(truncate(path, all ? 0 : redis_sizes[0]) == 0, "a shorter file");
        memset(redis_sizes, 0, all ? sizeof(redis_sizes) : 0);
        world.forgot_at = sim_now();
        redis_begin_server();
}

/* It takes no writes, as a master that has lost its replicas. */
void redis_read_only(bool on) {
        char answer[64];

        if (world.store_up)
                must(redis_say(on ? "CONFIG SET min-replicas-to-write 1\r\n"
                                  : "CONFIG SET min-replicas-to-write 0\r\n",
                               answer, sizeof(answer)) &&
                             answer[0] == '+',
                     "a redis-server that can be told");
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_redis_begin(Redis *r, usec_t deadline);
int __wrap_redis_begin(Redis *r, usec_t deadline);

int __wrap_redis_begin(Redis *r, usec_t deadline) {
        int number;

        if (sim_actor() == 0 || world.checking)
                return __real_redis_begin(r, deadline);
        world.result.calls++;
        number = life_number(sim_actor() - 1);
        if (world.slow[number] > 0)
                sim_sleep(prng_below(&world.chance, (uint32_t) world.slow[number]));
        if (world.apart[number]) {
                redis_drop(r);
                return redis_fail(r, -EHOSTUNREACH, "cut off");
        }
        return __real_redis_begin(r, deadline);
}
/* New hosts are looked for each time: from one look to the next would be real time. */
int __real_store_find_hosts(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n);
int __wrap_store_find_hosts(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n);

int __wrap_store_find_hosts(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) {
        s->seen_at = 0;
        return __real_store_find_hosts(s, a, ret, ret_n);
}
/* NOLINTEND(bugprone-reserved-identifier) */
