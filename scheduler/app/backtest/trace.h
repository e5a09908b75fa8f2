/* SPDX-License-Identifier: Apache-2.0 */
/* What a cluster went through: where each VM was at the beginning, and what each used from then on. Read from a folder
 * (docs/backtest.md): cluster.json, a snapshot file, and use.csv, a reading a line. Readings of one VM within a step are
 * averaged; a VM is there from its first reading to its last one, and in a gap between them as it was last read.
 *
 * Units: mcores, MiB; usec_t since the epoch. Owner: all is in the arena. Errors: -EBADMSG, -ENOMEM, or what opening a file said,
 * each with *reterr_fault. Threads: any, const once read.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"

#define TRACE_NONE      (-1) /* no reading */
#define TRACE_STEPS_MAX 1000000U

typedef struct TraceReading {
        int32_t cpu_mcores, memory_mib; /* TRACE_NONE */
        HostIx host;                    /* where it ran; IX_NONE: not said */
} TraceReading;

typedef struct Trace {
        const Snapshot *start;
        usec_t first, step; /* of the first step; a step's length */
        uint32_t n_steps;
        const TraceReading *const *steps; /* [n_steps][start->n_vms]; NULL: no reading of any VM in it */
        const uint32_t *born,
                *gone; /* [start->n_vms] first step of each VM, and the one after its last; born == gone: none */
        bool has_memory, has_hosts;      /* the columns are there */
        uint64_t n_readings, n_left_out; /* left out: of VMs or on hosts that cluster.json does not have */
        const char *left_out;            /* the first such VM or host; NULL: none */
} Trace;

/* 0; a negative errno with *reterr_fault, *reterr_file the file it is of. `step` > 0. */
int trace_read(Arena *a, const char *folder, usec_t step, Trace *ret, const char **reterr_file,
               TextFault *reterr_fault) must_check;

/* What the VM used in the step, or last before it; false: it is not there, or was never read. */
bool trace_reading(const Trace *t, uint32_t step, VmIx v, TraceReading *io);
