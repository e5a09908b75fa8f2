/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong with a Redis server as the place where Plimsoll keeps what it must not forget. Pure: facts in, findings out.
 *
 * Units: usec_t, in microseconds. Owner: the caller's arena. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/store/admin/server_facts.h"

typedef enum StoreState {
        STORE_GOOD,
        STORE_NOT_TESTED,
        STORE_WRONG,
        STORE_STATE_N,
} StoreState;
extern const char *const store_state_names[STORE_STATE_N]; /* "ok", "not-tested", "wrong" */

typedef struct ServerFinding {
        const char *test; /* "persistence" …: stable, in JSON */
        StoreState state;
        const char *what;  /* what is */
        const char *why;   /* why that matters; NULL: nothing is wrong */
        const char *to_do; /* likewise */
} ServerFinding;

/* By what the findings are judged, beside the facts. */
typedef struct StoreDemands {
        usec_t clock_skew; /* snapshot.clock_skew */
        usec_t lease;      /* service.lease */
        const char *role;  /* as whom the account should be, for words: "service" */
} StoreDemands;

/* At least one finding for each test that there is; in the order of the tests. */
int store_findings(Arena *a, const ServerFacts *f, const StoreDemands *demands, const ServerFinding **ret,
                   uint32_t *ret_n) must_check;

StoreState store_findings_worst(const ServerFinding *findings, uint32_t n);
