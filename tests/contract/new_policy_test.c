/* SPDX-License-Identifier: Apache-2.0 */
/* A policy brings everything: one that no other file knows, by a label of hosts, is planned by, has its part
 * in explanations and its own sentence, and keeps the contract. This file is what a newcomer writes. */
#include <errno.h>

#include "scheduler/app/text/trial_text.h"
#include "scheduler/decide/plan/planner.h"
#include "scheduler/decide/query/explain.h"
#include "tests/contract/policy_laws.h"
#include "tests/random_cluster.h"

/* ---- the policy ---- */

extern const Policy policy_spare;

static const SettingDef spare_settings[] = {
        { .name = "price",
          .type = SETTING_COUNT,
          .def = 50,
          .max = 1000,
          .doc = "What a VM costs on a spare host, in moves of usual VMs." },
        { 0 },
};

static const char *const spare_labels[] = { "spare=yes" };

static bool spare_is(const Problem *p, HostIx h) {
        const Strings *labels = p->snapshot ? &p->snapshot->hosts[h].labels : NULL;

        for (uint32_t i = 0; labels && i < labels->n; i++)
                if (strcmp(labels->at[i], "spare=yes") == 0)
                        return true;
        return false;
}

static int64_t spare_price(const Settings *s) {
        return policy_setting(&policy_spare, s, "price") * 10000;
}

static int spare_add_terms(const Problem *p, const Settings *s, Terms *t) {
        int64_t *weight = arena_new(t->arena, int64_t, p->n_hosts);

        if (!weight)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                weight[h] = spare_is(p, h) ? spare_price(s) : 0;
        return terms_add_host_cost(t, (HostCost){ TIER_BALANCE, weight, NULL });
}

static void spare_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        for (VmIx v = 0; v < p->n_vms; v++)
                if (x->host_of[v] != IX_NONE && spare_is(p, x->host_of[v]))
                        ret->tier[TIER_BALANCE] += spare_price(s);
}

static bool spare_why(const MoveView *view, SentenceDraft *d) {
        if (!view->alone)
                return false;
        SENTENCE_CLAUSE(d, "{} is a spare host, and {} is none", fact_host(view, view->m->from),
                        fact_host(view, view->m->to), claim_gain(view));
        return true;
}

static int spare_sample(Arena *a, Prng *g, Problem *p) {
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, p->n_hosts);

        if (!s || !hosts)
                return -ENOMEM;
        *s = *p->snapshot;
        memcpy(hosts, s->hosts, sizeof(Host) * s->n_hosts);
        for (HostIx h = 0; h < p->n_hosts; h++)
                hosts[h].labels = (Strings){ spare_labels, prng_below(g, 3) == 0 ? 1 : 0 };
        s->hosts = hosts;
        p->snapshot = s;
        return 0;
}

const Policy policy_spare = {
        .name = "spare",
        .summary = "spare hosts stay without VMs",
        .settings = spare_settings,
        .add_terms = spare_add_terms,
        .total = spare_total,
        .why = spare_why,
        .sample = spare_sample,
};

/* ---- what comes of it, without another line ---- */

static PolicySet with_spare(Arena *a) {
        const PolicySet all = policies_all();
        const Policy **list = arena_new(a, const Policy *, all.n + 1);

        memcpy(list, all.policies, sizeof(*list) * all.n);
        list[all.n] = &policy_spare;
        return (PolicySet){ list, all.n + 1 };
}

static const Settings *settings_with_spare(Arena *a) {
        SettingSection *sections = arena_new(a, SettingSection, 32);
        const SettingSection *more = NULL;
        Settings *s = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, policies_settings(a, &more, &n));
        cr_assert_leq(n, 27);
        sections[0] = (SettingSection){ "cluster", "", cluster_settings };
        sections[1] = (SettingSection){ "plan", "", planner_settings };
        sections[2] = (SettingSection){ "migration", "", migration_settings };
        sections[3] = (SettingSection){ policy_spare.name, policy_spare.summary, policy_spare.settings };
        sections[4] = (SettingSection){ "memory", "", memory_settings };
        memcpy(sections + 5, more, sizeof(*more) * n);
        cr_assert_eq(0, settings_new(a, sections, n + 5, &s));
        return s;
}

/* Two hosts, one of them spare, with a VM on it. */
static const Snapshot *two_hosts(Arena *a) {
        Dice d = { .prng = prng_seeded(1), .arena = a };
        Snapshot *s = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, 2);
        Vm *vms = arena_new(a, Vm, 1);

        for (uint32_t h = 0; h < 2; h++)
                random_host(&d, &hosts[h], h, true);
        random_vm(&d, &vms[0], 0, 2, true);
        vms[0].host = 0;
        hosts[0].labels = (Strings){ spare_labels, 1 };
        *s = (Snapshot){ .cluster = "two", .n_hosts = 2, .hosts = hosts, .n_vms = 1, .vms = vms };
        return s;
}

Test(new_policy, keeps_the_contract) {
        static const Policy *const set[] = { &policy_spare };
        PolicyLaws l = policy_laws((PolicySet){ set, 1 }, policy_spare.name);
        const char *broken = laws_broken(&l);

        cr_assert_null(broken, "%s", broken);
}

Test(new_policy, plans_and_says_why_in_its_own_words) {
        const Plan *plan = NULL;
        const Snapshot *s;
        Arena a;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &a));
        s = two_hosts(&a);
        cr_assert_eq(
                0, planner_plan(&a, s, settings_with_spare(&a), with_spare(&a), PLAN_REQUEST_DEFAULT, &plan));
        cr_assert_eq(1, plan->n_moves);
        cr_assert_str_eq("h00 is a spare host, and h01 is none", plan->moves[0].why);
        cr_assert_str_eq("spare", plan->moves[0].because->by);
        arena_close(&a);
}

Test(new_policy, has_its_part_in_explanations) {
        const Snapshot *s;
        ExplainVm e;
        Arena a;

        cr_assert_eq(0, arena_open((size_t) 64 << 20, &a));
        s = two_hosts(&a);
        cr_assert_eq(0, explain_vm(&a, s, settings_with_spare(&a), with_spare(&a), 0, IX_NONE, &e));
        cr_assert_eq(2, e.n);
        cr_assert_eq(1, e.hosts[1].host);
        cr_assert(strstr(trial_cost_words(&a, e.trial.policies, e.hosts[1].by_policy, &e.hosts[1].delta),
                         "spare -500000"));
        arena_close(&a);
}
