/* SPDX-License-Identifier: Apache-2.0 */
/* What `plimsoll store check` makes of facts, where no real server shows them on a test's machine (the others:
 * store_check_test.sh); and that it asks after every command and key of an account. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/store/admin/account_rights.h"
#include "scheduler/store/admin/store_findings.h"

static Arena arena;

static void open_arena(void) {
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &arena));
}

static void close_arena(void) {
        arena_close(&arena);
}

TestSuite(store_findings, .init = open_arena, .fini = close_arena);

static const char good_info[] =
        "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\n"
        "aof_enabled:1\r\naof_last_write_status:ok\r\naof_last_bgrewrite_status:ok\r\n"
        "rdb_last_bgsave_status:ok\r\nmaxmemory_policy:noeviction\r\nmaxmemory:0\r\n"
        "used_memory:1000000\r\nconnected_slaves:0\r\n";

static const char three_servers[] = "connected_slaves:2\r\nmin_slaves_good_slaves:2\r\n"
                                    "slave0:ip=h,port=1,state=online,lag=0\r\n"
                                    "slave1:ip=h,port=2,state=online,lag=0";

static ServerFacts good(void) {
        return (ServerFacts){ .place = "10.0.0.9:6379",
                              .user = "plimsolld",
                              .tls = true,
                              .open_known = true,
                              .info = good_info,
                              .time_known = true,
                              .rights_known = true,
                              .may_not = "",
                              .may_too_much = "" };
}

static const StoreDemands demands = { .clock_skew = 5 * USEC_PER_SEC,
                                      .lease = 5 * USEC_PER_SEC,
                                      .role = "service" };

/* The one thing that is wrong; NULL: nothing is. */
static const ServerFinding *the_fault(const ServerFacts *f) {
        const ServerFinding *all, *fault = NULL;
        uint32_t n;

        cr_assert_eq(0, store_findings(&arena, f, &demands, &all, &n));
        for (uint32_t i = 0; i < n; i++) {
                cr_assert(all[i].test && all[i].what);
                if (all[i].state != STORE_WRONG)
                        continue;
                cr_assert_null(fault, "%s and %s", fault ? fault->what : "", all[i].what);
                cr_assert(all[i].why && all[i].to_do, "%s: why, and what to do?", all[i].what);
                fault = &all[i];
        }
        cr_assert_eq(store_findings_worst(all, n), fault ? STORE_WRONG : STORE_GOOD);
        return fault;
}

/* `good_info` with one line more, which counts before the others. */
static ServerFacts with(const char *line) {
        ServerFacts f = good();

        f.info = text_format(&arena, "%s\r\n%s", line, good_info);
        cr_assert_not_null(f.info);
        return f;
}

Test(store_findings, a_good_server_has_none) {
        const ServerFacts f = good();

        cr_assert_null(the_fault(&f));
}

/* What stands in the append-only file's pages is on disk when the kernel likes. */
Test(store_findings, an_append_only_file_is_written_to_disk) {
        ServerFacts f = good();

        for (const char *const *how = (const char *const[]){ "always", "everysec", NULL }; *how; how++) {
                f.fsync = *how;
                cr_assert_null(the_fault(&f), "%s", *how);
        }
        f.fsync = "no";
        cr_assert_str_eq(the_fault(&f)->test, "persistence");
        cr_assert(strstr(the_fault(&f)->what, "appendfsync is no"));
}

Test(store_findings, each_line_of_info_that_is_wrong_is_one) {
        static const struct {
                const char *line, *test, *words;
        } wrong[] = {
                { "redis_version:6.2.7", "version", "Redis 6.2.7" },
                { "redis_version:", "version", "Redis" },
                { "aof_enabled:0", "persistence", "append-only file is off" },
                { "aof_last_write_status:err", "persistence", "last write" },
                { "aof_last_bgrewrite_status:err", "persistence", "last rewrite" },
                { "rdb_last_bgsave_status:err", "persistence", "last snapshot" },
                { "maxmemory_policy:volatile-ttl", "eviction", "volatile-ttl" },
                { "maxmemory:1250000", "memory", "80 %" },
                { "role:slave", "replicas", "is a replica" },
                { "min_slaves_good_slaves:0", "replicas", "0 replicas in step" },
                { "connected_slaves:1\r\nslave0:ip=h,port=1,state=wait_bgsave,offset=0,lag=0", "replicas",
                  "wait_bgsave" },
                { "connected_slaves:1\r\nslave0:ip=h,port=1,state=online,offset=0,lag=4", "replicas",
                  "lag=4" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
                const ServerFacts f = with(wrong[i].line);
                const ServerFinding *fault = the_fault(&f);

                cr_assert_not_null(fault, "%s", wrong[i].line);
                cr_assert_str_eq(fault->test, wrong[i].test);
                cr_assert(strstr(fault->what, wrong[i].words), "%s: %s", wrong[i].line, fault->what);
        }
}

Test(store_findings, what_is_near_a_limit_is_not_over_it) {
        static const char *const fine[] = {
                "redis_version:7.0.0", "redis_version:10.1.0",
                "maxmemory:1250001",   "connected_slaves:1\r\nslave0:ip=h,port=1,state=online,offset=0,lag=3",
                three_servers,
        };
        ServerFacts f = good();

        for (size_t i = 0; i < ARRAY_SIZE(fine); i++) {
                const ServerFacts other = with(fine[i]);
                const ServerFinding *fault = the_fault(&other);

                cr_assert_null(fault, "%s: %s", fine[i], fault ? fault->what : "");
        }
        f.ahead = demands.clock_skew;
        cr_assert_null(the_fault(&f));
        f.ahead = -demands.clock_skew - 1;
        cr_assert_str_eq(the_fault(&f)->test, "clock");
        f.doubt = 1; /* it took that long to ask: it may be so */
        cr_assert_null(the_fault(&f));
}

Test(store_findings, a_quorum_and_a_majority_hold_without_one_sentinel) {
        static const struct {
                SentinelFacts sentinel;
                const char *words; /* NULL: it is fine */
        } cases[] = {
                { { .master = "m:1", .quorum = 2, .others = 2, .down_after_ms = 10000, .failover_ms = 60000 },
                  NULL },
                { { .master = "m:1", .quorum = 3, .others = 2 }, "quorum 3 of 3" },
                { { .master = "m:1", .quorum = 1, .others = 1 }, "knows 1 others" },
                { { .master = "m:1", .quorum = 2, .others = 1 }, "quorum 2 of 2" },
                { { .master = "m:1", .quorum = 2, .others = 2, .down_after_ms = 10001 }, "down-after" },
                { { .master = "m:1", .quorum = 2, .others = 2, .failover_ms = 60001 }, "failover-timeout" },
                { { .master = "m:1", .quorum = 2, .others = 2, .no_quorum = "NOQUORUM" }, "NOQUORUM" },
                { { .master = "m:2", .quorum = 2, .others = 2 }, "s1 names m:1 as master, s2 names m:2" },
                { { .error = "s2: Connection refused" }, "refused" },
        };
        /* three servers, writes only with a replica: nothing else to say */
        ServerFacts f = with(three_servers);

        for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
                SentinelFacts two[] = { { .place = "s1", .master = "m:1", .quorum = 2, .others = 2 },
                                        cases[i].sentinel };
                const ServerFinding *fault;

                two[1].place = "s2";
                f.sentinels = two;
                f.n_sentinels = 2;
                fault = the_fault(&f);
                cr_assert_eq(!fault, !cases[i].words, "case %zu: %s", i, fault ? fault->what : "nothing");
                if (fault)
                        cr_assert(strstr(fault->what, cases[i].words), "%s", fault->what);
        }
}

Test(store_findings, what_may_not_be_asked_is_not_tested_and_not_good) {
        ServerFacts f = good();
        const ServerFinding *all;
        uint32_t n, untested = 0;

        f.info = NULL;
        f.time_known = f.rights_known = f.open_known = false;
        cr_assert_eq(0, store_findings(&arena, &f, &demands, &all, &n));
        cr_assert_eq(store_findings_worst(all, n), STORE_NOT_TESTED);
        for (uint32_t i = 0; i < n; i++)
                untested += all[i].state == STORE_NOT_TESTED;
        cr_assert_eq(untested, 8,
                     "version, login, account, clock, persistence, eviction, memory, replicas: %u", untested);
}

/* A command that store_acl.c gives and the check does not ask after would be missed where it is lacking. */
Test(store_findings, every_command_and_key_of_every_role_is_asked_after) {
        static const enum StoreRole roles[] = { ROLE_AGENT, ROLE_SERVICE, ROLE_OPERATOR, ROLE_READER };

        for (size_t r = 0; r < ARRAY_SIZE(roles); r++) {
                const StoreAccount account = { .role = roles[r],
                                               .cluster = "c",
                                               .host = roles[r] == ROLE_AGENT ? "h1" : NULL };
                const char *commands = store_account_commands(roles[r]);
                RightAsked *asked = NULL;
                uint32_t n = 0;

                cr_assert_eq(0, account_rights_list(&arena, &account, &asked, &n));
                for (const char *at = commands; (at = strchr(at, '+')); at++) {
                        const size_t size = strcspn(at + 1, " ");
                        bool found = size == 4 && strncmp(at + 1, "auth", 4) == 0;

                        for (uint32_t i = 0; i < n && !found; i++)
                                found = asked[i].wanted && strlen(asked[i].what) == size &&
                                        strncmp(asked[i].what, at + 1, size) == 0;
                        cr_assert(found, "role %d: nobody asks after %.*s", roles[r], (int) size, at + 1);
                }
                for (int k = 0; k < KEY_N; k++) {
                        const StoreRight right = store_account_right((StoreKey) k, roles[r]);
                        const char *part = !store_key_defs[k].part[0] ? NULL
                                           : account.host             ? account.host
                                                                      : "store-check";
                        char key[KEY_SIZE], text[KEY_SIZE + 8];
                        unsigned found = 0;

                        (void) key_print(key, "c", (StoreKey) k, part);
                        for (uint32_t i = 0; i < n; i++) {
                                (void) snprintf(text, sizeof(text), "read %s", key);
                                found += strcmp(asked[i].what, text) == 0 &&
                                         asked[i].wanted == (right != RIGHT_NONE);
                                (void) snprintf(text, sizeof(text), "write %s", key);
                                found += strcmp(asked[i].what, text) == 0 &&
                                         asked[i].wanted == (right == RIGHT_ALL);
                        }
                        cr_assert_eq(found, 2, "role %d, %s", roles[r], key);
                }
        }
}
