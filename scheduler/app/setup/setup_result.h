/* SPDX-License-Identifier: Apache-2.0 */
/* What `plimsoll setup` found: of each host, and of each pair of hosts. Pure.
 *
 * Units: none. Owner: the arena. Errors: none: what there is no memory for is not kept, and `full` is set. Threads: one.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef enum SetupState {
        SETUP_GOOD,
        SETUP_NOT_TESTED,
        SETUP_WRONG,
        SETUP_STATE_N,
} SetupState;
extern const char *const setup_state_names[SETUP_STATE_N]; /* "ok", "not-tested", "wrong" */

/* One test of one row. */
typedef struct SetupFinding {
        const char *who;  /* a host; "service": the service's machine */
        const char *peer; /* the host it is to reach; NULL: it is about `who` alone */
        const char *test; /* "login", "clock" …: stable, in JSON */
        SetupState state;
        const char *what;  /* in words */
        const char *to_do; /* the command, and where; NULL: nothing */
} SetupFinding;

#define SETUP_SERVICE "service"

typedef struct SetupResult {
        Arena *arena;
        SetupFinding *findings;
        uint32_t n;
        uint32_t pairs, pairs_all; /* of hosts: those that were chosen, of how many; the same: no sample */
        bool full;
} SetupResult;

/* A row: findings of one `who` and `peer`, the worst first. */
typedef struct SetupRow {
        const SetupFinding *findings;
        uint32_t n;
        SetupState state; /* of the worst */
} SetupRow;

/* `text` with U+FFFD for each byte that is not UTF-8, which JSON cannot hold; itself where there is none. NULL: no memory, or
 * `text` is NULL. */
const char *setup_result_text(Arena *a, const char *text);

/* The texts must live as long as the result, and are made valid UTF-8; NULL texts, of a full arena, set `full`. */
void setup_result_add(SetupResult *result, SetupFinding finding);

/* All by rows: the worst first, then the service's, then by names. Sorts the findings. *ret in the result's arena; their
 * number; 0 also where there is no memory (`full`). */
uint32_t setup_result_rows(SetupResult *result, const SetupRow **ret);

SetupState setup_result_worst(const SetupResult *result);
