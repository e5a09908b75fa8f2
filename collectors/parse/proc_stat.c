/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/proc_stat.h"

#include <errno.h>

#include "collectors/parse/lines.h"
#include "scheduler/model/bounds.h"

enum {
        COLUMN_USER,
        COLUMN_NICE,
        COLUMN_SYSTEM,
        COLUMN_IDLE,
        COLUMN_IOWAIT, /* from here on: not in every kernel */
        COLUMN_IRQ,
        COLUMN_SOFTIRQ,
        COLUMN_STEAL,
        COLUMN_N,
};

/* A sum past 2^64 is no time any machine ran for. */
static int ticks_sum(const uint64_t *column, CpuTicks *ret) {
        static const int busy[] = { COLUMN_USER, COLUMN_NICE, COLUMN_SYSTEM, COLUMN_IRQ, COLUMN_SOFTIRQ };
        CpuTicks t = { .idle = column[COLUMN_IDLE],
                       .iowait = column[COLUMN_IOWAIT],
                       .steal = column[COLUMN_STEAL] };

        for (size_t i = 0; i < ARRAY_SIZE(busy); i++)
                if (__builtin_add_overflow(t.busy, column[busy[i]], &t.busy))
                        return -EBADMSG;
        *ret = t;
        return 0;
}

static int ticks_parse(Span rest, CpuTicks *ret) {
        uint64_t column[COLUMN_N] = { 0 };

        for (int i = 0; i < COLUMN_N; i++) {
                int r = number_next(&rest, (uint64_t) bound_of(BOUND_KERNEL_COUNTER), &column[i]);

                if (r < 0 || (r == 1 && i <= COLUMN_IDLE))
                        return -EBADMSG;
                if (r == 1)
                        break;
        }
        return ticks_sum(column, ret);
}

static int cpu_number(Span word, uint32_t *ret) {
        Span digits = { word.at + 3, word.n - 3 };
        uint64_t id;

        if (number_next(&digits, (uint64_t) bound_of(BOUND_CPU_ID), &id) != 0)
                return -EBADMSG;
        *ret = (uint32_t) id;
        return 0;
}

static uint32_t count_cpus(Span rest) {
        Span line;
        uint32_t n = 0;

        while (line_next(&rest, &line))
                n += span_starts(line, "cpu");
        return n;
}

int proc_stat_parse(Arena *a, const char *text, size_t n, ProcStat *ret) {
        Span rest = { text, n }, line, word;
        uint32_t most = count_cpus(rest);
        uint32_t *ids = arena_new(a, uint32_t, most);
        CpuTicks *cpus = arena_new(a, CpuTicks, most);
        ProcStat s = { .ids = ids, .cpus = cpus };
        bool all = false;

        if (!ids || !cpus)
                return -ENOMEM;
        while (line_next(&rest, &line)) {
                if (!span_starts(line, "cpu") || !word_next(&line, &word))
                        continue;
                if (word.n == 3) {
                        if (all || ticks_parse(line, &s.all) < 0)
                                return -EBADMSG;
                        all = true;
                        continue;
                }
                if (cpu_number(word, &ids[s.n_cpus]) < 0 || ticks_parse(line, &cpus[s.n_cpus]) < 0 ||
                    (s.n_cpus > 0 && ids[s.n_cpus] <= ids[s.n_cpus - 1]))
                        return -EBADMSG;
                s.n_cpus++;
        }
        if (!all)
                return -EBADMSG;
        *ret = s;
        return 0;
}
