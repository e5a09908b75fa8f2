/* SPDX-License-Identifier: Apache-2.0 */
/* cpu: how busy the host's CPUs are, in all and one by one; what a hypervisor below takes; pressure.
 *
 * Use is busy time by the wall clock, in thousandths of a core: the same terms as the VMs' demand. Of one CPU
 * it is its busy share of the ticks it counted. The kernel counts whole ticks (10 ms): over 5 s that is
 * exact to 0.2 % of a core. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "collectors/parse/pressure.h"
#include "collectors/parse/proc_stat.h"
#include "collectors/parse/stall.h"
#include "collectors/read/collector.h"
#include "collectors/read/rate.h"
#include "collectors/read/sample_list.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

#define SCRATCH_BYTES (UINT64_C(64) << 20)

typedef struct CpuState {
        Arena scratch;
        Rate busy, iowait, steal;
        Stall stall;
        CpuTicks *last; /* by CPU number; all zero: not seen yet */
        uint32_t n_last;
        int64_t ticks_per_second;
} CpuState;

static int cpu_open(void *state, const CollectorEnv *env) {
        CpuState *s = state;
        long hz = sysconf(_SC_CLK_TCK);

        (void) env;
        s->ticks_per_second = hz > 0 ? hz : 100;
        return arena_open(SCRATCH_BYTES, &s->scratch);
}

/* Room for CPU numbers below n. */
static int last_reserve(CpuState *s, uint32_t n) {
        CpuTicks *more;

        if (n <= s->n_last)
                return 0;
        more = realloc(s->last, n * sizeof(*more));
        if (!more)
                return -ENOMEM;
        for (uint32_t i = s->n_last; i < n; i++)
                more[i] = (CpuTicks){ 0 };
        s->last = more;
        s->n_last = n;
        return 0;
}

/* Busy permille of what one CPU counted since the last reading, or UNKNOWN. */
static int64_t busy_share(const CpuTicks *last, const CpuTicks *now) {
        bool seen = last->busy > 0 || last->idle > 0;
        __int128 busy, idle, taken, total;

        /* iowait may go back by a tick (proc(5)); nothing else may, unless the CPU was unplugged */
        if (!seen || now->busy < last->busy || now->idle < last->idle || now->steal < last->steal)
                return UNKNOWN;
        busy = now->busy - last->busy;
        idle = (__int128) (now->idle - last->idle);
        if (now->iowait > last->iowait)
                idle += now->iowait - last->iowait;
        taken = now->steal - last->steal;
        total = busy + idle + taken;
        return total > 0 ? (int64_t) ((busy * 1000 + total / 2) / total) : UNKNOWN;
}

static int emit_each(CpuState *s, const ProcStat *now, SampleSink *sink) {
        uint32_t most = now->n_cpus > 0 ? now->ids[now->n_cpus - 1] + 1 : 0;
        int r = last_reserve(s, most);

        for (uint32_t i = 0; r == 0 && i < now->n_cpus; i++) {
                CpuTicks *last = &s->last[now->ids[i]];
                char name[16];

                (void) snprintf(name, sizeof(name), "%u", now->ids[i]);
                r = emit_number(sink, METRIC_CPU_BUSY, name, busy_share(last, &now->cpus[i]));
                *last = now->cpus[i];
        }
        return r;
}

/* "0-31,64": what a VM may be pinned to. */
static int emit_list(CpuState *s, const ProcStat *now, SampleSink *sink) {
        const char *text = NULL;

        for (uint32_t i = 0, last; i < now->n_cpus; i = last + 1) {
                last = i;
                while (last + 1 < now->n_cpus && now->ids[last + 1] == now->ids[last] + 1)
                        last++;
                text = last > i ? text_format(&s->scratch, "%s%s%u-%u", text ? text : "", text ? "," : "",
                                              now->ids[i], now->ids[last])
                                : text_format(&s->scratch, "%s%s%u", text ? text : "", text ? "," : "",
                                              now->ids[i]);
                if (!text)
                        return -ENOMEM;
        }
        return emit_text(sink, METRIC_HOST_CPU_LIST, "", text);
}

static int cpu_emit_rate(SampleSink *sink, Metric metric, Rate *rate, uint64_t ticks, usec_t now, int64_t hz,
                         int64_t most) {
        int64_t mcores;

        if (rate_next(rate, ticks, now, 1000, hz, &mcores) != 0)
                return 0;
        /* the two clocks are not read at once: a full host may seem to be a little more than full */
        return emit_number(sink, metric, "", most > 0 && mcores > most ? most : mcores);
}

/* "full" of the whole host means nothing: the kernel prints it as 0 (psi.rst). */
static int emit_pressure(CpuState *s, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        const char *text;
        Pressure p;
        size_t n;
        int r;

        if (file_slurp(&s->scratch, env->root, "/proc/pressure/cpu", &text, &n) < 0 ||
            pressure_parse(text, n, &p) < 0)
                return 0; /* a kernel without it, or switched off */
        r = emit_number(sink, METRIC_HOST_CPU_PRESSURE, "", p.some);
        return r < 0 ? r
                     : emit_number(sink, METRIC_HOST_CPU_STALLED, "", stall_next(&s->stall, &p, now).some);
}

static int cpu_read(void *state, const CollectorEnv *env, usec_t now, SampleSink *sink) {
        CpuState *s = state;
        const int64_t hz = s->ticks_per_second;
        const char *text;
        ProcStat stat;
        int64_t most;
        size_t n;
        int r;

        arena_rewind(&s->scratch, 0);
        r = file_slurp(&s->scratch, env->root, "/proc/stat", &text, &n);
        if (r < 0)
                return r;
        r = proc_stat_parse(&s->scratch, text, n, &stat);
        if (r < 0)
                return r;
        most = (int64_t) stat.n_cpus * 1000;
        if ((r = emit_number(sink, METRIC_HOST_CPUS, "", stat.n_cpus > 0 ? stat.n_cpus : UNKNOWN)) < 0 ||
            (r = cpu_emit_rate(sink, METRIC_HOST_CPU_BUSY, &s->busy, stat.all.busy, now, hz, most)) < 0 ||
            (r = cpu_emit_rate(sink, METRIC_HOST_CPU_STEAL, &s->steal, stat.all.steal, now, hz, most)) < 0 ||
            (r = cpu_emit_rate(sink, METRIC_HOST_CPU_IOWAIT, &s->iowait, stat.all.iowait, now, hz, most)) <
                    0 ||
            (r = emit_list(s, &stat, sink)) < 0 || (r = emit_pressure(s, env, now, sink)) < 0)
                return r;
        return emit_each(s, &stat, sink);
}

static void cpu_close(void *state) {
        CpuState *s = state;

        arena_close(&s->scratch);
        free(s->last);
}

extern const Collector collector_cpu;
const Collector collector_cpu = {
        .name = "cpu",
        .summary = "use of the host's CPUs, steal, iowait, pressure (/proc/stat, /proc/pressure/cpu)",
        .runs = RUNS_ON_HOST,
        .state_size = sizeof(CpuState),
        .open = cpu_open,
        .read = cpu_read,
        .close = cpu_close,
};
