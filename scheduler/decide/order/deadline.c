/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/order/deadline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

#define RESTART_LABEL "restart-cost="

/* Of one source more jobs than this are not weighed against each other step by step, but taken by weight a
 * second: the table would be too large. */
#define EXACT_MAX 4096U

typedef struct Job {
        DeadlineJob job;
        uint32_t index;
        bool saved;
} Job;

int64_t deadline_weight(const Vm *vm) {
        int64_t restart, cost = 1;

        for (uint32_t i = 0; i < vm->labels.n; i++) {
                const char *label = vm->labels.at[i];
                size_t n = strlen(RESTART_LABEL);

                if (strncmp(label, RESTART_LABEL, n) == 0 &&
                    text_to_int(label + n, strlen(label + n), 1, bound_of(BOUND_RESTART_COST), &restart) == 0)
                        cost = restart;
        }
        return (vm->priority > 0 ? vm->priority : 1) * cost;
}

/* More weight a second first, then the heavier; a × d against c × b without division. */
static int compare_density(const void *left, const void *right) {
        const Job *x = left, *y = right;
        const __int128 a = (__int128) x->job.weight * y->job.ms, b = (__int128) y->job.weight * x->job.ms;

        if (a != b)
                return a > b ? -1 : 1;
        if (x->job.weight != y->job.weight)
                return x->job.weight > y->job.weight ? -1 : 1;
        return compare_uint32(&x->index, &y->index);
}

static int compare_due(const void *left, const void *right) {
        const Job *x = left, *y = right;

        if (x->job.move.from != y->job.move.from)
                return x->job.move.from < y->job.move.from ? -1 : 1;
        if (x->job.within != y->job.within)
                return x->job.within < y->job.within ? -1 : 1;
        return compare_density(left, right);
}

static int compare_rank(const void *left, const void *right) {
        const Job *x = left, *y = right;

        if (x->saved != y->saved)
                return x->saved ? -1 : 1;
        if (x->saved && x->job.within != y->job.within)
                return x->job.within < y->job.within ? -1 : 1;
        return compare_density(left, right);
}

static int64_t steps_up(int64_t ms, int64_t step) {
        return ms / step + (ms % step != 0);
}

/* Lawler and Moore on the jobs of one source, by deadline: best[t] is the most weight that is on time with t
 * steps of the link used; took holds, for each job and t, whether it was taken there. */
static int choose_exactly(Arena *a, Job *jobs, uint32_t n) {
        const int64_t last = jobs[n - 1].job.within;
        const int64_t step = steps_up(last, DEADLINE_STEPS);
        const uint32_t most = (uint32_t) (last / step);
        int64_t *best = arena_new(a, int64_t, (size_t) most + 1);
        uint8_t *took = arena_new(a, uint8_t, (size_t) n * (most + 1));
        uint32_t at = 0;

        if (!best || !took)
                return -ENOMEM;
        for (uint32_t t = 1; t <= most; t++)
                best[t] = INT64_MIN / 2;
        for (uint32_t i = 0; i < n; i++) {
                const int64_t due = jobs[i].job.within / step, p = steps_up(jobs[i].job.ms, step);

                for (int64_t t = due; t >= p; t--)
                        if (best[t - p] + jobs[i].job.weight > best[t] && best[t - p] >= 0) {
                                best[t] = best[t - p] + jobs[i].job.weight;
                                took[(size_t) i * (most + 1) + (size_t) t] = 1;
                        }
        }
        for (uint32_t t = 1; t <= most; t++)
                if (best[t] > best[at])
                        at = t;
        for (uint32_t i = n; i-- > 0;)
                if (took[(size_t) i * (most + 1) + at]) {
                        jobs[i].saved = true;
                        at -= (uint32_t) steps_up(jobs[i].job.ms, step);
                }
        return 0;
}

/* Whether all that are to be saved of jobs[0..n), by deadline, are on time one after the other. */
static bool on_time(const Job *jobs, uint32_t n) {
        int64_t used = 0;

        for (uint32_t i = 0; i < n; i++) {
                if (!jobs[i].saved)
                        continue;
                if (jobs[i].job.ms > INT64_MAX - used)
                        return false;
                used += jobs[i].job.ms;
                if (used > jobs[i].job.within)
                        return false;
        }
        return true;
}

/* A copy of the jobs, the heaviest for their time first; index: where each stands in `jobs`. */
static const Job *heaviest_first(Arena *a, const Job *jobs, uint32_t n) {
        Job *order = arena_new(a, Job, n);

        if (!order)
                return NULL;
        for (uint32_t i = 0; i < n; i++) {
                order[i] = jobs[i];
                order[i].index = i;
        }
        qsort(order, n, sizeof(*order), compare_density);
        return order;
}

/* Adds what still fits of one source's jobs, the heaviest for their time first: all of them where there are
 * too many for the table, and what rounding left out where not. in_use[host]: ms of its way in. */
static int add_greedily(Arena *a, Job *jobs, uint32_t n, int64_t *in_use) {
        const Job *order = heaviest_first(a, jobs, n);

        if (!order)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                Job *j = &jobs[order[i].index];

                if (j->saved || j->job.ms > j->job.within - in_use[j->job.move.to])
                        continue;
                j->saved = true;
                if (on_time(jobs, n))
                        in_use[j->job.move.to] += j->job.ms;
                else
                        j->saved = false;
        }
        return 0;
}

/* A target's way in takes only so much by the deadlines: the lightest for their time are left out. */
static int fit_targets(Arena *a, Job *jobs, uint32_t n, int64_t *in_use) {
        const Job *order = heaviest_first(a, jobs, n);

        if (!order)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                Job *j = &jobs[order[i].index];

                if (!j->saved)
                        continue;
                j->saved = j->job.ms <= j->job.within - in_use[j->job.move.to];
                if (j->saved)
                        in_use[j->job.move.to] += j->job.ms;
        }
        return 0;
}

/* Those without a deadline, and those for whom it is too late however they go, are not weighed. */
static bool is_weighed(const DeadlineJob *j) {
        return j->within != INT64_MAX && j->ms <= j->within && j->within > 0;
}

static int choose_all(Arena *a, Job *jobs, uint32_t n, uint32_t n_hosts) {
        int64_t *in_use = arena_new(a, int64_t, n_hosts);
        int r = in_use ? 0 : -ENOMEM;

        for (uint32_t i = 0, end; r == 0 && i < n; i = end) {
                ArenaMark mark = arena_mark(a);

                for (end = i; end < n && jobs[end].job.move.from == jobs[i].job.move.from; end++)
                        ;
                if (end - i <= EXACT_MAX)
                        r = choose_exactly(a, jobs + i, end - i);
                arena_rewind(a, mark);
        }
        if (r == 0)
                r = fit_targets(a, jobs, n, in_use);
        for (uint32_t i = 0, end; r == 0 && i < n; i = end) {
                for (end = i; end < n && jobs[end].job.move.from == jobs[i].job.move.from; end++)
                        ;
                r = add_greedily(a, jobs + i, end - i, in_use);
        }
        return r;
}

int deadline_choose(Arena *a, const DeadlineJob *jobs, uint32_t n, uint32_t n_hosts, uint32_t *ret_rank,
                    bool *ret_saved) {
        ArenaMark mark = arena_mark(a);
        Job *list = arena_new(a, Job, n);
        uint32_t weighed = 0, rest = n;
        int r;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                list[is_weighed(&jobs[i]) ? weighed++ : --rest] =
                        (Job){ jobs[i], i, jobs[i].within == INT64_MAX };
        qsort(list, weighed, sizeof(*list), compare_due);
        r = choose_all(a, list, weighed, n_hosts);
        qsort(list, n, sizeof(*list), compare_rank);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                ret_rank[list[i].index] = i;
                ret_saved[list[i].index] = list[i].saved;
        }
        arena_rewind(a, mark);
        return r;
}
