/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"

const char *const audit_measure_names[AUDIT_MEASURE_N] = {
        [AUDIT_MS] = "time",
        [AUDIT_BYTES] = "bytes",
        [AUDIT_DOWNTIME] = "downtime",
};

const HostLoad *audit_load(const HostLoad *list, uint32_t n, const char *host) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(list[i].host, host) == 0)
                        return &list[i];
        return NULL;
}

/* The value at ⌈n·permille/1000⌉ of list[n], sorted. */
static int64_t audit_rank(const int64_t *list, uint32_t n, uint32_t permille) {
        uint32_t at = (uint32_t) (((uint64_t) n * permille + 999) / 1000);

        return n == 0 ? UNKNOWN : list[at > 0 ? at - 1 : 0];
}

static bool audit_is(const RecordMove *m, const char *end) {
        return strcmp(m->end, end) == 0;
}

static void pair_of(const RecordMove *m, AuditMeasure measure, int64_t *ret_predicted,
                    int64_t *ret_measured) {
        *ret_predicted = measure == AUDIT_MS      ? m->order->predicted.ms
                         : measure == AUDIT_BYTES ? m->order->predicted.bytes
                                                  : m->order->predicted.downtime_ms;
        *ret_measured = measure == AUDIT_MS      ? m->took.ms
                        : measure == AUDIT_BYTES ? m->took.bytes
                                                 : m->took.downtime_ms;
}

/* (predicted − measured) ÷ measured in permille, held within what cannot overflow. */
static int64_t audit_relative(int64_t predicted, int64_t measured) {
        const __int128 share = (__int128) (predicted - measured) * 1000 / (measured > 0 ? measured : 1);

        return share > QUANTITY_MAX ? QUANTITY_MAX : (int64_t) share;
}

static uint32_t count_moves(const AuditEntry *entries, uint32_t n) {
        uint32_t all = 0;

        for (uint32_t i = 0; i < n; i++)
                all += entries[i].n_moves;
        return all;
}

/* A definition is moved in no time worth predicting. */
static bool is_cold(const RecordMove *m) {
        return m->strategy && strcmp(m->strategy, move_strategy_names[STRATEGY_COLD]) == 0;
}

static AuditError audit_error_of(const AuditEntry *entries, uint32_t n, AuditMeasure measure,
                                 int64_t *signed_list, int64_t *list) {
        AuditError e = { 0 };

        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < entries[i].n_moves; k++) {
                        const RecordMove *m = &entries[i].moves[k];
                        int64_t predicted, measured;

                        pair_of(m, measure, &predicted, &measured);
                        if (!audit_is(m, "done") || is_cold(m) || predicted <= 0 || measured < 0)
                                continue;
                        signed_list[e.n] = audit_relative(predicted, measured);
                        list[e.n] = signed_list[e.n] < 0 ? -signed_list[e.n] : signed_list[e.n];
                        e.n++;
                }
        if (e.n > 0) {
                qsort(signed_list, e.n, sizeof(*signed_list), compare_int64);
                qsort(list, e.n, sizeof(*list), compare_int64);
        }
        e.median = audit_rank(list, e.n, 500);
        e.p90 = audit_rank(list, e.n, 900);
        e.bias = e.n > 0 ? audit_rank(signed_list, e.n, 500) : 0;
        return e;
}

static void audit_add(const RecordMove *m, AuditCount *io) {
        io->moves++;
        io->done += audit_is(m, "done");
        io->missed += audit_is(m, "failed") || audit_is(m, "unclear");
}

int audit_sum(Arena *a, const AuditEntry *entries, uint32_t n, AuditSum *ret) {
        const uint32_t all = count_moves(entries, n);
        int64_t *lists[2] = { arena_new(a, int64_t, all), arena_new(a, int64_t, all) };
        AuditSum s = { 0 };

        if (!lists[0] || !lists[1])
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t k = 0; k < entries[i].n_moves; k++) {
                        const RecordMove *m = &entries[i].moves[k];

                        audit_add(m, &s.all);
                        for (int kind = 0; m->order->kind && kind < ACTION_KINDS_NAMED; kind++)
                                if (strcmp(m->order->kind, action_kind_names[kind]) == 0)
                                        audit_add(m, &s.of[kind]);
                }
        for (int m = 0; m < AUDIT_MEASURE_N; m++)
                s.error[m] = audit_error_of(entries, n, (AuditMeasure) m, lists[0], lists[1]);
        *ret = s;
        return 0;
}

/* ---- when predictions are not to be trusted ---- */

/* How many times the longer of the two is the shorter, in permille; 1000: as predicted. */
static int64_t audit_factor(const RecordMove *m, int64_t least_ms) {
        const int64_t shorter = m->took.ms < m->order->predicted.ms ? m->took.ms : m->order->predicted.ms;
        const int64_t longer = m->took.ms < m->order->predicted.ms ? m->order->predicted.ms : m->took.ms;

        if (longer - shorter < least_ms)
                return 1000;
        return longer >= QUANTITY_MAX / 1000 ? QUANTITY_MAX : longer * 1000 / (shorter > 0 ? shorter : 1);
}

/* The last moves that count: of those that missed each VM once, and each target once until one came about there. */
typedef struct Recent {
        int64_t *factors; /* [AuditBound.moves], as are the names */
        const char **vms, **targets;
        uint32_t seen, missed, n_factors, n_vms, n_targets;
} Recent;

static bool audit_has(const char *const *names, uint32_t n, const char *name, uint32_t *ret_at) {
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(names[i], name) == 0) {
                        *ret_at = i;
                        return true;
                }
        return false;
}

static void audit_count(Recent *r, const RecordMove *m, const AuditBound *b) {
        const bool missed = audit_is(m, "failed") || audit_is(m, "unclear");
        uint32_t at;

        if (!missed && !audit_is(m, "done"))
                return;
        if (!missed) {
                if (audit_has(r->targets, r->n_targets, m->order->to, &at))
                        r->targets[at] = r->targets[--r->n_targets];
                if (!is_cold(m) && m->took.ms >= 0 && m->order->predicted.ms > 0)
                        r->factors[r->n_factors++] = audit_factor(m, b->least_ms);
        } else {
                if (audit_has(r->vms, r->n_vms, m->order->vm, &at) ||
                    audit_has(r->targets, r->n_targets, m->order->to, &at))
                        return;
                r->vms[r->n_vms++] = m->order->vm;
                r->targets[r->n_targets++] = m->order->to;
        }
        r->seen++;
        r->missed += missed;
}

static void audit_look_back(Recent *r, const AuditEntry *entries, uint32_t n, const AuditBound *b) {
        r->seen = r->missed = r->n_factors = r->n_vms = r->n_targets = 0;
        for (uint32_t i = 0; i < n && r->seen < b->moves; i++) {
                if (entries[i].at <= b->since)
                        break;
                for (uint32_t k = entries[i].n_moves; k-- > 0 && r->seen < b->moves;)
                        audit_count(r, &entries[i].moves[k], b);
        }
        if (r->n_factors > 0)
                qsort(r->factors, r->n_factors, sizeof(*r->factors), compare_int64);
}

static bool audit_failed_often(const Recent *r, const AuditBound *b) {
        return r->seen >= b->moves && (int64_t) r->missed * 1000 > b->missed_permille * (int64_t) r->seen;
}

static bool audit_predicted_wrongly(const Recent *r, const AuditBound *b) {
        return r->seen >= b->moves && r->n_factors > 0 &&
               audit_rank(r->factors, r->n_factors, 500) > b->factor_permille;
}

static const char *audit_say(Arena *a, const Recent *r, const AuditBound *b) {
        const int64_t middle = audit_rank(r->factors, r->n_factors, 500);

        if (audit_failed_often(r, b))
                return text_format(a, "%u of the last %u moves failed, of different VMs and targets",
                                   r->missed, r->seen);
        return text_format(
                a, "the last %u moves took, in the median, %lld.%lld times as long as predicted, or as short",
                r->seen, (long long) (middle / 1000), (long long) (middle % 1000 / 100));
}

int audit_wrong(Arena *a, const AuditEntry *entries, uint32_t n, AuditBound bound, AuditPause *ret) {
        Recent r = { .factors = arena_new(a, int64_t, bound.moves),
                     .vms = arena_new(a, const char *, bound.moves),
                     .targets = arena_new(a, const char *, bound.moves) };
        AuditPause pause = { 0 };

        if (!r.factors || !r.vms || !r.targets)
                return -ENOMEM;
        for (uint32_t i = 0; i < n && bound.moves > 0;
             i++) { /* as it was before the last decision, and the one … */
                audit_look_back(&r, entries + i, n - i, &bound);
                if (!audit_failed_often(&r, &bound) && !audit_predicted_wrongly(&r, &bound))
                        break;
                pause.since = entries[i].at;
                if (!pause.why)
                        pause.why = audit_say(a, &r, &bound);
                if (!pause.why)
                        return -ENOMEM;
        }
        *ret = pause;
        return 0;
}
