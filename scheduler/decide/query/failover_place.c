/* SPDX-License-Identifier: Apache-2.0 */
/* Who goes where: greedily in two ways, and then by letting one make way for another. */
#include <string.h>

#include "scheduler/decide/query/failover_parts.h"

#define CANDIDATES 64U

typedef enum FailoverWay {
        FAILOVER_SPREAD, /* the host that is left with most, in what it is left with least of */
        FAILOVER_FILL,   /* the host that is left with least in sum */
        FAILOVER_MANY,   /* the same, the small ones first: more of them start, where not all can */
} FailoverWay;

static bool failover_may(const FailoverRun *f, VmIx v, HostIx h) {
        const Problem *p = f->t.p;
        const int64_t *need = problem_need(p, v), *room = f->t.e->room + (size_t) h * p->n_res;

        if (h == f->lost || p->roles[h].no_entry != REASON_NONE)
                return false;
        for (uint32_t r = 0; r < p->n_res; r++)
                if (need[r] > 0 && need[r] > room[r])
                        return false;
        return true;
}

/* The greater the better. */
static int64_t failover_worth(const FailoverRun *f, VmIx v, HostIx h, FailoverWay way) {
        const Problem *p = f->t.p;
        const int64_t *need = problem_need(p, v), *room = f->t.e->room + (size_t) h * p->n_res,
                      *capacity = problem_capacity(p, h);
        int64_t least = INT64_MAX, sum = 0;

        for (uint32_t r = 0; r < p->n_res && r <= RES_MEMORY; r++) {
                const int64_t left = (room[r] - need[r]) * 1024 / (capacity[r] > 0 ? capacity[r] : 1);

                least = left < least ? left : least;
                sum += left;
        }
        return way == FAILOVER_SPREAD ? least : -sum;
}

/* Of the first CANDIDATES that may, in the order of hosts after the lost one. */
static HostIx failover_choose(const FailoverRun *f, VmIx v, FailoverWay way, HostIx but) {
        const Problem *p = f->t.p;
        HostIx best = IX_NONE;
        uint32_t may = 0;
        int64_t most = 0;

        for (uint32_t i = 1; i < p->n_hosts && (best == IX_NONE || may < CANDIDATES); i++) {
                const HostIx h = (f->lost + i) % p->n_hosts;
                int64_t worth;

                if (h == but || !failover_may(f, v, h))
                        continue;
                may++;
                worth = failover_worth(f, v, h, way);
                if ((best != IX_NONE && worth <= most) || evaluator_enter_refuse(f->t.e, v, h) != REASON_NONE)
                        continue;
                best = h;
                most = worth;
        }
        return best;
}

static void failover_put(FailoverRun *f, uint32_t i, HostIx h) {
        evaluator_enter(f->t.e, f->turns[i].vm, h);
        f->to[i] = h;
}

static void failover_take(FailoverRun *f, uint32_t i) {
        if (f->to[i] != IX_NONE)
                evaluator_leave(f->t.e, f->turns[i].vm);
        f->to[i] = IX_NONE;
}

/* The last of those as important as the i-th. */
static uint32_t failover_class_end(const FailoverRun *f, uint32_t i) {
        while (i + 1 < f->n && f->turns[i + 1].priority == f->turns[i].priority)
                i++;
        return i;
}

static bool failover_try(FailoverRun *f, uint32_t i, FailoverWay way) {
        const HostIx h = f->to[i] == IX_NONE ? failover_choose(f, f->turns[i].vm, way, IX_NONE) : IX_NONE;

        if (h != IX_NONE)
                failover_put(f, i, h);
        return h != IX_NONE;
}

/* Each in its turn; of FAILOVER_MANY the small ones of those as important first. Again as long as some find a place: one may
 * need another's company. */
static void failover_greedy(FailoverRun *f, FailoverWay way) {
        for (bool more = true; more;) {
                more = false;
                for (uint32_t i = 0, last; i < f->n; i = last + 1) {
                        last = failover_class_end(f, i);
                        for (uint32_t k = i; k <= last; k++)
                                more |= failover_try(f, way == FAILOVER_MANY ? last - (k - i) : k, way);
                }
        }
}

/* ---- making way ---- */

/* i starts where k does, and k goes elsewhere; or, of lower priority, nowhere. */
static bool failover_swap(FailoverRun *f, uint32_t i, uint32_t k) {
        const HostIx h = f->to[k];
        HostIx other;

        f->looks--;
        failover_take(f, k);
        if (!failover_may(f, f->turns[i].vm, h) ||
            evaluator_enter_refuse(f->t.e, f->turns[i].vm, h) != REASON_NONE) {
                failover_put(f, k, h);
                return false;
        }
        failover_put(f, i, h);
        f->looks -= f->t.p->n_hosts;
        other = failover_choose(f, f->turns[k].vm, FAILOVER_FILL, h);
        if (other != IX_NONE) {
                failover_put(f, k, other);
                return true;
        }
        if (f->turns[k].priority < f->turns[i].priority)
                return true;
        failover_take(f, i);
        failover_put(f, k, h);
        return false;
}

/* i starts where k does, k where m does, and m goes elsewhere. */
static bool failover_chain(FailoverRun *f, uint32_t i, uint32_t k) {
        const HostIx h = f->to[k];

        failover_take(f, k);
        if (failover_may(f, f->turns[i].vm, h) &&
            evaluator_enter_refuse(f->t.e, f->turns[i].vm, h) == REASON_NONE) {
                failover_put(f, i, h);
                for (uint32_t m = 0; m < f->n; m++)
                        if (f->looks > 0 && m != i && m != k && f->to[m] != IX_NONE && f->to[m] != h &&
                            f->turns[m].priority >= f->turns[k].priority && failover_swap(f, k, m))
                                return true;
                failover_take(f, i);
        }
        failover_put(f, k, h);
        return false;
}

/* Those that must be together start on one host, all or none. */
static bool failover_gather_on(FailoverRun *f, const bool *together, HostIx h) {
        for (uint32_t i = 0; i < f->n; i++) {
                if (!together[i])
                        continue;
                if (!failover_may(f, f->turns[i].vm, h) ||
                    evaluator_enter_refuse(f->t.e, f->turns[i].vm, h) != REASON_NONE)
                        return false;
                failover_put(f, i, h);
        }
        return true;
}

static bool failover_gather(FailoverRun *f, const Group *group) {
        ArenaMark mark = arena_mark(f->arena);
        bool *together = arena_new(f->arena, bool, f->n), done = false;
        HostIx *was = arena_new(f->arena, HostIx, f->n);

        for (uint32_t i = 0; together && was && i < f->n; i++) {
                was[i] = f->to[i];
                for (uint32_t k = 0; k < group->n_vms; k++)
                        together[i] |= group->vms[k] == f->turns[i].vm;
                if (together[i])
                        failover_take(f, i);
        }
        for (HostIx h = 0; together && was && !done && h < f->t.p->n_hosts; h++) {
                done = h != f->lost && failover_gather_on(f, together, h);
                for (uint32_t i = 0; !done && i < f->n; i++)
                        if (together[i])
                                failover_take(f, i);
        }
        for (uint32_t i = 0; together && was && !done && i < f->n; i++)
                if (together[i] && was[i] != IX_NONE)
                        failover_put(f, i, was[i]);
        arena_rewind(f->arena, mark);
        return done;
}

static bool failover_company(FailoverRun *f, uint32_t i) {
        const Problem *p = f->t.p;
        const VmIx v = f->turns[i].vm;

        for (uint32_t r = 0; r < p->n_rules && rule_counts_touch(&f->t.e->rules, v); r++) {
                const GroupRule *rule = &p->rules[r];
                bool has = false;

                if (!rule->must || (rule->kind != RULE_TOGETHER && rule->kind != RULE_NEAR))
                        continue;
                for (uint32_t k = p->groups_of_start[v]; k < p->groups_of_start[v + 1]; k++)
                        has |= p->groups_of[k] == rule->group;
                if (has && failover_gather(f, &p->groups[rule->group]))
                        return true;
        }
        return false;
}

static bool failover_make_way(FailoverRun *f, uint32_t i) {
        typedef bool (*Way)(FailoverRun * run, uint32_t left, uint32_t placed);
        static const Way ways[] = { failover_swap, failover_chain };

        for (size_t w = 0; w < ARRAY_SIZE(ways); w++)
                for (uint32_t k = 0; k < f->n && f->looks > 0; k++)
                        if (f->to[k] != IX_NONE && f->turns[k].priority <= f->turns[i].priority &&
                            ways[w](f, i, k))
                                return true;
        return failover_company(f, i);
}

/* ---- the better of the ways ---- */

/* Of the most important more start. */
static bool failover_is_better(const FailoverRun *f, const HostIx *left, const HostIx *right) {
        int64_t more = 0;

        for (uint32_t i = 0; i < f->n; i++) {
                more += (left[i] != IX_NONE) - (right[i] != IX_NONE);
                if (more != 0 && (i + 1 == f->n || f->turns[i + 1].priority != f->turns[i].priority))
                        return more > 0;
        }
        return false;
}

static uint32_t failover_left(const FailoverRun *f) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < f->n; i++)
                n += f->to[i] == IX_NONE;
        return n;
}

static void failover_mend(FailoverRun *f) {
        uint32_t tries = 2 * f->n; /* each swap for one of lower priority leaves another one over */

        for (uint32_t i = 0; i < f->n && tries > 0;) {
                if (f->to[i] == IX_NONE && failover_make_way(f, i)) {
                        tries--;
                        i = 0;
                        continue;
                }
                i++;
        }
        failover_greedy(f, FAILOVER_FILL);
}

/* The order of the hosts' is that of `best`: rules may ask for one VM before another. */
static void failover_again(FailoverRun *f) {
        for (uint32_t i = 0; i < f->n; i++)
                failover_take(f, i);
        for (uint32_t i = 0; i < f->n; i++)
                if (f->best[i] != IX_NONE)
                        failover_put(f, i, f->best[i]);
}

void failover_place(FailoverRun *f) {
        static const FailoverWay ways[] = { FAILOVER_SPREAD, FAILOVER_FILL, FAILOVER_MANY };

        for (size_t w = 0; w < ARRAY_SIZE(ways); w++) {
                for (uint32_t i = 0; i < f->n; i++)
                        failover_take(f, i);
                failover_greedy(f, ways[w]);
                f->looks = f->looks_most;
                if (failover_left(f) > 0)
                        failover_mend(f);
                if (failover_left(f) == 0)
                        return;
                if (w == 0 || failover_is_better(f, f->to, f->best))
                        memcpy(f->best, f->to, sizeof(*f->best) * f->n);
        }
        failover_again(f);
}
