/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/terms.h"

#include <errno.h>
#include <string.h>

#define FACTOR_MAX (INT64_C(1) << 22) /* times SHARE_MAX squared stays below 2^63 */

#define DEFINE_ADD(Type, name)                                                                               \
        int terms_add_##name(Terms *t, Type term) {                                                          \
                Type *list = arena_room(t->arena, t->name##s, t->n_##name##s, sizeof(Type));                 \
                if (!list)                                                                                   \
                        return -ENOMEM;                                                                      \
                t->name##s = list;                                                                           \
                t->name##s[t->n_##name##s++] = term;                                                         \
                return 0;                                                                                    \
        }

DEFINE_ADD(LineCost, line)
DEFINE_ADD(SquareCost, square)
DEFINE_ADD(PairCost, pair)
DEFINE_ADD(HostCost, host_cost)
DEFINE_ADD(MoveCost, move_cost)
DEFINE_ADD(DistanceCost, distance_cost)
DEFINE_ADD(ServiceMoveCost, service_move)
DEFINE_ADD(RuleCost, rule)
DEFINE_ADD(AllowedCost, allowed)
DEFINE_ADD(PlacementCost, placement_cost)
DEFINE_ADD(ArrivalCost, arrival_cost)
DEFINE_ADD(UseCost, use_cost)
DEFINE_ADD(DeviationCost, deviation)

int64_t share_factor(int64_t weight, int64_t capacity, int64_t mean) {
        int64_t factor;

        assert(weight >= 0 && weight <= SQUARE_WEIGHT_MAX);
        if (capacity > QUANTITY_MAX) /* huge pages that VMs have beyond what their host tells */
                capacity = QUANTITY_MAX;
        if (weight == 0 || capacity <= 0)
                return 0;
        factor = weight * capacity / mean;
        if (factor < 1)
                return 1;
        return factor < FACTOR_MAX ? factor : FACTOR_MAX;
}

/* A group of more VMs is counted by marks, domain by domain: comparing each with each takes the square. */
#define COMPARED_MAX 24

/* Domains that marks have room for; on more, a group is compared after all. */
#define MARKED_MAX (UINT32_C(1) << 17)

typedef struct DomainMarks {
        uint64_t bits[MARKED_MAX / 64];
} DomainMarks;

static uint32_t rule_domain(const Problem *p, const GroupRule *rule, const Assignment *x, VmIx v) {
        const HostIx h = x->host_of[v];

        return h == IX_NONE || rule_skips(p, rule->kind, h) ? IX_NONE : problem_domain(p, rule->level, h);
}

/* Whether one of the first n VMs of the group is there. */
static bool group_has(const Problem *p, const GroupRule *rule, const Assignment *x, const VmIx *vms,
                      uint32_t n, uint32_t domain) {
        for (uint32_t i = 0; i < n; i++)
                if (rule_domain(p, rule, x, vms[i]) == domain)
                        return true;
        return false;
}

/* False: it was not marked before. */
static bool domain_mark(DomainMarks *m, uint32_t domain) {
        const uint64_t bit = UINT64_C(1) << (domain % 64);
        const bool was = (m->bits[domain / 64] & bit) != 0;

        m->bits[domain / 64] |= bit;
        return was;
}

typedef struct RuleTally {
        int64_t occupied, alone, present;
} RuleTally;

static RuleTally tally_compared(const Problem *p, const GroupRule *rule, const Assignment *x) {
        const Group *g = &p->groups[rule->group], *b = &p->groups[rule->group_b];
        RuleTally t = { 0 };

        for (uint32_t i = 0; i < g->n_vms; i++) {
                const uint32_t domain = rule_domain(p, rule, x, g->vms[i]);

                if (domain == IX_NONE)
                        continue;
                t.present++;
                if (rule_has_two_groups(rule->kind))
                        t.alone += !group_has(p, rule, x, b->vms, b->n_vms, domain);
                else
                        t.occupied += !group_has(p, rule, x, g->vms, i, domain);
        }
        return t;
}

static RuleTally tally_marked(const Problem *p, const GroupRule *rule, const Assignment *x) {
        const Group *g = &p->groups[rule->group], *b = &p->groups[rule->group_b];
        const bool two = rule_has_two_groups(rule->kind);
        RuleTally t = { 0 };
        DomainMarks m;

        memset(&m, 0, (size_t) (p->n_hosts / 64 + 1) * 8);
        for (uint32_t i = 0; two && i < b->n_vms; i++)
                if (rule_domain(p, rule, x, b->vms[i]) != IX_NONE)
                        (void) domain_mark(&m, rule_domain(p, rule, x, b->vms[i]));
        for (uint32_t i = 0; i < g->n_vms; i++) {
                const uint32_t domain = rule_domain(p, rule, x, g->vms[i]);

                if (domain == IX_NONE)
                        continue;
                t.present++;
                if (two)
                        t.alone += (m.bits[domain / 64] >> (domain % 64) & 1) == 0;
                else
                        t.occupied += !domain_mark(&m, domain);
        }
        return t;
}

int64_t rule_broken(const Problem *p, const GroupRule *rule, const Assignment *x) {
        const Group *g = &p->groups[rule->group];
        const uint32_t n_others = rule_has_two_groups(rule->kind) ? p->groups[rule->group_b].n_vms : 0;
        const bool many = g->n_vms > COMPARED_MAX || n_others > COMPARED_MAX;
        const RuleTally t =
                many && p->n_hosts < MARKED_MAX ? tally_marked(p, rule, x) : tally_compared(p, rule, x);
        int64_t occupied = t.occupied;
        const int64_t alone = t.alone, present = t.present;

        switch (rule->kind) {
        case RULE_APART:
                return present - occupied;
        case RULE_TOGETHER:
                return occupied > 1 ? occupied - 1 : 0;
        case RULE_SPREAD:
                if (occupied == 0)
                        occupied = 1; /* none runs yet: as short as with the first one */
                return g->n_vms > 0 && occupied < rule->k ? rule->k - occupied : 0;
        case RULE_NEAR:
                return alone;
        case RULE_AVOID:
                return present - alone;
        case RULE_SPAN:
                return occupied > rule->k ? occupied - rule->k : 0;
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                break;
        }
        return 0;
}

static Tier rule_tier(const GroupRule *rule) {
        return !rule->must ? TIER_BALANCE : rule->waived ? TIER_LOAD : TIER_REPAIR;
}

static int64_t rule_price(const GroupRule *rule) {
        return !rule->must ? rule->weight * RULE_UNIT : rule->waived ? WAIVED_PRICE : 1;
}

int terms_add_rules(Terms *t, const Problem *p, RuleKind kind, Reason reason) {
        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];
                const RuleCost term = {
                        .tier = rule_tier(rule), .rule = rule, .weight = rule_price(rule), .reason = reason
                };

                if (rule->kind == kind && terms_add_rule(t, term) < 0)
                        return -ENOMEM;
        }
        return 0;
}

void rules_total(const Problem *p, RuleKind kind, const Assignment *x, Costs *ret) {
        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];

                if (rule->kind != kind)
                        continue;
                ret->tier[rule_tier(rule)] += rule_price(rule) * rule_broken(p, rule, x);
        }
}

/* While it moves a VM is on both hosts: one of a group that is in as many places as it may be comes to none of the others. */
static bool rule_span_refuses(const Problem *p, const GroupRule *rule, const Assignment *x, Move m) {
        const Group *g = &p->groups[rule->group];
        const GroupRule one = { .kind = RULE_SPAN, .level = rule->level, .group = rule->group };
        bool member = false, there = false;

        if (rule_skips(p, RULE_SPAN, m.to) ||
            (!rule_skips(p, RULE_SPAN, m.from) &&
             problem_domain(p, rule->level, m.from) == problem_domain(p, rule->level, m.to)))
                return false;
        for (uint32_t i = 0; i < g->n_vms; i++) {
                member |= g->vms[i] == m.vm;
                there |= rule_domain(p, rule, x, g->vms[i]) == problem_domain(p, rule->level, m.to);
        }
        return member && !there && rule_broken(p, &one, x) >= rule->k;
}

bool rules_refuse(const Problem *p, RuleKind kind, Assignment *x, Move m) {
        bool breaks = false;

        for (uint32_t i = 0; i < p->n_rules && !breaks; i++) {
                const GroupRule *rule = &p->rules[i];
                int64_t before;

                if (!rule->must || rule->kind != kind || rule_waived_for(p, rule, m.vm))
                        continue;
                if (kind == RULE_SPAN) {
                        breaks = rule_span_refuses(p, rule, x, m);
                        continue;
                }
                before = rule_broken(p, rule, x);
                assignment_move(x, m);
                breaks = rule_broken(p, rule, x) > before;
                assignment_move(x, (Move){ m.vm, m.to, m.from });
        }
        return breaks;
}
