/* SPDX-License-Identifier: Apache-2.0 */
/* What a Redis server and its sentinels say of themselves, for `plimsoll store check`. What an account may not ask is not
 * known, and no error: an agent's may ask for almost nothing.
 *
 * Units: usec_t, in microseconds; INFO's own in its text. Owner: the caller's arena. Errors: -ENOMEM; that the server cannot be
 * reached is a fact like any other. Threads: the Store's: one.
 */
#pragma once

#include "scheduler/store/redis/redis_url.h"
#include "scheduler/store/store.h"
#include "scheduler/store/store_acl.h"

/* What one sentinel says of the master that the URL names. */
typedef struct SentinelFacts {
        const char *place;
        const char *error;      /* it does not answer, or knows no such master; NULL: what follows is there */
        const char *no_quorum;  /* NULL: it says that a fail-over would find its majority */
        const char *master;     /* "10.0.0.1:6379" */
        int64_t quorum, others; /* other sentinels that it knows */
        int64_t down_after_ms, failover_ms; /* its down-after-milliseconds, failover-timeout */
} SentinelFacts;

typedef struct ServerFacts {
        const char *place;
        const char *error; /* it cannot be asked at all; NULL: it answers, and what follows is there */
        bool tls, unix_socket, loopback;
        const char *user;         /* who we are: "default" where the URL names nobody */
        bool open_known, is_open; /* does it let in whoever comes without a password */
        const char *info;         /* all of INFO; NULL: the account may not ask */
        const char *save, *fsync, *min_replicas, *max_lag; /* of CONFIG GET; NULL: likewise */
        bool time_known;
        usec_t ahead, doubt; /* the server's clock against ours, and how far that may be wrong */
        const SentinelFacts *sentinels;
        uint32_t n_sentinels;
        const char *may_not, *may_too_much; /* of the account's rights: a list in words; "" none */
        bool rights_known;
} ServerFacts;

/* As whom the account should be: its role, and the host where that is an agent. */
int server_facts_read(Store *s, Arena *a, const StoreAccount *account, ServerFacts *ret) must_check;

/* "maxmemory_policy" → "noeviction", in the arena; NULL: INFO has no such line, or there is no memory. */
const char *info_text(Arena *a, const char *info, const char *name) must_check;
/* The same as a number; `none` where there is none. */
int64_t info_number(const char *info, const char *name, int64_t none);
/* The number that `text` (NULL: none) begins with; `none` where it is no number, or over BOUND_STORED. */
int64_t facts_number(const char *text, int64_t none);
