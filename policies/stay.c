/* SPDX-License-Identifier: Apache-2.0 */
/* The price of moving, so that only moves which earn it are made: per VM, per way between hosts, and for the
 * service with the most VMs under way.
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

extern const Policy policy_stay;

static const SettingDef stay_settings[] = {
        { .name = "price",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000000,
          .doc = "Price of moving a typical VM, in percent, compared with what balance gains. Higher: fewer "
                 "moves." },
        { 0 },
};

#define USUAL_PRICE 100

static int64_t move_weight(const Problem *p, const Settings *s) {
        if (p->one_tier)
                return p->move_weight;
        return p->move_weight * policy_setting(&policy_stay, s, "price") / 100;
}

static int64_t way_weight(const Problem *p, const Settings *s) {
        if (p->one_tier)
                return p->distance_weight;
        return p->distance_weight * policy_setting(&policy_stay, s, "price") / 100;
}

static int64_t most_moved(const Problem *p, const Assignment *x) {
        int64_t most = 0;

        for (uint32_t s = 0; p->services && s < p->n_services; s++) {
                const Group *service = &p->services[s];
                int64_t moved = 0;

                for (uint32_t i = 0; i < service->n_vms; i++)
                        moved += x->host_of[service->vms[i]] != p->home[service->vms[i]];
                if (moved > most)
                        most = moved;
        }
        return most;
}

static void stay_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        const int64_t weight = move_weight(p, s);

        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx home = p->home[v], h = x->host_of[v];

                if (h == home)
                        continue;
                ret->tier[TIER_BALANCE] += weight * (p->move_price ? p->move_price[v] : USUAL_PRICE);
                if (p->distance && home != IX_NONE && h != IX_NONE)
                        ret->tier[TIER_BALANCE] +=
                                way_weight(p, s) * p->distance[(size_t) home * p->n_hosts + h];
        }
        if (p->service_weight > 0)
                ret->tier[TIER_BALANCE] += p->service_weight * most_moved(p, x);
}

static int stay_add_terms(const Problem *p, const Settings *s, Terms *t) {
        const int64_t weight = move_weight(p, s);
        int e;

        e = p->move_price ? terms_add_move_cost(t, (MoveCost){ TIER_BALANCE, p->move_price, weight })
                          : terms_add_move_cost(t, (MoveCost){ TIER_BALANCE, NULL, weight * USUAL_PRICE });
        if (e >= 0 && p->distance && way_weight(p, s) > 0)
                e = terms_add_distance_cost(t, (DistanceCost){ TIER_BALANCE, p->distance, way_weight(p, s) });
        if (e >= 0 && p->service_of && p->service_weight > 0)
                e = terms_add_service_move(t, (ServiceMoveCost){ TIER_BALANCE, p->service_of, p->n_services,
                                                                 p->service_weight });
        return e;
}

/* Three services, prices of VMs and of ways. */
static int stay_sample(Arena *a, Prng *g, Problem *p) {
        uint32_t *service_of = arena_new(a, uint32_t, p->n_vms);
        int64_t *distance = sample_row(a, g, (size_t) p->n_hosts * p->n_hosts, 50, 0);
        Group *services = arena_new(a, Group, 3);

        p->move_price = sample_row(a, g, p->n_vms, 200, 0);
        if (!service_of || !distance || !services || !p->move_price)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                distance[(size_t) h * p->n_hosts + h] = 0;
        for (VmIx v = 0; v < p->n_vms; v++)
                service_of[v] = prng_below(g, 3);
        for (uint32_t k = 0; k < 3; k++) {
                VmIx *vms = arena_new(a, VmIx, p->n_vms);

                if (!vms)
                        return -ENOMEM;
                services[k].vms = vms;
                for (VmIx v = 0; v < p->n_vms; v++)
                        if (service_of[v] == k)
                                vms[services[k].n_vms++] = v;
        }
        p->services = services;
        p->service_of = service_of;
        p->n_services = 3;
        p->service_weight = prng_below(g, 100);
        p->distance = distance;
        p->distance_weight = prng_below(g, 5);
        p->move_weight = prng_below(g, 3);
        return 0;
}

/* A VM that the plan moved before: it goes back, or to where its way was shorter. */
static bool stay_why(const MoveView *view, SentenceDraft *d) {
        const bool back = view->m->to == view->p->home[view->m->vm];

        if (!view->alone)
                return false;
        SENTENCE_CLAUSE(d,
                        back ? "{} returns to {}, where it was, so that it costs no migration"
                             : "{} has a shorter way to {} from where it was",
                        fact_vm(view, view->m->vm), fact_host(view, view->m->to),
                        { .kind = back ? CLAIM_HOME : CLAIM_NEARER, .vm = view->m->vm, .host = view->m->to },
                        claim_gain(view));
        return true;
}

const Policy policy_stay = {
        .name = "stay",
        .summary = "a move must gain more than it costs",
        .settings = stay_settings,
        .add_terms = stay_add_terms,
        .total = stay_total,
        .why = stay_why,
        .sample = stay_sample,
};
