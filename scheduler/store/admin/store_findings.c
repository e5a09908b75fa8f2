/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/admin/store_findings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/clock.h"

/* EVAL_RO, key rights for reading alone (%R~) and redis.acl_check_cmd came with Redis 7.0 (its release notes). */
#define VERSION_LEAST 7
/* With noeviction a full server refuses writes; it is time to act before. Its own docs give no figure: ours. */
#define MEMORY_FULL_PERCENT 80
/* A replica acknowledges once a second (redis.conf, min-replicas-max-lag). */
#define LAG_MOST_S 3
/* docs/redis-keys.md, "Servers": what makes a fail-over take longer than people wait. */
#define DOWN_AFTER_MOST_MS INT64_C(10000)
#define FAILOVER_MOST_MS   INT64_C(60000)

const char *const store_state_names[STORE_STATE_N] = { "ok", "not-tested", "wrong" };

typedef struct Findings {
        Arena *arena;
        const ServerFacts *facts;
        const StoreDemands *demands;
        const char *test; /* whose findings are added now */
        ServerFinding *at;
        uint32_t n;
        bool full;
} Findings;

static void findings_add(Findings *l, StoreState state, const char *what, const char *why,
                         const char *to_do) {
        ServerFinding *at = arena_room(l->arena, l->at, l->n, sizeof(*at));

        if (!at || !what || (state == STORE_WRONG && (!why || !to_do))) {
                l->full = true;
                return;
        }
        l->at = at;
        at[l->n++] = (ServerFinding){ l->test, state, what, why, to_do };
}

static void findings_good(Findings *l, const char *fmt, ...) printf_like(2, 3);
static void findings_good(Findings *l, const char *fmt, ...) {
        char text[400];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        findings_add(l, STORE_GOOD, text_copy(l->arena, text, strlen(text)), NULL, NULL);
}

static void findings_unknown(Findings *l, const char *command) {
        findings_add(l, STORE_NOT_TESTED,
                     text_format(l->arena, "account \"%s\" has no right to %s", l->facts->user, command),
                     NULL, "run the check as an account that has it");
}

/* INFO's words, "" where it has none. */
static const char *findings_info(Findings *l, const char *name) {
        const char *text = info_text(l->arena, l->facts->info, name);

        return text ? text : "";
}

/* ---- the server ---- */

static void check_version(Findings *l) {
        const char *version = findings_info(l, "redis_version"), *mode = findings_info(l, "redis_mode");

        if (facts_number(version, 0) < VERSION_LEAST)
                findings_add(l, STORE_WRONG, text_format(l->arena, "Redis %s", version),
                             "agents' scripts and read-only accounts need Redis 7",
                             "upgrade Redis to 7 or later");
        else
                findings_good(l, "Redis %s, %s", version, mode);
}

static void check_tls(Findings *l) {
        if (l->facts->tls)
                findings_good(l, "connection over TLS, certificate verified");
        else if (l->facts->loopback)
                findings_good(l, l->facts->unix_socket ? "connection over a unix socket"
                                                       : "connection over loopback");
        else
                findings_add(l, STORE_WRONG,
                             text_format(l->arena, "connection to %s without TLS", l->facts->place),
                             "the network between can read passwords and change what is stored",
                             "use rediss:// (docs/redis-keys.md, Servers)");
}

static void check_login(Findings *l) {
        if (!l->facts->open_known)
                findings_add(l, STORE_NOT_TESTED, "a second connection without a password failed", NULL,
                             "run the check again");
        else if (!l->facts->is_open)
                findings_good(l, "the server asks for a password");
        else if (l->facts->unix_socket)
                findings_good(l, "no password; the mode of the unix socket decides who gets in");
        else
                findings_add(l, STORE_WRONG, "the default user needs no password",
                             "anyone who reaches the port can change what is stored",
                             "plimsoll store acl > plimsoll.acl, and set aclfile in redis.conf");
}

static void check_account(Findings *l) {
        const ServerFacts *f = l->facts;
        const char *who = text_format(l->arena, "account \"%s\" as %s", f->user, l->demands->role);
        const bool free = f->unix_socket && f->is_open; /* whoever may open the socket may do all */

        if (!f->rights_known) {
                findings_add(l, STORE_NOT_TESTED,
                             text_format(l->arena, "account \"%s\" has no right to EVAL_RO", f->user), NULL,
                             "plimsoll store acl prints the rights it should have");
                return;
        }
        if (f->may_not[0])
                findings_add(l, STORE_WRONG,
                             text_format(l->arena, "%s is too narrow: no right to %s", who, f->may_not),
                             "Plimsoll's calls will be refused",
                             "plimsoll store acl prints the rights it needs");
        if (f->may_too_much[0] && !free)
                findings_add(
                        l, STORE_WRONG,
                        text_format(l->arena, "%s is too wide: has the right to %s", who, f->may_too_much),
                        "a stolen password would do more harm than needed",
                        "plimsoll store acl prints the rights it needs");
        if (!f->may_not[0] && (!f->may_too_much[0] || free))
                findings_good(l, "%s has the rights it needs%s", who ? who : "",
                              f->may_too_much[0] ? ", and more (unix socket)" : " and no more");
}

static void check_clock(Findings *l) {
        const usec_t ahead = l->facts->ahead, off = ahead < 0 ? -ahead : ahead;
        const double seconds = (double) off / USEC_PER_SEC, doubt = (double) l->facts->doubt / USEC_PER_SEC;

        if (!l->facts->time_known)
                findings_unknown(l, "TIME");
        else if (off - l->facts->doubt > l->demands->clock_skew)
                findings_add(l, STORE_WRONG,
                             text_format(l->arena, "the server's clock is %.1f s %s ours", seconds,
                                         ahead < 0 ? "behind" : "ahead of"),
                             "leases, expiries and the age of reports are wrong",
                             "run NTP on both machines (apt install chrony)");
        else
                findings_good(l, "clock within %.3f s of ours (\xc2\xb1 %.3f s)", seconds, doubt);
}

/* ---- what it keeps ---- */

static void check_persistence(Findings *l) {
        const bool aof = info_number(l->facts->info, "aof_enabled", 0) == 1;
        const char *save = l->facts->save, *written = findings_info(l, "aof_last_write_status"),
                   *rewritten = findings_info(l, "aof_last_bgrewrite_status"),
                   *saved = findings_info(l, "rdb_last_bgsave_status");
        const char *to_do = "see the server's log; free disk space, check the owner of its directory";
        const uint32_t before = l->n;

        if (!aof && save && !save[0])
                findings_add(l, STORE_WRONG, "neither append-only file nor snapshots are on",
                             "a restart of the server loses marks, journal and bookings",
                             "set appendonly yes in redis.conf");
        else if (!aof)
                findings_add(l, STORE_WRONG, "the append-only file is off",
                             "a crash of the server loses what was written since its last snapshot",
                             "set appendonly yes in redis.conf");
        if (aof && l->facts->fsync && strcmp(l->facts->fsync, "no") == 0)
                findings_add(l, STORE_WRONG, "appendfsync is no",
                             "a crash of its machine loses marks and journal of half a minute",
                             "set appendfsync everysec in redis.conf");
        if (aof && strcmp(written, "ok") != 0)
                findings_add(l, STORE_WRONG, "the last write to the append-only file failed",
                             "Redis refuses writes, and Plimsoll starts nothing", to_do);
        if (aof && strcmp(rewritten, "ok") != 0)
                findings_add(l, STORE_WRONG, "the last rewrite of the append-only file failed",
                             "the file grows until the disk is full", to_do);
        if (strcmp(saved, "ok") != 0)
                findings_add(l, STORE_WRONG, "the last snapshot (BGSAVE) failed",
                             "Redis refuses writes while stop-writes-on-bgsave-error is on", to_do);
        if (l->n == before)
                findings_good(l, "append-only file on; last write ok");
}

static void check_eviction(Findings *l) {
        const char *policy = findings_info(l, "maxmemory_policy");

        if (strcmp(policy, "noeviction") == 0)
                findings_good(l, "maxmemory-policy noeviction");
        else
                findings_add(
                        l, STORE_WRONG, text_format(l->arena, "maxmemory-policy is %s", policy),
                        "a full server deletes keys: marks, the journal, reports of hosts that are alive",
                        "set maxmemory-policy noeviction in redis.conf");
}

static void check_memory(Findings *l) {
        const int64_t most = info_number(l->facts->info, "maxmemory", 0),
                      used = info_number(l->facts->info, "used_memory", 0);
        const double mib = 1048576, share = most > 0 ? 100 * (double) used / (double) most : 0;

        if (most <= 0)
                findings_good(l, "%.1f MiB used, no maxmemory", (double) used / mib);
        else if (share < MEMORY_FULL_PERCENT)
                findings_good(l, "%.1f of %.1f MiB used (%.0f %%)", (double) used / mib, (double) most / mib,
                              share);
        else
                findings_add(l, STORE_WRONG,
                             text_format(l->arena, "%.1f of %.1f MiB used (%.0f %%)", (double) used / mib,
                                         (double) most / mib, share),
                             "at maxmemory Redis refuses writes, and Plimsoll starts nothing",
                             "raise maxmemory (docs/redis-keys.md, Sizing)");
}

/* ---- replicas and fail-over ---- */

static void check_lag(Findings *l, int64_t replicas) {
        int64_t worst = 0;

        for (int64_t i = 0; i < replicas; i++) {
                char name[32];
                const char *line, *lag;
                int64_t seconds;

                (void) snprintf(name, sizeof(name), "slave%lld", (long long) i);
                line = findings_info(l, name);
                lag = strstr(line, ",lag=");
                seconds = lag ? facts_number(lag + strlen(",lag="), 0) : 0;
                worst = seconds > worst ? seconds : worst;
                if (!strstr(line, "state=online") || seconds > LAG_MOST_S)
                        findings_add(l, STORE_WRONG,
                                     text_format(l->arena, "replica %.*s is not in step: %s",
                                                 (int) strcspn(line, ","), line,
                                                 strchr(line, ',') ? strchr(line, ',') + 1 : ""),
                                     "a fail-over to it loses what it has not received",
                                     "see the replica's log, and the network between");
        }
        if (replicas > 0 && worst <= LAG_MOST_S)
                findings_good(l, "%lld replicas, at most %lld s behind", (long long) replicas,
                              (long long) worst);
}

/* min-replicas-to-write, as far as it is known: INFO says only whether it is on. */
static int64_t findings_min_replicas(const Findings *l) {
        const int64_t least = facts_number(l->facts->min_replicas, -1);

        if (least >= 0)
                return least;
        return info_number(l->facts->info, "min_slaves_good_slaves", -1) >= 0 ? 1 : 0;
}

static void check_min_replicas(Findings *l, int64_t replicas, int64_t least) {
        const int64_t good = info_number(l->facts->info, "min_slaves_good_slaves", replicas);
        const int64_t max_lag = facts_number(l->facts->max_lag, -1);

        if (least > 0 && good < least)
                findings_add(l, STORE_WRONG,
                             text_format(l->arena, "%lld replicas in step, min-replicas-to-write is %lld",
                                         (long long) good, (long long) least),
                             "Redis refuses writes now", "start the replicas");
        else if (least > 0 && replicas <= least)
                findings_add(l, STORE_WRONG,
                             text_format(l->arena, "%lld servers, min-replicas-to-write is %lld",
                                         (long long) replicas + 1, (long long) least),
                             "after a fail-over the new master has too few replicas and refuses writes",
                             "add a replica");
        if (least > 0 && max_lag >= 0 && max_lag >= l->demands->lease / USEC_PER_SEC)
                findings_add(l, STORE_WRONG,
                             text_format(l->arena, "min-replicas-max-lag is %lld s, service.lease %.1f s",
                                         (long long) max_lag, (double) l->demands->lease / USEC_PER_SEC),
                             "a master that was cut off takes writes for longer than a lease",
                             "set min-replicas-max-lag below service.lease");
}

static void check_replicas(Findings *l) {
        const int64_t replicas = info_number(l->facts->info, "connected_slaves", 0),
                      least = findings_min_replicas(l);
        const bool fails_over = l->facts->n_sentinels > 0;
        const uint32_t before = l->n;

        if (strcmp(findings_info(l, "role"), "slave") == 0) {
                findings_add(l, STORE_WRONG, text_format(l->arena, "%s is a replica", l->facts->place),
                             "it refuses writes", "use the master's address, or redis+sentinel://");
                return;
        }
        if (fails_over && replicas == 0)
                findings_add(l, STORE_WRONG, "the master has no replica",
                             "there is no server to fail over to", "start a replica, better two");
        if (fails_over && replicas > 0 && least == 0)
                findings_add(l, STORE_WRONG, "min-replicas-to-write is 0",
                             "a master that was cut off takes writes that are lost later",
                             replicas > 1 ? "set min-replicas-to-write 1 on all servers"
                                          : "add a second replica, then set min-replicas-to-write 1");
        check_min_replicas(l, replicas, least);
        check_lag(l, replicas);
        if (l->n == before)
                findings_good(l, "one server, no replica");
}

/* ---- sentinels ---- */

static void check_sentinel(Findings *l, const SentinelFacts *one) {
        const SentinelFacts *first = l->facts->sentinels;
        Arena *a = l->arena;

        if (one->error) {
                findings_add(l, STORE_WRONG, text_format(a, "%s", one->error),
                             "one sentinel less to find the master by",
                             "start it, or take it out of the URL");
                return;
        }
        while (first->error) /* `one` has none */
                first++;
        if (strcmp(first->master, one->master) != 0)
                findings_add(l, STORE_WRONG,
                             text_format(a, "sentinel %s names %s as master, %s names %s", first->place,
                                         first->master, one->place, one->master),
                             "a fail-over is under way, or they are parted",
                             "run the check again in a minute");
        if (one->no_quorum)
                findings_add(l, STORE_WRONG, text_format(a, "sentinel %s: %s", one->place, one->no_quorum),
                             "no fail-over happens", "start the other sentinels");
        if (one->quorum > one->others)
                findings_add(l, STORE_WRONG,
                             text_format(a, "sentinel %s: quorum %lld of %lld sentinels", one->place,
                                         (long long) one->quorum, (long long) one->others + 1),
                             "when one sentinel is down no fail-over happens",
                             "SENTINEL SET NAME quorum 2, with three sentinels or more");
        else if (one->others < 2)
                findings_add(
                        l, STORE_WRONG,
                        text_format(a, "sentinel %s knows %lld others", one->place, (long long) one->others),
                        "when one sentinel is down the rest have no majority", "run three sentinels");
        if (one->down_after_ms > DOWN_AFTER_MOST_MS)
                findings_add(l, STORE_WRONG,
                             text_format(a, "sentinel %s: down-after-milliseconds %lld", one->place,
                                         (long long) one->down_after_ms),
                             "Plimsoll does nothing for that long when the master dies",
                             "SENTINEL SET NAME down-after-milliseconds 5000");
        if (one->failover_ms > FAILOVER_MOST_MS)
                findings_add(l, STORE_WRONG,
                             text_format(a, "sentinel %s: failover-timeout %lld", one->place,
                                         (long long) one->failover_ms),
                             "a second fail-over begins only after twice that",
                             "SENTINEL SET NAME failover-timeout 30000");
}

static void check_sentinels(Findings *l) {
        const uint32_t before = l->n;

        for (uint32_t i = 0; i < l->facts->n_sentinels; i++)
                check_sentinel(l, &l->facts->sentinels[i]);
        if (l->facts->n_sentinels > 0 && l->n == before)
                findings_good(l, "%u sentinels, quorum %lld, master %s", l->facts->n_sentinels,
                              (long long) l->facts->sentinels[0].quorum, l->facts->sentinels[0].master);
}

/* ---- all ---- */

static const struct {
        const char *test;
        void (*check)(Findings *l);
        bool by_info; /* it reads INFO */
} store_checks[] = {
        { "version", check_version, true },   { "tls", check_tls, false },
        { "login", check_login, false },      { "account", check_account, false },
        { "clock", check_clock, false },      { "persistence", check_persistence, true },
        { "eviction", check_eviction, true }, { "memory", check_memory, true },
        { "replicas", check_replicas, true },
};

int store_findings(Arena *a, const ServerFacts *f, const StoreDemands *demands, const ServerFinding **ret,
                   uint32_t *ret_n) {
        Findings l = { .arena = a, .facts = f, .demands = demands, .test = "connection" };

        if (f->error)
                findings_add(&l, STORE_WRONG, f->error, "without the store Plimsoll starts nothing",
                             strstr(f->error, "unknown command")
                                     ? "check the URL; of a sentinel: redis+sentinel://HOST,HOST/MASTER"
                                     : "check the URL, the account and that the server runs");
        else
                findings_good(&l, "%s answers", f->place);
        for (size_t i = 0; i < ARRAY_SIZE(store_checks) && !f->error; i++) {
                l.test = store_checks[i].test;
                if (store_checks[i].by_info && !f->info)
                        findings_unknown(&l, "INFO");
                else
                        store_checks[i].check(&l);
        }
        l.test = "sentinels";
        check_sentinels(&l);
        if (l.full)
                return -ENOMEM;
        *ret = l.at;
        *ret_n = l.n;
        return 0;
}

StoreState store_findings_worst(const ServerFinding *findings, uint32_t n) {
        StoreState worst = STORE_GOOD;

        for (uint32_t i = 0; i < n; i++)
                worst = findings[i].state > worst ? findings[i].state : worst;
        return worst;
}
