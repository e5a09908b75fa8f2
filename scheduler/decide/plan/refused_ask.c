/* SPDX-License-Identifier: Apache-2.0 */
/* One VM that should be elsewhere, asked of all hosts; and the list of those that none takes. */
#include "scheduler/decide/plan/refused_parts.h"

/* Nothing refuses it: then a budget that stopped moves did, time was up, or the search found no order for it. */
static Reason refused_ask_unmade(const Planning *pl, VmIx v) {
        const unsigned sought = 1U << PLAN_PART_SEARCH | 1U << PLAN_PART_MEND | 1U << PLAN_PART_ORDER;

        if (pl->left_out[v] != REASON_NONE)
                return pl->left_out[v];
        if (pl->cut & sought)
                return REASON_TIME;
        return pl->refusals[REASON_BUDGET] > 0 ? REASON_BUDGET : REASON_ORDER;
}

bool refused_ask_hosts(Asking *k, VmIx v, Wish wish, Refused *ret) {
        const Problem *p = k->pl->first;
        uint32_t counts[REASON_N + 1] = { 0 }; /* the last: its own host */
        Nearness least = { 0 };

        *ret = (Refused){ .vm = v, .to = IX_NONE, .near = IX_NONE, .reason = REASON_NO_HOST };
        if (p->pinned[v] != REASON_NONE) {
                ret->reason = p->pinned[v];
                ret->hosts = p->n_hosts - 1;
                return true;
        }
        for (HostIx h = 0; h < p->n_hosts; h++, k->questions++) {
                Reason why = h == k->pl->now[v] ? REASON_N : refused_objection(k, v, h, wish);

                if (h % QUESTIONS_A_LOOK == QUESTIONS_A_LOOK - 1 && asking_is_cut(k)) {
                        ret->reason = REASON_TIME;
                        return false;
                }
                counts[why]++;
                if (why != REASON_NONE && why != REASON_N) {
                        const Nearness near = refused_nearness(k, v, h, wish, why);

                        if (ret->near == IX_NONE || nearness_less(near, least)) {
                                ret->near = h;
                                ret->reason = why;
                                least = near;
                        }
                }
                if (why == REASON_NONE && wish.below_line && k->pl->left_out[v] == REASON_NONE)
                        return false; /* how many more would take it is of no interest */
        }
        if (counts[REASON_NONE] > 0) {
                ret->hosts = counts[REASON_NONE];
                ret->reason = refused_ask_unmade(k->pl, v);
                ret->near = IX_NONE;
                return false;
        }
        ret->hosts = ret->near == IX_NONE ? 0 : counts[ret->reason];
        return true;
}

/* Which caps of the request a move of v, after all others, would go beyond. */
static unsigned refused_ask_caps(const Asking *k, VmIx v) {
        const PlanRequest *q = &k->pl->request;
        unsigned caps = 0;

        if (k->pl->n_steps >= q->max_moves)
                caps |= 1U << CAP_MOVES;
        if (k->mib + problem_mib(k->pl->first, v) > q->max_mib)
                caps |= 1U << CAP_GIB;
        if (q->max_ms != INT64_MAX && k->ms + plan_alone_ms(k->pl, v) > q->max_ms)
                caps |= 1U << CAP_MINUTES;
        return caps;
}

void refused_keep(Asking *k, const Refused *one, Wish wish) {
        if (k->listed[one->vm])
                return;
        if (one->reason == REASON_BUDGET)
                k->limited_by |= refused_ask_caps(k, one->vm);
        k->listed[one->vm] = true;
        k->n_all++;
        if (k->n < REFUSED_KEPT)
                k->list[k->n++] = (Listed){ *one, wish };
}

void refused_capped(Asking *k, VmIx v) {
        k->limited_by |= refused_ask_caps(k, v);
}
