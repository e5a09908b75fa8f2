/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that talk to each other are near: the further apart they are, and the more they say, the dearer. What
 * being apart costs at each level (host, rack, zone) comes from the distances between hosts; the pairs from
 * the snapshot's `traffic`. Without it, this policy wants nothing.
 */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

extern const Policy policy_traffic;

static const SettingDef traffic_settings[] = {
        { .name = "weight",
          .type = SETTING_COUNT,
          .def = 100,
          .max = 1000,
          .doc = "Weight of traffic between VMs, in percent. At 100, 100 Mbit/s between two hosts of a rack "
                 "are worth moving a typical VM. 0: ignore traffic." },
        { 0 },
};

static int64_t traffic_price_of(const Settings *s, const GroupRule *talk) {
        return talk->weight * policy_setting(&policy_traffic, s, "weight") / 100;
}

static void traffic_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        for (uint32_t i = 0; i < p->n_talks; i++)
                ret->tier[TIER_BALANCE] +=
                        traffic_price_of(s, &p->talks[i]) * rule_broken(p, &p->talks[i], x);
}

static int traffic_add_terms(const Problem *p, const Settings *s, Terms *t) {
        for (uint32_t i = 0; i < p->n_talks; i++) {
                const RuleCost term = { .tier = TIER_BALANCE,
                                        .rule = &p->talks[i],
                                        .weight = traffic_price_of(s, &p->talks[i]),
                                        .reason = REASON_RULE_TOGETHER };

                if (term.weight > 0 && terms_add_rule(t, term) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* Pairs of VMs that talk; their groups come after those that there are. */
static int traffic_sample(Arena *a, Prng *g, Problem *p) {
        const uint32_t n_pairs = p->n_vms > 1 ? 1 + prng_below(g, 5) : 0;
        Group *groups = arena_new(a, Group, (size_t) p->n_groups + n_pairs);
        GroupRule *talks = arena_new(a, GroupRule, (size_t) n_pairs * 2);

        if (!groups || !talks)
                return -ENOMEM;
        if (p->n_groups > 0)
                memcpy(groups, p->groups, sizeof(Group) * p->n_groups);
        p->n_talks = 0;
        for (uint32_t i = 0; i < n_pairs; i++) {
                VmIx *vms = arena_new(a, VmIx, 2);

                if (!vms)
                        return -ENOMEM;
                vms[0] = prng_below(g, p->n_vms);
                vms[1] = (vms[0] + 1 + prng_below(g, p->n_vms - 1)) % p->n_vms;
                for (uint32_t k = 0; k < 2; k++)
                        talks[p->n_talks++] = (GroupRule){ .kind = RULE_TOGETHER,
                                                           .level = (Level) prng_below(g, LEVEL_N),
                                                           .group = p->n_groups,
                                                           .group_b = p->n_groups,
                                                           .weight = prng_below(g, 30000) };
                groups[p->n_groups++] = (Group){ vms, 2 };
        }
        p->groups = groups;
        p->talks = talks;
        return 0;
}

static int64_t traffic_rate(const Snapshot *s, VmIx left, VmIx right) {
        for (uint32_t i = 0; i < s->n_traffic; i++)
                if ((s->traffic[i].a == left && s->traffic[i].b == right) ||
                    (s->traffic[i].a == right && s->traffic[i].b == left))
                        return s->traffic[i].kbit;
        return 0;
}

/* The VM to which the way becomes shorter by most; IX_NONE: none. */
static VmIx traffic_partner(const MoveView *view) {
        VmIx partner = IX_NONE;
        Cost most = 0;

        for (uint32_t i = 0; i < view->p->n_talks; i++) {
                const GroupRule *talk = &view->p->talks[i];
                const VmIx *pair = view->p->groups[talk->group].vms;
                Cost gain;

                if (!rule_touches(view->p, view->m->vm, talk))
                        continue;
                gain = traffic_price_of(view->settings, talk) * view_rule_change(view, talk);
                if (gain < most) {
                        most = gain;
                        partner = pair[0] == view->m->vm ? pair[1] : pair[0];
                }
        }
        return partner;
}

static bool traffic_why(const MoveView *view, SentenceDraft *d) {
        const VmIx partner = view->alone ? traffic_partner(view) : IX_NONE;
        uint32_t level = LEVEL_HOST;
        HostIx at;

        if (partner == IX_NONE)
                return false;
        at = view->e->x->host_of[partner];
        while (level + 1 < LEVEL_N && problem_domain(view->p, (Level) level, at) !=
                                              problem_domain(view->p, (Level) level, view->m->to))
                level++;
        SENTENCE_CLAUSE(
                d, "it exchanges traffic with {} at {} and comes to the same {}", fact_vm(view, partner),
                { .kind = FACT_RATE,
                  .vm = view->m->vm,
                  .r = partner,
                  .value = traffic_rate(view->s, view->m->vm, partner) },
                fact_level((Level) level),
                { .kind = CLAIM_WITH, .vm = partner, .host = view->m->to, .r = level }, claim_gain(view));
        return true;
}

const Policy policy_traffic = {
        .name = "traffic",
        .summary = "keep VMs that exchange traffic close to each other",
        .settings = traffic_settings,
        .add_terms = traffic_add_terms,
        .total = traffic_total,
        .why = traffic_why,
        .sample = traffic_sample,
};
