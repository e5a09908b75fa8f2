/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/vm_waits.h"

#define NSEC_PER_SEC INT64_C(1000000000)
#define PERMILLE     1000

/* A run queue on which nobody waited for a nanosecond in a second of work is one that was not measured: kernels
 * without schedstat, or with its accounting off, say 0, and libvirt repeats it. */
#define WORK_TO_BELIEVE_0 NSEC_PER_SEC

/* The share of the vCPUs' time, or UNKNOWN. Two clocks: all of it may seem a little more than that. */
static int64_t vm_waits_share(Rate *rate, int64_t ns, const VmWaitsReading *reading) {
        int64_t share;

        if (ns < 0 || rate_next(rate, (uint64_t) ns, reading->now, PERMILLE, NSEC_PER_SEC * reading->vcpus,
                                &share) != 0)
                return UNKNOWN;
        return share < PERMILLE ? share : PERMILLE;
}

static int vm_waits_cpu(VmWaits *w, const VmWaitsReading *reading) {
        const VmStats *s = reading->stats;
        const bool told =
                s->delay_ns > 0 || (s->delay_ns == 0 && s->vcpu_ns >= 0 && s->vcpu_ns < WORK_TO_BELIEVE_0);
        int64_t throttled =
                vm_waits_share(&w->throttled,
                               reading->root ? vm_cgroup_throttled(&w->group, reading->scratch, reading->root,
                                                                   reading->limited)
                                             : UNKNOWN,
                               reading);
        int64_t delay = vm_waits_share(&w->delay, told ? s->delay_ns : UNKNOWN, reading);
        int r = emit_number(reading->sink, METRIC_VM_CPU_THROTTLED, reading->name, throttled);

        if (throttled != UNKNOWN && delay != UNKNOWN)
                delay = delay > throttled ? delay - throttled : 0;
        else if (reading->limited) /* whose fault it is cannot be told */
                delay = UNKNOWN;
        return r < 0 ? r : emit_number(reading->sink, METRIC_VM_CPU_DELAY, reading->name, delay);
}

static int vm_waits_stalls(VmWaits *w, const VmWaitsReading *reading) {
        static const Metric some[VM_PRESSURE_N] = { METRIC_VM_CPU_STALLED, METRIC_VM_MEMORY_STALLED,
                                                    METRIC_VM_IO_STALLED };
        static const Metric full[VM_PRESSURE_N] = { METRIC_VM_CPU_STALLED_FULL, METRIC_VM_MEMORY_STALLED_FULL,
                                                    METRIC_VM_IO_STALLED_FULL };
        int r = 0;

        for (int i = 0; r == 0 && i < VM_PRESSURE_N; i++) {
                StallShares shares;
                Pressure p;

                if (!vm_cgroup_pressure(&w->group, reading->scratch, reading->root, (VmPressure) i, &p))
                        continue;
                shares = stall_next(&w->stalls[i], &p, reading->now);
                r = emit_number(reading->sink, some[i], reading->name, shares.some);
                if (r == 0)
                        r = emit_number(reading->sink, full[i], reading->name, shares.full);
        }
        return r;
}

/* The guest's own counters move when its driver tells of them: their clock is balloon_at, and a value holds
 * until the next one. Without a driver, or without a period in its XML, they stand still, and nothing is told. */
static int vm_waits_guest_swap(VmWaits *w, const VmWaitsReading *reading) {
        const VmStats *s = reading->stats;
        int64_t in, out;
        int r;

        if (s->balloon_at <= 0 || s->balloon_at > INT64_MAX / USEC_PER_SEC || s->swap_in_kib < 0 ||
            s->swap_out_kib < 0)
                return 0;
        if (!w->swap_in.known || w->swap_in.at != s->balloon_at * USEC_PER_SEC) {
                int e = rate_next(&w->swap_in, (uint64_t) s->swap_in_kib, s->balloon_at * USEC_PER_SEC, 1, 1,
                                  &in),
                    f = rate_next(&w->swap_out, (uint64_t) s->swap_out_kib, s->balloon_at * USEC_PER_SEC, 1,
                                  1, &out);

                w->swap_told_at = 0;
                if (e == 0 && f == 0) {
                        w->swap_in_kib_s = in;
                        w->swap_out_kib_s = out;
                        w->swap_told_at = reading->now;
                }
        }
        if (w->swap_told_at == 0 || reading->now - w->swap_told_at > GUEST_SWAP_KEPT)
                return 0;
        r = emit_number(reading->sink, METRIC_VM_SWAP_IN, reading->name, w->swap_in_kib_s);
        return r < 0 ? r : emit_number(reading->sink, METRIC_VM_SWAP_OUT, reading->name, w->swap_out_kib_s);
}

int vm_waits_emit(VmWaits *w, const VmWaitsReading *reading) {
        int64_t swapped;
        int r = vm_waits_cpu(w, reading);

        if (r == 0)
                r = vm_waits_guest_swap(w, reading);
        if (r < 0 || !reading->root)
                return r;
        swapped = vm_cgroup_swapped(&w->group, reading->scratch, reading->root);
        r = emit_number(reading->sink, METRIC_VM_MEMORY_SWAPPED, reading->name,
                        swapped < 0 ? UNKNOWN : (swapped >> 20) + ((swapped & ((1 << 20) - 1)) > 0));
        return r < 0 ? r : vm_waits_stalls(w, reading);
}
