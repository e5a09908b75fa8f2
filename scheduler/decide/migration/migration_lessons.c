/* SPDX-License-Identifier: Apache-2.0 */
/* A migration takes fixed + bytes / (speed × bandwidth). Its jobs tell bytes, bandwidth and time: speed and
 * fixed are found by turns, each as the median over jobs with the other held, which settles in a few turns
 * since small jobs tell the one and large ones the other. */
#include "scheduler/decide/migration/migration_lessons.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/migration/migration_model.h"

#define TURNS 4

/* Of so many jobs' weight is what is known beforehand: of the model's figures against the cluster's, of the
 * cluster's against a way's, of the cluster's against a VM's (in halves: one job tells most of a VM). */
#define PRIOR_CLUSTER   3
#define PRIOR_WAY       2
#define PRIOR_VM_HALVES 1
#define PRIOR_UNSURE    8

/* Sent at less than this part of its bandwidth, a job says more of its way than of migrations: the way carries less than it
 * says (a link that came up at 100 Mbit/s, a shaper). Two such in a row are believed, or the only one there is. */
#define SLOW_PERMILLE 250
#define SLOW_BELIEVED 2
#define SLOW_LEAST_MS 4000 /* that it sent: what is fixed of a small one takes seconds on a busy host */

/* A job teaches the speed when sending was at least so many times the rest of it. */
#define SENDING_TIMES 2

typedef struct Job {
        const RecordMove *move;
        int64_t nominal;             /* bytes a ms */
        int64_t speed, bytes, dirty; /* permille, as far as it tells; 0: it does not */
        bool slow;                   /* by its way */
        bool done;                   /* false: it did not come to its end, and tells of speed alone */
} Job;

typedef struct Learning {
        Arena *arena;
        Job *jobs;
        uint32_t n;
        int64_t *scratch; /* [n] */
        MoveLessons l;
} Learning;

static int64_t migration_lessons_clamp(int64_t value, int64_t low, int64_t high) {
        return value < low ? low : value > high ? high : value;
}

/* The lower of the middle ones; n > 0. Sorts. */
static int64_t migration_lessons_quantile(int64_t *values, uint32_t n, uint32_t permille) {
        qsort(values, n, sizeof(*values), compare_int64);
        return values[(uint64_t) (n - 1) * permille / 1000];
}

static int64_t migration_lessons_drawn(int64_t median, int64_t n, int64_t towards, int64_t weight) {
        return (n * median + weight * towards) / (n + weight);
}

/* value of `of` in permille, of positive numbers of any size. */
static int64_t migration_lessons_permille(int64_t value, int64_t of) {
        return value > INT64_MAX / 1000 ? value / (of / 1000 + 1) : value * 1000 / of;
}

static int64_t sending_ms(const Job *j, int64_t speed) {
        const int64_t rate = j->nominal * speed / 1000;

        return j->move->took.bytes / (rate > 0 ? rate : 1);
}

/* ---- speed and fixed ---- */

static void learn_fixed(Learning *t) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < t->n; i++) {
                const int64_t rest = t->jobs[i].move->took.ms - sending_ms(&t->jobs[i], t->l.speed_permille);

                if (t->jobs[i].done && !t->jobs[i].slow)
                        t->scratch[n++] =
                                migration_lessons_clamp(rest, LESSON_FIXED_LEAST, LESSON_FIXED_MOST);
        }
        t->l.fixed_ms = MIGRATION_FIXED_MS;
        if (n > 0)
                t->l.fixed_ms = migration_lessons_drawn(migration_lessons_quantile(t->scratch, n, 500), n,
                                                        MIGRATION_FIXED_MS, PRIOR_CLUSTER);
}

static int64_t migration_lessons_speed_of(const Job *j, int64_t fixed) {
        const int64_t ms = j->move->took.ms - fixed;

        if (ms < SENDING_TIMES * fixed || ms <= 0)
                return 0;
        return migration_lessons_clamp(migration_lessons_permille(j->move->took.bytes / ms, j->nominal),
                                       LESSON_SPEED_LEAST, LESSON_SPEED_MOST);
}

/* Slow ones count for all ways where they are most of what is known: then they are believed as they are. */
static void learn_speed(Learning *t) {
        uint32_t n = 0, slow = 0;
        bool all_slow;

        for (uint32_t i = 0; i < t->n; i++) {
                t->jobs[i].speed = migration_lessons_speed_of(&t->jobs[i], t->l.fixed_ms);
                n += t->jobs[i].speed > 0;
                slow += t->jobs[i].speed > 0 && t->jobs[i].slow;
        }
        all_slow = 2 * slow > n;
        n = 0;
        for (uint32_t i = 0; i < t->n; i++)
                if (t->jobs[i].speed > 0 && t->jobs[i].slow == all_slow)
                        t->scratch[n++] = t->jobs[i].speed;
        t->l.speed_permille = MIGRATION_SPEED_PERMILLE;
        if (all_slow)
                t->l.speed_permille = migration_lessons_quantile(t->scratch, n, 500);
        else if (n > 0)
                t->l.speed_permille = migration_lessons_drawn(migration_lessons_quantile(t->scratch, n, 500),
                                                              n, MIGRATION_SPEED_PERMILLE, PRIOR_CLUSTER);
}

static void learn_switch(Learning *t) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < t->n; i++) {
                const Prediction *p = &t->jobs[i].move->order->predicted;

                /* Of idle guests: what is left to send at the end counts for the rest. */
                if (t->jobs[i].done && t->jobs[i].move->took.downtime_ms > 0 && p->basis.dirty_kib_s == 0)
                        t->scratch[n++] = migration_lessons_clamp(t->jobs[i].move->took.downtime_ms, 1,
                                                                  LESSON_FIXED_MOST);
        }
        t->l.switch_ms = MIGRATION_SWITCH_MS;
        if (n > 0)
                t->l.switch_ms = migration_lessons_drawn(migration_lessons_quantile(t->scratch, n, 500), n,
                                                         MIGRATION_SWITCH_MS, PRIOR_CLUSTER);
}

static int by_route(const void *left, const void *right) {
        const RecordMove *x = ((const Job *) left)->move, *y = ((const Job *) right)->move;
        const int c = strcmp(x->order->from, y->order->from),
                  d = c != 0 ? c : strcmp(x->order->to, y->order->to);

        return d != 0 ? d : x < y ? -1 : x > y; /* newest first: they stand so */
}

/* How many of jobs[n], newest first, are like the first of them, by their way. */
static uint32_t migration_lessons_alike(const Job *const *jobs, uint32_t n) {
        uint32_t k = 0;

        while (k < n && jobs[k]->slow == jobs[0]->slow)
                k++;
        return k;
}

/* By jobs[n] that tell it, newest first. Since the way last changed: one that is slow for once was not the way's doing. */
static RouteLesson learn_route(const Learning *t, const Job *const *jobs, uint32_t n) {
        RouteLesson lesson = { .from = jobs[0]->move->order->from, .to = jobs[0]->move->order->to };
        uint32_t first = 0, k = migration_lessons_alike(jobs, n);
        bool slow = jobs[0]->slow;

        if (slow && k < SLOW_BELIEVED && k < n) {
                first = k;
                k = migration_lessons_alike(jobs + first, n - first);
                slow = false;
        }
        k = k < LESSON_WAY_JOBS ? k : LESSON_WAY_JOBS;
        for (uint32_t i = 0; i < k; i++)
                t->scratch[i] = jobs[first + i]->speed;
        lesson.speed_permille = migration_lessons_quantile(t->scratch, k, 500);
        if (!slow)
                lesson.speed_permille = migration_lessons_drawn(
                        lesson.speed_permille, k,
                        t->l.speed_permille < SLOW_PERMILLE ? MIGRATION_SPEED_PERMILLE : t->l.speed_permille,
                        PRIOR_WAY);
        lesson.jobs = k;
        return lesson;
}

static int learn_routes(Learning *t) {
        RouteLesson *routes = arena_new(t->arena, RouteLesson, t->n);
        const Job **jobs = arena_new(t->arena, const Job *, t->n);

        if (!routes || !jobs)
                return -ENOMEM;
        qsort(t->jobs, t->n, sizeof(*t->jobs), by_route);
        for (uint32_t i = 0, end; i < t->n; i = end) {
                const RecordMove *m = t->jobs[i].move;
                uint32_t n = 0;

                for (end = i; end < t->n && strcmp(t->jobs[end].move->order->from, m->order->from) == 0 &&
                              strcmp(t->jobs[end].move->order->to, m->order->to) == 0;
                     end++)
                        if (t->jobs[end].speed > 0)
                                jobs[n++] = &t->jobs[end];
                if (n > 0)
                        routes[t->l.n_routes++] = learn_route(t, jobs, n);
        }
        t->l.routes = routes;
        return 0;
}

/* ---- bytes ---- */

/* What the model sends, with this much of the memory and of what is dirtied. One that does not converge sends
 * without end. */
static int64_t sent_with(const Learning *t, const RecordMove *m, int64_t bytes, int64_t dirty) {
        const MigrationForecast f = migration_forecast((MigrationFacts){
                .basis = m->order->predicted.basis,
                .downtime_limit_ms = MIGRATION_DOWNTIME_MS,
                .speed_permille = t->l.speed_permille,
                .bytes_permille = bytes,
                .dirty_permille = dirty,
        });

        return f.converges ? f.predicted.bytes : INT64_MAX;
}

/* With which factor the model sends what was sent: more memory and more dirt never send less, so that halving
 * finds it. Less than its memory was sent: it has less than is known of it. More: it wrote meanwhile, if that
 * is known at all; page sampling errs far more than resident memory does. */
static void learn_job(const Learning *t, Job *j) {
        const RecordMove *m = j->move;
        const bool wrote =
                m->order->predicted.basis.dirty_kib_s > 0 && m->took.bytes > sent_with(t, m, 1000, 1);
        int64_t low = wrote ? LESSON_DIRTY_LEAST : LESSON_BYTES_LEAST;
        int64_t high = wrote ? LESSON_DIRTY_MOST : LESSON_BYTES_MOST;

        while (low < high) {
                const int64_t middle = (low + high) / 2;

                if (sent_with(t, m, wrote ? 1000 : middle, wrote ? middle : 1) < m->took.bytes)
                        low = middle + 1;
                else
                        high = middle;
        }
        j->bytes = wrote ? 1000 : low;
        j->dirty = wrote ? low : 0;
}

static int migration_lessons_by_vm(const void *left, const void *right) {
        const RecordMove *x = ((const Job *) left)->move, *y = ((const Job *) right)->move;
        const int c = strcmp(x->order->vm, y->order->vm);

        return c != 0 ? c : x < y ? -1 : x > y;
}

/* Of a VM's newest jobs, jobs[i … end − 1]. */
static VmLesson learn_vm(const Learning *t, uint32_t i, uint32_t end) {
        VmLesson lesson = { .vm = t->jobs[i].move->order->vm };
        uint32_t n = 0;

        end = end - i < LESSON_VM_JOBS ? end : i + LESSON_VM_JOBS;
        for (uint32_t k = i; k < end; k++)
                learn_job(t, &t->jobs[k]);
        for (uint32_t k = i; k < end; k++)
                t->scratch[n++] = t->jobs[k].bytes;
        lesson.bytes_permille = migration_lessons_quantile(t->scratch, n, 500);
        lesson.jobs = n;
        n = 0;
        for (uint32_t k = i; k < end; k++)
                if (t->jobs[k].dirty > 0)
                        t->scratch[n++] = t->jobs[k].dirty;
        lesson.dirty_permille =
                n == 0 ? 1000
                       : migration_lessons_drawn(migration_lessons_quantile(t->scratch, n, 500),
                                                 INT64_C(2) * n, 1000, PRIOR_VM_HALVES);
        return lesson;
}

static int learn_bytes(Learning *t) {
        VmLesson *vms = arena_new(t->arena, VmLesson, t->n);
        uint32_t done = 0;

        if (!vms)
                return -ENOMEM;
        for (uint32_t i = 0; i < t->n; i++)
                if (t->jobs[i].done)
                        t->jobs[done++] = t->jobs[i];
        t->n = done;
        qsort(t->jobs, t->n, sizeof(*t->jobs), migration_lessons_by_vm);
        for (uint32_t i = 0, end; i < t->n; i = end) {
                for (end = i;
                     end < t->n && strcmp(t->jobs[end].move->order->vm, t->jobs[i].move->order->vm) == 0;)
                        end++;
                vms[t->l.n_vms++] = learn_vm(t, i, end);
        }
        t->l.bytes_permille = 1000;
        if (done == 0)
                return 0;
        for (uint32_t i = 0; i < t->l.n_vms; i++)
                t->scratch[i] = vms[i].bytes_permille;
        t->l.bytes_permille = migration_lessons_drawn(migration_lessons_quantile(t->scratch, t->l.n_vms, 500),
                                                      t->l.n_vms, 1000, PRIOR_CLUSTER);
        for (uint32_t i = 0; i < t->l.n_vms; i++)
                vms[i].bytes_permille = migration_lessons_drawn(vms[i].bytes_permille, 2 * vms[i].jobs,
                                                                t->l.bytes_permille, PRIOR_VM_HALVES);
        t->l.vms = vms;
        return 0;
}

static void learn_unsure(Learning *t) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < t->n; i++) {
                const RecordMove *m = t->jobs[i].move;
                const int64_t off = m->took.ms > m->order->predicted.ms ? m->took.ms - m->order->predicted.ms
                                                                        : m->order->predicted.ms - m->took.ms;

                if (t->jobs[i].done && !t->jobs[i].slow && m->order->predicted.ms > 0)
                        t->scratch[n++] = migration_lessons_clamp(migration_lessons_permille(off, m->took.ms),
                                                                  0, LESSON_UNSURE_MOST);
        }
        t->l.unsure_permille = MIGRATION_UNSURE_PERMILLE;
        if (n > 0)
                t->l.unsure_permille = migration_lessons_clamp(
                        migration_lessons_drawn(migration_lessons_quantile(t->scratch, n, 800), n,
                                                MIGRATION_UNSURE_PERMILLE, PRIOR_UNSURE),
                        LESSON_UNSURE_LEAST, LESSON_UNSURE_MOST);
}

static bool migration_lessons_teaches(const RecordMove *m) {
        return m->took.ms > 0 && m->took.bytes > 0 && m->order->predicted.basis.bandwidth_kbit >= 8 &&
               m->order->predicted.basis.memory_mib > 0;
}

static Job migration_lessons_job(const RecordMove *m) {
        Job j = { .move = m,
                  .nominal = m->order->predicted.basis.bandwidth_kbit / 8,
                  .done = !m->end || strcmp(m->end, MIGRATION_BROKEN_OFF) != 0 };
        const int64_t speed = migration_lessons_speed_of(&j, MIGRATION_FIXED_MS);

        j.slow = speed > 0 && speed < SLOW_PERMILLE && m->took.ms >= MIGRATION_FIXED_MS + SLOW_LEAST_MS;
        return j;
}

int migration_learn(Arena *a, const RecordMove *moves, uint32_t n, const MoveLessons **ret) {
        Learning t = { .arena = a,
                       .l = { .fixed_ms = MIGRATION_FIXED_MS, .speed_permille = MIGRATION_SPEED_PERMILLE } };
        const uint32_t room = n < LESSON_JOBS ? n : LESSON_JOBS;
        MoveLessons *lessons = arena_new(a, MoveLessons, 1);
        uint32_t all;
        int r;

        t.jobs = arena_new(a, Job, room);
        t.scratch = arena_new(a, int64_t, room);
        if (!lessons || !t.jobs || !t.scratch)
                return -ENOMEM;
        for (uint32_t i = 0; i < n && t.n < room; i++)
                if (migration_lessons_teaches(&moves[i]))
                        t.jobs[t.n++] = migration_lessons_job(&moves[i]);
        *ret = NULL;
        if (t.n == 0)
                return 0;
        for (int i = 0; i < TURNS; i++) {
                learn_fixed(&t);
                learn_speed(&t);
        }
        all = t.n;
        learn_switch(&t);
        learn_unsure(&t);
        r = learn_routes(&t);
        if (r == 0)
                r = learn_bytes(&t);
        if (r < 0)
                return r;
        t.l.jobs = all;
        *lessons = t.l;
        *ret = lessons;
        return 0;
}

/* ---- errors ---- */

typedef struct Errors {
        int64_t *absolute, *sign; /* [n] */
        uint32_t n, within;
} Errors;

static void errors_add(Errors *errors, int64_t low, int64_t predicted, int64_t high, int64_t measured) {
        const bool over = predicted > measured;
        int64_t off;

        if (predicted < 0 || measured <= 0)
                return;
        off = migration_lessons_permille(over ? predicted - measured : measured - predicted, measured);
        errors->absolute[errors->n] = off;
        errors->sign[errors->n] = over ? off : -off;
        errors->within += measured >= low && measured <= high;
        errors->n++;
}

static PredictionError errors_end(Errors *errors) {
        PredictionError ret = { .n = errors->n };

        if (errors->n > 0) {
                ret.median = migration_lessons_quantile(errors->absolute, errors->n, 500);
                ret.p90 = migration_lessons_quantile(errors->absolute, errors->n, 900);
                ret.bias = migration_lessons_quantile(errors->sign, errors->n, 500);
                ret.within = migration_lessons_permille(errors->within, errors->n);
        }
        errors->n = errors->within = 0;
        return ret;
}

int migration_errors(Arena *a, const RecordMove *moves, uint32_t n, PredictionErrors *ret) {
        const ArenaMark mark = arena_mark(a);
        Errors e = { .absolute = arena_new(a, int64_t, n), .sign = arena_new(a, int64_t, n) };

        if (!e.absolute || !e.sign)
                return -ENOMEM;
        *ret = (PredictionErrors){ 0 };
        for (uint32_t i = 0; i < n; i++) {
                const Prediction *p = &moves[i].order->predicted;

                if (p->ms > 0)
                        errors_add(&e, p->ms_low, p->ms, p->ms_high, moves[i].took.ms);
        }
        ret->ms = errors_end(&e);
        for (uint32_t i = 0; i < n; i++) {
                const Prediction *p = &moves[i].order->predicted;

                if (p->bytes > 0)
                        errors_add(&e, p->bytes_low, p->bytes, p->bytes_high, moves[i].took.bytes);
        }
        ret->bytes = errors_end(&e);
        for (uint32_t i = 0; i < n; i++) {
                const Prediction *p = &moves[i].order->predicted;

                if (p->ms > 0)
                        errors_add(&e, p->downtime_ms_low, p->downtime_ms, p->downtime_ms_high,
                                   moves[i].took.downtime_ms);
        }
        ret->downtime = errors_end(&e);
        arena_rewind(a, mark);
        return 0;
}
