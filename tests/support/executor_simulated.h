/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations in simulated time: nothing moves but the clock. The same script gives the same run, to the
 * microsecond.
 *
 * With a clock of the world it lives in that one's time: whatever should have ended by then has, whenever one
 * looks, and wait() sleeps until the next event. Without one it has its own, which begins at `start`.
 *
 * wait() moves its own clock to the next event, at most as far as told; nothing else moves it, but
 * executor_simulated_advance(). The script decides how each migration goes, also badly: what libvirt does on
 * bad days can be had here on any.
 *
 * Owner: the caller, by executor.free(executor.self). Threads: one.
 *
 * Units: usec_t, in microseconds of the simulated time. Errors: -ENOMEM from executor_simulated_open() alone.
 */
#pragma once

#include "scheduler/act/executor.h"
#include "scheduler/base/clock.h"

typedef enum SimulatedEnd {
        SIMULATED_DONE,
        SIMULATED_FAILS,   /* after `takes`; runs on the source */
        SIMULATED_HANGS,   /* until it is aborted or its time is up */
        SIMULATED_DEAF,    /* hangs, and does not end when aborted: unclear after SIMULATED_GIVE_UP */
        SIMULATED_UNCLEAR, /* after `takes`, nobody can say where it runs */
        SIMULATED_LIES,    /* after `takes`, says done; `moved` is not called: it still runs on the source */
        SIMULATED_NO_MEMORY, /* start() gives -ENOMEM */
        SIMULATED_END_N,
} SimulatedEnd;

#define SIMULATED_GIVE_UP (60 * USEC_PER_SEC)

typedef struct SimulatedMove {
        SimulatedEnd end;
        usec_t takes; /* at least 1 */
        int64_t bytes, downtime_ms;
        const char *message; /* of a bad end; NULL: a plain one. Copied */
        MoveMiss miss;       /* … and what the executor says of it; BLAME_NONE: nothing */
        MissBlame blame;
} SimulatedMove;

typedef struct ExecutorSimulatedOptions {
        const Clock *clock; /* NULL: its own */
        usec_t start;       /* its own clock's first reading */
        /* How this one goes. NULL: all are done after one second. */
        SimulatedMove (*script)(void *arg, const MigrationRequest *request);
        /* Called when a VM has really moved: the world's own record. May be NULL. */
        void (*moved)(void *arg, const MoveOrder *order);
        void *arg;
} ExecutorSimulatedOptions;

/* 0 or -ENOMEM. */
int executor_simulated_open(ExecutorSimulatedOptions options, Executor *ret) must_check;

usec_t executor_simulated_now(const Executor *e);
/* Moves its own clock on by `d`, ending what ends until then, in the order of its time. */
void executor_simulated_advance(const Executor *e, usec_t d);
