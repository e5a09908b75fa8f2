/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/stat → CPU time (proc(5)). Ticks of USER_HZ since boot. Pure.
 *
 * Units: ticks of USER_HZ. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"

typedef struct CpuTicks {
        uint64_t busy; /* user + nice + system + irq + softirq. The kernel counts guest time in user already,
                          and guest_nice in nice: adding them would count guests twice */
        uint64_t idle, iowait, steal;
} CpuTicks;

typedef struct ProcStat {
        CpuTicks all;
        const uint32_t *ids; /* which CPUs are online, growing */
        const CpuTicks *cpus;
        uint32_t n_cpus;
} ProcStat;

#define CPUS_MAX UINT32_C(65536)

/* 0; -EBADMSG: no whole "cpu" line, a CPU line without numbers, CPUs out of order; -ENOMEM. */
int proc_stat_parse(Arena *a, const char *text, size_t n, ProcStat *ret) must_check;
