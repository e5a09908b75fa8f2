/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/remote/prometheus_history.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/remote/prometheus_parts.h"
#include "scheduler/model/bounds.h"

/* The rate over the whole step. */
static const Query prometheus_history_query = {
        .metric = METRIC_N,
        .subject_label = "domain",
        .factor = 1000,
        .query = "rate(libvirt_domain_info_cpu_time_seconds_total[$range])"
};

static int prometheus_history_compare(const void *left, const void *right) {
        const PromUse *x = left, *y = right;
        const int c = strcmp(x->vm, y->vm);

        return c != 0 ? c : (x->mcores < y->mcores) - (x->mcores > y->mcores);
}

/* A VM that was migrated within the step is told of by both hosts, each of its part: it used the sum, and is on the host where it
 * used more. */
static uint32_t prometheus_history_join(PromUse *use, uint32_t n) {
        uint32_t kept = 0;

        if (n > 0)
                qsort(use, n, sizeof(*use), prometheus_history_compare);
        for (uint32_t i = 0; i < n; i++) {
                if (kept > 0 && strcmp(use[kept - 1].vm, use[i].vm) == 0)
                        use[kept - 1].mcores += use[i].mcores;
                else
                        use[kept++] = use[i];
        }
        return kept;
}

static int prometheus_history_step(Reader *reader, usec_t at, PromTake take, void *arg) {
        PromSeries *series = NULL;
        PromUse *use;
        uint32_t n = 0, kept = 0;
        int r = prometheus_ask(reader, &prometheus_history_query, &series, &n);

        if (r < 0)
                return r;
        use = arena_new(reader->a, PromUse, n);
        if (!use)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                const double mcores = series[i].value * prometheus_history_query.factor;

                if (!(mcores >= 0 && mcores <= (double) bound_of(BOUND_TRACE_CPU)))
                        continue; /* not what a VM can use */
                use[kept++] = (PromUse){ series[i].host, series[i].subject, llround(mcores) };
        }
        kept = prometheus_history_join(use, kept);
        return kept > 0 ? take(arg, at, use, kept) : 0;
}

int prometheus_history(Arena *a, const Settings *settings, const char *url, PromSpan span, PromTake take,
                       void *arg, TextFault *reterr_fault) {
        Reader x;
        int r = prometheus_open(a, settings, url, span.step, &x, reterr_fault);

        for (usec_t at = span.from; r == 0 && at + span.step <= span.to; at += span.step) {
                const ArenaMark mark = arena_mark(a);

                x.at = at + span.step;
                r = prometheus_history_step(&x, at, take, arg);
                arena_rewind(a, mark);
        }
        return r;
}
