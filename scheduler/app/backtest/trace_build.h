/* SPDX-License-Identifier: Apache-2.0 */
/* Readings, in the order of their times, become a Trace: those of one VM within a step are averaged.
 *
 * Units: mcores, MiB; usec_t since the epoch. Owner: the arena. Errors: -ENOMEM; -ERANGE as said. Threads: one.
 */
#pragma once

#include "scheduler/app/backtest/trace.h"

typedef struct TraceSum {
        int64_t cpu, memory;
        uint32_t n_cpu, n_memory;
        HostIx host;
} TraceSum;

typedef struct TraceBuild {
        Arena *arena;
        Trace *trace;
        const TraceReading **steps;
        uint32_t *born, *gone;
        TraceSum *sums; /* [VM] of the step that is open */
        uint32_t open;  /* its number */
        bool any;       /* it has a reading */
} TraceBuild;

typedef struct TraceWord {
        const char *vm, *host;          /* host NULL: not said */
        int64_t cpu_mcores, memory_mib; /* memory TRACE_NONE: not said */
} TraceWord;

/* `trace` has its start and step. 0 or -ENOMEM. */
int trace_build_begin(TraceBuild *b, Arena *a, Trace *trace) must_check;

/* What is read from now on is of this time, which is not before the last one. 0; -ENOMEM; -ERANGE: more than TRACE_STEPS_MAX
 * steps after the first. */
int trace_build_at(TraceBuild *b, usec_t at) must_check;

/* A reading of that time; of a VM or a host that the start does not have it is left out, and counted. */
void trace_build_add(TraceBuild *b, const TraceWord *word);

/* The trace is whole. 0 or -ENOMEM. */
int trace_build_end(TraceBuild *b) must_check;
