/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/timing.h"

#include <sys/resource.h>

static usec_t cpu_now(struct rusage *use) {
        if (getrusage(RUSAGE_SELF, use) < 0)
                *use = (struct rusage){ 0 };
        return (use->ru_utime.tv_sec + use->ru_stime.tv_sec) * USEC_PER_SEC + use->ru_utime.tv_usec +
               use->ru_stime.tv_usec;
}

Timing timing_begin(const Invocation *in) {
        Timing t = { .on = option_given(&in->options, "timing"), .out = in->err.out };

        t.wall = clock_monotonic();
        return t;
}

void timing_mark(Timing *t, const char *part) {
        struct rusage use;
        usec_t wall, cpu;

        if (!t->on)
                return;
        assert(t->n_parts < TIMING_PARTS);
        wall = clock_monotonic();
        cpu = cpu_now(&use);
        t->parts[t->n_parts++] = (TimingPart){ .name = part, .wall = wall - t->wall, .cpu = cpu - t->cpu };
        t->wall = wall;
        t->cpu = cpu;
}

void timing_end(const Timing *t) {
        struct rusage use;

        if (!t->on)
                return;
        (void) cpu_now(&use);
        (void) fputs("timing:", t->out);
        for (unsigned i = 0; i < t->n_parts; i++)
                (void) out_say(t->out, " %s %.3f s (%.3f s of CPU),", t->parts[i].name,
                               (double) t->parts[i].wall / USEC_PER_SEC,
                               (double) t->parts[i].cpu / USEC_PER_SEC);
        (void) out_say(t->out, " peak memory %ld MiB\n", use.ru_maxrss / 1024);
}
