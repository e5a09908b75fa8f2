/* SPDX-License-Identifier: Apache-2.0 */
/* Local search: from a Problem and policies to a better assignment. Pure; the same input, seed and budget
 * give the same result on any machine and with any number of threads of `workers` (the number of *tasks* is
 * part of the budget, so it is part of the input).
 *
 * Units: Cost: no unit; MiB in the budget. Owner: the result is in the arena. Errors: -ENOMEM, what a
 * policy's add_terms() returned. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/base/workers.h"
#include "scheduler/decide/cost/policy.h"

typedef struct SearchBudget {
        uint64_t evaluations; /* moves tried at most; 0: until a local optimum, with no perturbation after it
                               */
        uint32_t max_moves;   /* VMs away from home at most; UINT32_MAX: no cap */
        int64_t max_mib;      /* memory of VMs away from home at most; INT64_MAX: no cap */
        unsigned tasks;       /* independent searches, the best one wins (ties: the lowest); at least 1 */
        TimeLimit time;       /* the wall-clock guard: when it is up, the search ends */
        /* How much of the time is spent, 0 … 65536: a search that should use a given time, not a given number
         * of evaluations, paces itself by this (and is then no longer repeatable), asked with time.arg. NULL: by
         * evaluations. Any thread. */
        uint32_t (*spent)(void *arg);
} SearchBudget;

/* Everything a search depends on. */
typedef struct SearchInput {
        const Problem *problem;
        PolicySet policies;
        const Settings *settings; /* NULL: the policies' own defaults */
        SearchBudget budget;
        uint64_t seed;
        const Workers *workers;
} SearchInput;

typedef struct SearchResult {
        const HostIx *host_of; /* [vm] */
        Costs before, after;
        uint64_t evaluations;
        uint64_t refusals[REASON_N];
        bool guard_fired;
        bool annealed; /* else: descent, and hosts emptied */
        const Move *
                walk; /* [n_walk] moves that lead to host_of in this order, each with room for it; some VMs move more
                             than once. */
        uint32_t n_walk; /* 0: no such order is known */
} SearchResult;

/* 0; -ENOMEM; what a policy's add_terms() said. The result lives in `a`. */
int search_run(Arena *a, const SearchInput *in, SearchResult *ret) must_check;
