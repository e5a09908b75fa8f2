/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts with a fault of grade 1 are watched: VMs that are there stay, others rather go elsewhere. A VM of a
 * healthier host never comes, save to mend what is broken (problem_denied()); this price is for those that
 * may.
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

extern const Policy policy_watch;

static const SettingDef watch_settings[] = {
        { .name = "price",
          .type = SETTING_COUNT,
          .def = 20,
          .max = 1000,
          .doc = "Price of placing a VM on a host with a fault of grade 1, in moves of typical VMs. VMs never "
                 "come from a healthier host, except to repair a rule or an overfull host." },
        { 0 },
};

#define USUAL_MOVE 10000

static bool watch_is_watched(const Problem *p, HostIx h) {
        return p->grade && p->grade[h] == 1;
}

static void watch_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        const int64_t price = policy_setting(&policy_watch, s, "price") * USUAL_MOVE;

        for (VmIx v = 0; v < p->n_vms; v++)
                if (x->host_of[v] != p->home[v] && x->host_of[v] != IX_NONE &&
                    watch_is_watched(p, x->host_of[v]))
                        ret->tier[TIER_BALANCE] += price;
}

static int watch_add_terms(const Problem *p, const Settings *s, Terms *t) {
        const int64_t price = policy_setting(&policy_watch, s, "price") * USUAL_MOVE;
        int64_t *weight;

        if (!p->grade)
                return 0;
        weight = arena_new(t->arena, int64_t, p->n_hosts);
        if (!weight)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                weight[h] = watch_is_watched(p, h) ? price : 0;
        return terms_add_arrival_cost(t, (ArrivalCost){ TIER_BALANCE, weight });
}

static int watch_sample(Arena *a, Prng *g, Problem *p) {
        uint8_t *grade = arena_new(a, uint8_t, p->n_hosts);
        bool *mends = arena_new(a, bool, p->n_vms);

        if (!grade || !mends)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                grade[h] = prng_below(g, 2) == 0;
        for (VmIx v = 0; v < p->n_vms; v++)
                mends[v] = prng_below(g, 2) == 0;
        p->grade = grade;
        p->mends = mends;
        return 0;
}

static bool watch_why(const MoveView *view, SentenceDraft *d) {
        if (!view->alone)
                return false;
        SENTENCE_CLAUSE(d, "{} has a fault of grade 1 and is watched; {} did not run there before",
                        fact_host(view, view->m->from), fact_vm(view, view->m->vm),
                        { .kind = CLAIM_WATCHED, .vm = view->m->vm, .host = view->m->from },
                        claim_gain(view));
        return true;
}

const Policy policy_watch = {
        .name = "watch",
        .summary = "avoid hosts with a fault of grade 1",
        .settings = watch_settings,
        .add_terms = watch_add_terms,
        .total = watch_total,
        .why = watch_why,
        .sample = watch_sample,
};
