/* SPDX-License-Identifier: Apache-2.0 */
/* The words policies say what they want in. A policy's add_terms() adds terms; the evaluator compiles them
 * into plain columns and evaluates moves on those: no call per policy, no division, no pointer per VM. What
 * cannot be said with these words needs a new one: a struct here, an add function, and its few lines in
 * evaluator.c.
 *
 * Terms live in the arena of policies_add_terms() and are const once it returns. Arrays they point to must
 * live as long. Every add returns 0 or -ENOMEM.
 *
 * Units: Cost: no unit; loads in the problem's own, shares in fixed point. Owner: the arena of
 * policies_add_terms(); arrays are whoever's added them. Errors: -ENOMEM; the share and rule functions have
 * none. Threads: one adds; const afterwards, any.
 */
#pragma once

#include "scheduler/model/problem.h"

/* Σ over hosts of weight × max(0, load[r] − line[h × n_res + r]). */
typedef struct LineCost {
        Tier tier;
        uint32_t r;
        const int64_t *line; /* [host × res], `limit` or `capacity` of the problem */
        int64_t weight;
} LineCost;

/* Σ over hosts of weight × share², share = max(0, load[r] − line) / capacity, times capacity / mean capacity:
 * so that the sum is least when all hosts are equally full, whatever their sizes. In fixed point, see
 * share_square().
 */
typedef struct SquareCost {
        Tier tier;
        uint32_t r;
        const int64_t *line; /* [host × res]; NULL: 0 */
        int64_t weight;      /* 100: normal; at most SQUARE_WEIGHT_MAX */
        int64_t grain;       /* shares are rounded down to whole grains: a power of two, 1: not at all */
} SquareCost;

/* weight × standard deviation over hosts × their number (deviation.h): no sum over hosts. */
typedef struct DeviationCost {
        Tier tier;
        DeviationGoal goal;
} DeviationCost;

/* Σ over hosts of weight × max(0, target × free(r1) − free(r2)), free = capacity − load. */
typedef struct PairCost {
        Tier tier;
        BalancePair pair;
} PairCost;

/* Σ over VMs of weight[host it is on] × price[v]. */
typedef struct HostCost {
        Tier tier;
        const int64_t *weight; /* [host] */
        const int64_t *price;  /* [vm]; NULL: 1 each */
} HostCost;

/* Σ over VMs not at home of weight × price[v]. */
typedef struct MoveCost {
        Tier tier;
        const int64_t *price; /* [vm]; NULL: 1 each */
        int64_t weight;
} MoveCost;

/* Σ over VMs of weight × distance[home][host]. */
typedef struct DistanceCost {
        Tier tier;
        const int64_t *distance; /* [host × host], 0 on the diagonal */
        int64_t weight;
} DistanceCost;

/* weight × the largest number of VMs of one service that are not at home. */
typedef struct ServiceMoveCost {
        Tier tier;
        const uint32_t *service_of; /* [vm] */
        uint32_t n_services;
        int64_t weight;
} ServiceMoveCost;

/* weight × how far the rule is broken (rule_broken()). A rule that must hold also refuses every move that
 * would break it further, with `reason`. */
typedef struct RuleCost {
        Tier tier;
        const GroupRule *rule;
        int64_t weight;
        Reason reason;
} RuleCost;

/* weight × VMs on a host that a rule forbids them (problem_class_denies() == REASON_RULE_HOSTS). Refuses
 * every move that problem_denied(), `pinned` or `no_exit` forbid; a VM may always return home, unless its
 * class denies it. */
typedef struct AllowedCost {
        Tier tier;
        int64_t weight;
} AllowedCost;

/* Σ over VMs of weight × cost[class_of[v]][host it is on]. */
typedef struct PlacementCost {
        Tier tier;
        const uint32_t *class_of;   /* [vm] */
        const int64_t *const *cost; /* [class][host]; a row may be NULL: 0 */
        int64_t weight;
} PlacementCost;

/* Σ over VMs not at home of weight[host it is on]. */
typedef struct ArrivalCost {
        Tier tier;
        const int64_t *weight; /* [host] */
} ArrivalCost;

/* Σ over hosts with a VM on them of weight[host]. */
typedef struct UseCost {
        Tier tier;
        const int64_t *weight; /* [host] */
} UseCost;

typedef struct Terms {
        Arena *arena;
        const Problem *problem;
        bool capacity;              /* refuse NO_ROOM and NO_ROOM_DURING */
        const ReserveGoal *reserve; /* kept as reserve_cover.h says, at its cost in TIER_LOAD; NULL: none.
                                       Refuses what would spend it and may not, with RESERVE */
        LineCost *lines;
        SquareCost *squares;
        PairCost *pairs;
        HostCost *host_costs;
        MoveCost *move_costs;
        DistanceCost *distance_costs;
        ServiceMoveCost *service_moves;
        RuleCost *rules;
        AllowedCost *alloweds;
        PlacementCost *placement_costs;
        ArrivalCost *arrival_costs;
        UseCost *use_costs;
        DeviationCost *deviations;
        uint32_t n_arrival_costs, n_use_costs, n_placement_costs, n_alloweds, n_lines, n_squares, n_pairs,
                n_host_costs, n_move_costs, n_distance_costs, n_service_moves, n_rules, n_deviations;
} Terms;

int terms_add_line(Terms *t, LineCost term) must_check;
int terms_add_square(Terms *t, SquareCost term) must_check;
int terms_add_pair(Terms *t, PairCost term) must_check;
int terms_add_host_cost(Terms *t, HostCost term) must_check;
int terms_add_move_cost(Terms *t, MoveCost term) must_check;
int terms_add_distance_cost(Terms *t, DistanceCost term) must_check;
int terms_add_service_move(Terms *t, ServiceMoveCost term) must_check;
int terms_add_allowed(Terms *t, AllowedCost term) must_check;
int terms_add_rule(Terms *t, RuleCost term) must_check;
int terms_add_placement_cost(Terms *t, PlacementCost term) must_check;
int terms_add_arrival_cost(Terms *t, ArrivalCost term) must_check;
int terms_add_use_cost(Terms *t, UseCost term) must_check;
int terms_add_deviation(Terms *t, DeviationCost term) must_check;

/* Shares of capacity in fixed point: 1.0 is SHARE_ONE. A host that is full in one resource of weight 1 and of
 * mean size costs SHARE_ONE. Precision 1/65536 of a host; shares over 16 count as 16. */
#define SHARE_ONE         (INT64_C(1) << 16)
#define SHARE_MAX         (SHARE_ONE << 4)
#define SQUARE_WEIGHT_MAX 10000

/* 2^63 / capacity: a share is then a multiplication. 0 for a host that has none of it. */
static inline uint64_t share_reciprocal(int64_t capacity) {
        return capacity > 0 ? (UINT64_C(1) << 63) / (uint64_t) capacity : 0;
}

static inline int64_t share_of(int64_t quantity, uint64_t reciprocal) {
        const unsigned __int128 share = ((unsigned __int128) (uint64_t) quantity * reciprocal) >> 47;

        return share < (uint64_t) SHARE_MAX ? (int64_t) share : SHARE_MAX;
}

/* weight × capacity / mean capacity, so that hosts of all sizes are filled alike; at least 1 where weight is.
 */
int64_t share_factor(int64_t weight, int64_t capacity, int64_t mean);

/* factor × share², the share in whole grains. quantity < 0 counts as 0. */
static inline int64_t share_square(int64_t quantity, uint64_t reciprocal, int64_t factor, int64_t grain) {
        int64_t share;

        if (quantity <= 0)
                return 0;
        share = share_of(quantity, reciprocal) & -grain;
        return (share * share * factor) >> 16;
}

/* How far a rule is broken at x, counted from its definition; 0: it holds. apart: VMs beyond one, over all
 * domains. together: domains beyond one. spread: domains short of k. span: domains beyond k, VMs on hosts that are emptied
 * aside. near: VMs of group without one of
 * group_b near. VMs that are nowhere yet are in no domain, and not alone. */
int64_t rule_broken(const Problem *p, const GroupRule *rule, const Assignment *x);

/* All rules of a kind: a rule that must hold costs 1 a piece in TIER_REPAIR, a soft one RULE_UNIT × weight in
 * TIER_BALANCE. At weight 100 a soft rule is worth about eight usual moves. */
#define RULE_UNIT 1000

/* What breaking a rule costs that is waived for a VM that must leave its host, in TIER_LOAD: more than all hosts above
 * their lines, as far as that matters. */
#define WAIVED_PRICE (INT64_C(1) << 32)
int terms_add_rules(Terms *t, const Problem *p, RuleKind kind, Reason reason) must_check;
void rules_total(const Problem *p, RuleKind kind, const Assignment *x, Costs *ret);

/* A rule of the kind that must hold and that m would break further, by counting. */
bool rules_refuse(const Problem *p, RuleKind kind, Assignment *x, Move m);
