/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/backtest/trace_build.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

int trace_build_begin(TraceBuild *b, Arena *a, Trace *trace) {
        const uint32_t n = trace->start->n_vms;

        *b = (TraceBuild){ .arena = a, .trace = trace };
        b->sums = arena_new(a, TraceSum, n);
        b->born = arena_new(a, uint32_t, n);
        b->gone = arena_new(a, uint32_t, n);
        b->steps = arena_new(a, const TraceReading *, TRACE_STEPS_MAX);
        if (!b->sums || !b->born || !b->gone || !b->steps)
                return -ENOMEM;
        for (VmIx v = 0; v < n; v++)
                b->sums[v].host = IX_NONE;
        return 0;
}

static int32_t trace_mean(int64_t sum, uint32_t n) {
        return n == 0 ? TRACE_NONE : (int32_t) ((sum + n / 2) / n);
}

/* The step that is open becomes a row. 0 or -ENOMEM. */
static int trace_close(TraceBuild *b) {
        const uint32_t n = b->trace->start->n_vms;
        TraceReading *row;

        if (!b->any)
                return 0;
        row = arena_new(b->arena, TraceReading, n);
        if (!row)
                return -ENOMEM;
        for (VmIx v = 0; v < n; v++) {
                TraceSum *sum = &b->sums[v];

                row[v] = (TraceReading){ .cpu_mcores = trace_mean(sum->cpu, sum->n_cpu),
                                         .memory_mib = trace_mean(sum->memory, sum->n_memory),
                                         .host = sum->n_cpu > 0 ? sum->host : IX_NONE };
                if (sum->n_cpu > 0) {
                        if (b->gone[v] == 0)
                                b->born[v] = b->open;
                        b->gone[v] = b->open + 1;
                }
                *sum = (TraceSum){ .host = IX_NONE };
        }
        b->steps[b->open] = row;
        b->any = false;
        return 0;
}

int trace_build_at(TraceBuild *b, usec_t at) {
        const usec_t step = b->trace->step;
        uint32_t number;
        int r = 0;

        if (b->trace->n_readings == 0)
                b->trace->first = at / step * step;
        if ((at - b->trace->first) / step >= TRACE_STEPS_MAX)
                return -ERANGE;
        number = (uint32_t) ((at - b->trace->first) / step);
        if (number != b->open)
                r = trace_close(b);
        if (r == 0)
                b->open = number;
        return r;
}

static void trace_leave_out(TraceBuild *b, const char *name) {
        if (!b->trace->left_out)
                b->trace->left_out = text_copy(b->arena, name, strlen(name));
        b->trace->n_left_out++;
}

void trace_build_add(TraceBuild *b, const TraceWord *word) {
        const VmIx v = snapshot_vm(b->trace->start, word->vm);
        const HostIx h = word->host ? snapshot_host(b->trace->start, word->host) : IX_NONE;
        TraceSum *sum;

        b->trace->n_readings++;
        if (v == IX_NONE || (word->host && h == IX_NONE)) {
                trace_leave_out(b, v == IX_NONE ? word->vm : word->host);
                return;
        }
        sum = &b->sums[v];
        sum->cpu += word->cpu_mcores;
        sum->n_cpu++;
        if (word->memory_mib != TRACE_NONE) {
                sum->memory += word->memory_mib;
                sum->n_memory++;
        }
        sum->host = h;
        b->any = true;
}

int trace_build_end(TraceBuild *b) {
        int r = trace_close(b);

        b->trace->n_steps = b->open + 1;
        b->trace->steps = b->steps;
        b->trace->born = b->born;
        b->trace->gone = b->gone;
        return r;
}

bool trace_reading(const Trace *t, uint32_t step, VmIx v, TraceReading *io) {
        const TraceReading *row = t->steps[step];

        if (step < t->born[v] || step >= t->gone[v])
                return false;
        if (row && row[v].cpu_mcores != TRACE_NONE)
                *io = row[v];
        return io->cpu_mcores != TRACE_NONE;
}
