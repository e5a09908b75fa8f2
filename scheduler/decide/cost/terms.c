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

static bool near_has(const Problem *p, const GroupRule *rule, const Assignment *x, uint32_t domain) {
        const Group *b = &p->groups[rule->group_b];

        for (uint32_t i = 0; i < b->n_vms; i++)
                if (x->host_of[b->vms[i]] != IX_NONE &&
                    problem_domain(p, rule->level, x->host_of[b->vms[i]]) == domain)
                        return true;
        return false;
}

int64_t rule_broken(const Problem *p, const GroupRule *rule, const Assignment *x) {
        const Group *g = &p->groups[rule->group];
        int64_t occupied = 0, alone = 0, present = 0;

        for (uint32_t i = 0; i < g->n_vms; i++) {
                uint32_t domain, k = 0;

                if (x->host_of[g->vms[i]] == IX_NONE)
                        continue;
                present++;
                domain = problem_domain(p, rule->level, x->host_of[g->vms[i]]);
                if (rule_has_two_groups(rule->kind)) {
                        alone += !near_has(p, rule, x, domain);
                        continue;
                }
                while (k < i && (x->host_of[g->vms[k]] == IX_NONE ||
                                 problem_domain(p, rule->level, x->host_of[g->vms[k]]) != domain))
                        k++;
                occupied += k == i;
        }
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
        case RULE_ON:
        case RULE_NOT_ON:
        case RULE_KIND_N:
                break;
        }
        return 0;
}

int terms_add_rules(Terms *t, const Problem *p, RuleKind kind, Reason reason) {
        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];
                const RuleCost term = { .tier = rule->must ? TIER_REPAIR : TIER_BALANCE,
                                        .rule = rule,
                                        .weight = rule->must ? 1 : rule->weight * RULE_UNIT,
                                        .reason = reason };

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
                if (rule->must)
                        ret->tier[TIER_REPAIR] += rule_broken(p, rule, x);
                else
                        ret->tier[TIER_BALANCE] += rule->weight * RULE_UNIT * rule_broken(p, rule, x);
        }
}

bool rules_refuse(const Problem *p, RuleKind kind, Assignment *x, Move m) {
        bool breaks = false;

        for (uint32_t i = 0; i < p->n_rules && !breaks; i++) {
                const GroupRule *rule = &p->rules[i];
                int64_t before;

                if (!rule->must || rule->kind != kind)
                        continue;
                before = rule_broken(p, rule, x);
                assignment_move(x, m);
                breaks = rule_broken(p, rule, x) > before;
                assignment_move(x, (Move){ m.vm, m.to, m.from });
        }
        return breaks;
}
