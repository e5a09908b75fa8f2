/* SPDX-License-Identifier: Apache-2.0 */
/* The capacity reserve: the VMs of any so many hosts (racks, zones) have room elsewhere, and a share of the
 * cluster stays free (decide/cost/reserve_cover.h has the definition). It gives way only to what mends a
 * broken rule and to VMs that must leave their host; no other move may spend it, and one that is lacking is
 * repaired before load lines are looked at.
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"
#include "scheduler/decide/cost/reserve_cover.h"

static const char *const reserve_level_words[] = { "host", "rack", "zone", NULL };
static const char *const share_words[] = { "cluster", "rack", "zone", NULL };
static const char *const maintenance_words[] = { "spends", "waits", NULL };

static const SettingDef reserve_settings[] = {
        { .name = "losses",
          .type = SETTING_COUNT,
          .def = 0,
          .max = RESERVE_LOSSES_MAX,
          .doc = "Number of hosts that may fail at once while all their VMs still have room on the remaining "
                 "hosts. 0: no such reserve." },
        { .name = "losses_of",
          .type = SETTING_CHOICE,
          .choices = reserve_level_words,
          .doc = "What fails at once: hosts, whole racks or whole zones." },
        { .name = "share",
          .type = SETTING_PERMILLE,
          .def = 0,
          .max = 900,
          .doc = "Share of the total CPU and memory of all hosts that take VMs to keep free. 0: none." },
        { .name = "share_of",
          .type = SETTING_CHOICE,
          .choices = share_words,
          .doc = "Keep the share free in the whole cluster, or in each rack or zone." },
        { .name = "maintenance",
          .type = SETTING_CHOICE,
          .choices = maintenance_words,
          .doc = "spends: evacuating a host for maintenance may use the reserve. waits: it waits for room "
                 "beyond the reserve. Evacuating failing hardware always may use it." },
        { 0 },
};

static void reserve_policy_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        if (p->reserve)
                ret->tier[TIER_LOAD] += reserve_total(p, x, NULL);
}

static int reserve_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        t->reserve = p->reserve;
        return 0;
}

/* It would be spent: more VMs without a place, or more lacking of the share; and not for one that may. */
static bool reserve_refuses(const Problem *p, const Settings *s, Assignment *x, Move m) {
        ReserveMeasure before = { 0 }, after = { 0 };

        (void) s;
        if (!p->reserve || p->reserve->spends[m.vm])
                return false;
        (void) reserve_total(p, x, &before);
        assignment_move(x, m);
        (void) reserve_total(p, x, &after);
        assignment_move(x, (Move){ m.vm, m.to, m.from });
        return reserve_exceeds(after, before);
}

/* VMs in any order, as if it were that of their sizes. */
static int reserve_sample_vms(Arena *a, Prng *g, const Problem *p, ReserveGoal *goal) {
        VmIx *by_size = arena_new(a, VmIx, p->n_vms);
        uint32_t *rank = arena_new(a, uint32_t, p->n_vms);
        bool *counts = arena_new(a, bool, p->n_vms), *spends = arena_new(a, bool, p->n_vms);

        if (!by_size || !rank || !counts || !spends)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++) {
                const VmIx w = prng_below(g, v + 1);

                by_size[v] = by_size[w];
                by_size[w] = v;
                counts[v] = prng_below(g, 8) > 0;
                spends[v] = prng_below(g, 4) == 0;
        }
        for (VmIx v = 0; v < p->n_vms; v++)
                rank[by_size[v]] = v;
        goal->by_size = by_size;
        goal->rank = rank;
        goal->counts = counts;
        goal->spends = spends;
        return 0;
}

static int reserve_sample(Arena *a, Prng *g, Problem *p) {
        ReserveGoal *goal = arena_new(a, ReserveGoal, 1);
        uint32_t *domains = arena_new(a, uint32_t, p->n_hosts);

        if (!goal || !domains)
                return -ENOMEM;
        *goal = (ReserveGoal){ .losses = prng_below(g, 3),
                               .level = (Level) prng_below(g, LEVEL_N),
                               .share_permille = prng_below(g, 2) ? prng_below(g, 900) : 0,
                               .share_level = (Level) prng_below(g, LEVEL_N + 1),
                               .domains = domains };
        if (reserve_sample_vms(a, g, p, goal) < 0)
                return -ENOMEM;
        for (uint32_t d = 0; d < p->n_domains[goal->level]; d++) {
                bool any = goal->level == LEVEL_HOST;

                for (HostIx h = 0; h < p->n_hosts && !any; h++)
                        any = p->domain[goal->level][h] == d;
                if (any && prng_below(g, 8) > 0)
                        domains[goal->n_domains++] = d;
        }
        for (uint32_t r = 0; r <= RES_MEMORY; r++)
                goal->mean[r] = 1 + prng_below(g, 500);
        p->reserve = goal;
        return 0;
}

static Fact reserve_fact(FactKind kind, ReserveMeasure m, bool after) {
        return (Fact){ .kind = kind,
                       .after = after,
                       .host = IX_NONE,
                       .value = kind == FACT_UNCOVERED ? m.uncovered : share_ppm(m.lacking, 1024) };
}

static bool reserve_why(const MoveView *view, SentenceDraft *d) {
        const Fact vm = fact_vm(view, view->m->vm), to = fact_host(view, view->m->to);
        ReserveMeasure before, after;

        if (!view->alone || !view->e->reserve)
                return false;
        before = reserve_measure(view->e->reserve);
        (void) reserve_move(view->e->reserve, *view->m);
        after = reserve_measure(view->e->reserve);
        (void) reserve_move(view->e->reserve, (Move){ view->m->vm, view->m->to, view->m->from });
        if (after.uncovered < before.uncovered)
                SENTENCE_CLAUSE(
                        d,
                        "with {} on {}, fewer VMs of hosts that may fail have no room elsewhere: {} before, {} after",
                        vm, to, reserve_fact(FACT_UNCOVERED, before, false),
                        reserve_fact(FACT_UNCOVERED, after, true), claim_gain(view));
        else if (after.lacking < before.lacking)
                SENTENCE_CLAUSE(
                        d,
                        "with {} on {}, the share to keep free is short by less: by {} of an average host before, {} "
                        "after",
                        vm, to, reserve_fact(FACT_LACKING, before, false),
                        reserve_fact(FACT_LACKING, after, true), claim_gain(view));
        else
                SENTENCE_CLAUSE(d,
                                "with {} on {}, a VM whose host may fail is closer to having room elsewhere",
                                vm, to, claim_gain(view));
        return true;
}

const Policy policy_reserve = {
        .name = "reserve",
        .summary = "keep room for the VMs of lost hosts, and a share free",
        .settings = reserve_settings,
        .add_terms = reserve_add_terms,
        .total = reserve_policy_total,
        .refuses = reserve_refuses,
        .why = reserve_why,
        .sample = reserve_sample,
};
