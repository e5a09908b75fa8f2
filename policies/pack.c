/* SPDX-License-Identifier: Apache-2.0 */
/* The opposite of balance: VMs on as few hosts as may be, so that the others may be powered off. Each host in
 * use costs what emptying it is worth. Hosts are emptied wholly or not at all (search_pack.c).
 */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static const SettingDef pack_settings[] = {
        { .name = "worth",
          .type = SETTING_COUNT,
          .def = 500,
          .min = 1,
          .max = 100000,
          .doc = "Worth of an empty host, in moves of typical VMs (8 GiB): a plan moves no more than this for each host "
                 "that it empties. 500 is about what a server saves in a night. Only with plan.goal = pack, like all "
                 "settings of this section." },
        { .name = "margin",
          .type = SETTING_PERMILLE,
          .def = 50,
          .max = 900,
          .doc = "Margin of CPU, network and used memory below the load line to leave on hosts that receive "
                 "VMs of emptied hosts, so that they do not exceed it at once." },
        { .name = "keep_free",
          .type = SETTING_COUNT,
          .def = 0,
          .max = 100000,
          .doc = "Number of empty hosts to keep powered on." },
        { .name = "min_used",
          .type = SETTING_COUNT,
          .def = 1,
          .max = 100000,
          .doc = "Minimum number of hosts in use." },
        { 0 },
};

static void pack_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (HostIx h = 0; p->pack && h < p->n_hosts; h++) {
                VmIx v = 0;

                while (v < p->n_vms && x->host_of[v] != h)
                        v++;
                ret->tier[TIER_BALANCE] += v < p->n_vms ? p->pack->cost[h] : 0;
        }
}

static int pack_add_terms(const Problem *p, const Settings *s, Terms *t) {
        (void) s;
        return p->pack ? terms_add_use_cost(t, (UseCost){ TIER_BALANCE, p->pack->cost }) : 0;
}

static int pack_sample(Arena *a, Prng *g, Problem *p) {
        PackGoal *pack = arena_new(a, PackGoal, 1);

        if (!pack)
                return -ENOMEM;
        pack->cost = sample_row(a, g, p->n_hosts, 50000, 0);
        pack->line = p->limit;
        p->pack = pack;
        return pack->cost ? 0 : -ENOMEM;
}

/* Once the plan is carried out no VM is there. */
static bool pack_empties(const MoveView *view, HostIx h) {
        if (!view->p->pack || view->p->pack->cost[h] == 0)
                return false;
        for (VmIx w = 0; w < view->p->n_vms; w++)
                if (view->end[w] == h)
                        return false;
        return true;
}

/* The last VM's move gains all that the host is worth; those before it are part of that. */
static bool pack_why(const MoveView *view, SentenceDraft *d) {
        if (!pack_empties(view, view->m->from) && !view->alone)
                return false;
        SENTENCE_CLAUSE(d,
                        pack_empties(view, view->m->from)
                                ? "{} is being emptied so that it can be powered off"
                                : "it is the last VM on {}",
                        fact_host(view, view->m->from),
                        { .kind = pack_empties(view, view->m->from) ? CLAIM_EMPTY : CLAIM_LAST,
                          .host = view->m->from });
        clause_room(view, d);
        return true;
}

const Policy policy_pack = {
        .name = "pack",
        .summary = "use few hosts and empty the others (plan.goal = pack)",
        .settings = pack_settings,
        .add_terms = pack_add_terms,
        .total = pack_total,
        .why = pack_why,
        .sample = pack_sample,
};
