/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster's past, once more: what it went through (trace.h), step by step, with moves decided by one of several ways, and what
 * came of it. Same trace and settings, same sums, byte for byte.
 *
 * A step: moves that have ended by then are made; VMs use what they used; it is counted how much of what they wanted the hosts
 * had; then it is decided. Plimsoll decides by the round that the service decides by (app/round), on the same estimates of
 * demand, with cool-downs and hold time; its moves take as long as it predicts, one wave after the other.
 *
 * What is assumed (backtest_assumptions): demand does not depend on where a VM runs, a core is a core, moves do not fail.
 *
 * Units: ms of host or VM time; MiB. Owner: the arena. Errors: -ENOMEM, what a round returns. Threads: one for each call.
 */
#pragma once

#include "scheduler/app/backtest/trace.h"
#include "scheduler/model/settings.h"

typedef enum BacktestWay {
        BACKTEST_NOTHING,   /* no VM is moved */
        BACKTEST_AS_IT_WAS, /* as the trace says where VMs ran */
        BACKTEST_GREEDY, /* from the host with the highest CPU use to that with the lowest, while they differ much */
        BACKTEST_PLIMSOLL,
        BACKTEST_WAY_N,
} BacktestWay;
extern const char *const backtest_way_names[BACKTEST_WAY_N]; /* "nothing", "as-it-was" … stable in JSON */

typedef struct BacktestSum {
        int64_t waited_ms;  /* VM time: on hosts that had not what was wanted, its share that was lacking */
        int64_t waiting_ms; /* VM time in which more than 5 % of what it wanted was lacking */
        int64_t overloaded_ms; /* host time in which its VMs wanted more CPU than it has */
        int64_t above_line_ms; /* host time in which CPU or memory was above its load line */
        int64_t empty_ms;      /* host time without VMs */
        uint32_t moves;
        int64_t moved_mib; /* memory of what was moved */
        uint32_t losses,
                uncovered; /* losses of a host that were looked at; those after which some VM finds no place */
} BacktestSum;

typedef struct BacktestRun {
        BacktestWay way;
        const char *settings; /* what its settings are called; NULL: it has none */
        BacktestSum all;
        const BacktestSum *days; /* [n_days] each of 24 h from the trace's first step */
        uint32_t n_days, rounds; /* rounds: so often it was decided */
} BacktestRun;

#define BACKTEST_DAY (86400 * USEC_PER_SEC)
#define BACKTEST_LOOK                                                                                        \
        (INT64_C(6) * 3600 * USEC_PER_SEC) /* between two looks at what losses of hosts would do */
#define BACKTEST_WAITING                                                                                     \
        50 /* permille: above, a VM counts as waiting. VMware's "CPU ready" of 5 % is the field's usual alarm */

/* What way, settings, and what they are called of *io are given; the rest is filled. 0 or a negative errno. */
int backtest_run(Arena *a, const Trace *trace, const Settings *settings, BacktestRun *io) must_check;

/* What the figures rest on, a sentence each; NULL past the last. */
const char *backtest_assumption(unsigned i);
