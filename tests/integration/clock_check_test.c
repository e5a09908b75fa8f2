/* SPDX-License-Identifier: Apache-2.0 */
/* Old facts, and clocks that are wrong: the service's, a host's, Redis'. Each is said as what it is, nothing is moved, and
 * the command line says the same. Redis' clock is ours (redis_clock.c). */
#include <sys/mman.h>

#include "scheduler/app/commands/command.h"
#include "tests/integration/service_fixture.h"

static _Atomic int64_t *their_clock; /* µs since the epoch; of Redis */

static void setup(void) {
        char path[96];
        TextFault f;
        int fd;

        fixture_setup();
        (void) snprintf(path, sizeof(path), "%s/clock", dir);
        fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        cr_assert(fd >= 0 && ftruncate(fd, sizeof(*their_clock)) == 0);
        their_clock = mmap(NULL, sizeof(*their_clock), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        (void) close(fd);
        *their_clock = clock_now();
        (void) setenv("REDIS_CLOCK", path, 1);
        (void) setenv("LD_PRELOAD", BUILD_DIR "/libredis_clock.so", 1);
        server_start(NULL, NULL);
        (void) unsetenv("LD_PRELOAD");
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &store, &f), "%s", f.what);
}

TestSuite(clock_check, .init = setup, .fini = service_teardown, .timeout = 60);

/* What a command says, and how it ends. */
static char said[65536];

static int command(const char *name, const char *option) {
        char redis[160];
        char *argv[] = { (char[]){ "plimsoll" },
                         (char *) (uintptr_t) name,
                         redis,
                         (char[]){ "--cluster=t" },
                         (char[]){ "--set=cluster.hosts=*" },
                         (char *) (uintptr_t) option,
                         NULL };
        FILE *out = fmemopen(said, sizeof(said), "w");
        int status;

        (void) snprintf(redis, sizeof(redis), "--redis=%s", url);
        memset(said, 0, sizeof(said));
        status = command_main(option ? 6 : 5, argv, out, stderr);
        (void) fclose(out);
        return status;
}

#define SAYS(words) cr_assert_not_null(strstr(said, words), "\"%s\" is not in:\n%s", words, said)

/* The report is as if its host's clock differed by so much. */
static void reported(const char *host, uint32_t n_vms, int64_t by) {
        report_vms_at(host, 1, n_vms, clock_now() + by);
}

/* Old, and it came when it was sent: its expiry says so. */
static void was_reported(const char *host, uint32_t n_vms, usec_t ago) {
        char key[96], left[24];

        report_vms_at(host, 1, n_vms, clock_now() - ago);
        (void) snprintf(key, sizeof(key), "plimsoll:{t}:report:%s", host);
        (void) snprintf(left, sizeof(left), "%lld", (long long) ((60 * SECOND - ago) / USEC_PER_MSEC));
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "pexpire", key, left, NULL });
}

static void is_blind(const char *why) {
        cr_assert_eq(EXIT_DONE, serve("auto"));
        cr_assert_str_eq(live().plan_status, "blind");
        cr_assert_eq(live().n_moves, 0);
        cr_assert_eq(EXIT_BLOCKED, command("status", NULL));
        SAYS("blind: 2 of 2 hosts excluded");
        SAYS(why);
        cr_assert_eq(EXIT_BLOCKED, command("plan", NULL));
        SAYS("blind");
        cr_assert_eq(EXIT_BLOCKED, command("status", "--json"));
        SAYS("\"blind\": true");
        SAYS("\"excluded\": 2");
}

/* ---- the service's and Redis' ---- */

Test(clock_check, a_clock_that_is_redis_is_nobodys_business) {
        reported("h1", 3, 0);
        reported("h2", 0, 0);
        for (int by = -8; by <= 8; by += 16) { /* of 10 s that are allowed */
                *their_clock = clock_now() + by * SECOND;
                cr_assert_eq(EXIT_DONE, serve("advise"));
                cr_assert_str_neq(live().plan_status, "blind");
                (void) command("status", NULL);
                cr_assert_null(strstr(said, "blind"));
        }
}

Test(clock_check, a_service_whose_clock_is_not_redis_is_blind) {
        static const int64_t by[] = { 12, -12, 7200, -7200, -1700000000, 2500000000 };

        for (size_t i = 0; i < ARRAY_SIZE(by); i++) {
                *their_clock = clock_now() + by[i] * SECOND;
                reported("h1", 3, 0); /* hosts agree with the service, or with Redis: nobody knows */
                reported("h2", 0, i % 2 ? by[i] * SECOND : 0);
                cr_assert_eq(EXIT_BLOCKED, command("plan", NULL), "%lld", (long long) by[i]);
                cr_assert_eq(EXIT_BLOCKED, command("status", NULL), "%lld", (long long) by[i]);
                SAYS("this machine's clock differs from the store's by");
                SAYS("2 with a clock that differs");
        }
        *their_clock = clock_now() + 7200 * SECOND;
        reported("h1", 3, 0);
        reported("h2", 0, 0);
        is_blind("this machine's clock differs from the store's by -7");
}

/* ---- a host's ---- */

Test(clock_check, a_host_whose_clock_is_wrong_is_named_and_the_others_go_on) {
        static const int64_t by[] = { -7200, -45, 15, 7200 };

        for (size_t i = 0; i < ARRAY_SIZE(by); i++) {
                char words[64];

                *their_clock = clock_now();
                reported("h1", 3, 0);
                reported("h2", 0, by[i] * SECOND);
                cr_assert_eq(EXIT_DONE, serve("advise"));
                cr_assert_str_neq(live().plan_status, "blind");
                (void) command("status", NULL);
                SAYS("1 of 2 hosts excluded (1 with a clock that differs)");
                (void) snprintf(words, sizeof(words), "its clock differs by %lld.", (long long) by[i]);
                if (by[i] > 0) /* the rest of a second is on this side of it */
                        (void) snprintf(words, sizeof(words), "its clock differs by ");
                SAYS(words);
        }
}

Test(clock_check, all_hosts_clocks_are_wrong) {
        *their_clock = clock_now();
        reported("h1", 3, -7200 * SECOND);
        reported("h2", 0, 7200 * SECOND);
        is_blind("2 with a clock that differs");
}

/* ---- facts that are old are no clock ---- */

Test(clock_check, facts_that_are_stale_are_said_to_be) {
        *their_clock = clock_now();
        was_reported("h1", 3, 40 * SECOND);
        was_reported("h2", 0, 45 * SECOND);
        is_blind("2 stale");
}

/* No report is there any more; the service has the names. */
Test(clock_check, hosts_that_have_gone_silent_are_no_balance) {
        *their_clock = clock_now();
        reported("h1", 3, 0);
        reported("h2", 0, 0);
        cr_assert_eq(EXIT_DONE, serve("advise"));
        run_and_wait((const char *const[]){ "redis-cli", "-s", socket_path, "del", "plimsoll:{t}:report:h1",
                                            "plimsoll:{t}:report:h2", NULL });
        is_blind("2 without usable data");
}
