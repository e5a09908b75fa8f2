/* SPDX-License-Identifier: Apache-2.0 */
/* The cluster laid out for the search: plain columns, integers, indexes; no names, no units to convert.
 *
 * Built from a Snapshot and the settings (decide/problem/problem_build.h), or from a benchmark file
 * (snapshot/import/roadef_file.h). Const during a search: an Assignment is the only thing a search changes.
 *
 * Row-major: quantity r of host h is at [h * n_res + r], of VM v at [v * n_res + r].
 * Sums over a host never pass QUANTITY_MAX × VMS_MAX < 2^63.
 *
 * Units: the problem's own: what its builder says; Cost: no unit. Owner: the arena. Errors: -ENOMEM from
 * assignment_build() alone. Threads: a Problem any, const; an Assignment one.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/reason.h"

#define PROBLEM_RES_MAX 28

/* Goals in their order: no gain in a later tier pays for a loss in an earlier one (docs/optimizer.md). */
typedef enum Tier {
        TIER_REPAIR,   /* hard rules broken now: repaired, never worsened */
        TIER_EVACUATE, /* hosts to be emptied: fault grade × VM weight */
        TIER_LOAD,     /* use above the load line */
        TIER_BALANCE,  /* balance, soft rules, less the price of moving */
        TIER_N,
} Tier;
extern const char *const tier_names[TIER_N]; /* "repair", "evacuate", "load", "balance" */

typedef int64_t Cost; /* integer on purpose: exact deltas, and the same plan on every machine */

typedef struct Costs {
        Cost tier[TIER_N];
} Costs;

static inline Costs costs_add(Costs left, Costs right) {
        for (int t = 0; t < TIER_N; t++)
                left.tier[t] += right.tier[t];
        return left;
}

/* <0, 0, >0: lexicographic. */
static inline int costs_compare(const Costs *left, const Costs *right) {
        for (int t = 0; t < TIER_N; t++)
                if (left->tier[t] != right->tier[t])
                        return left->tier[t] < right->tier[t] ? -1 : 1;
        return 0;
}

/* Whether a host may take VMs, and whether its VMs should leave. REASON_NONE: it may take them. */
typedef struct HostRole {
        Reason no_entry;  /* REASON_NONE, HOST_CORDONED, HOST_MAINTENANCE, … */
        bool no_exit;     /* its VMs stay (excluded, offline) */
        int64_t evacuate; /* weight of each VM that is on it: 0 for none */
} HostRole;

typedef struct Group {
        const VmIx *vms;
        uint32_t n_vms;
} Group;

/* A rule over groups. RULE_ON and RULE_NOT_ON do not appear here: they are in `allowed`. */
typedef struct GroupRule {
        RuleKind kind;
        Level level;
        uint32_t group, group_b; /* group_b: RULE_NEAR, RULE_AVOID */
        uint32_t k;
        bool must;
        bool waived; /* for its VMs that Problem.waives names; then it costs in TIER_LOAD */
        int64_t weight;
        uint32_t source; /* which of the snapshot's rules it is */
} GroupRule;

/* Whether rules of the kind are about two groups. An "avoid" of a snapshot is two rules here, one each way:
 * each counts the VMs of `group` in a domain with one of `group_b`, so that every VM that leaves helps. */
static inline bool rule_has_two_groups(RuleKind kind) {
        return kind == RULE_NEAR || kind == RULE_AVOID;
}

/* Wanted: free(r2) ≥ target × free(r1); each unit short costs `weight` (ROADEF's balance cost). */
typedef struct BalancePair {
        uint32_t r1, r2;
        int64_t target, weight;
} BalancePair;

/* Wanted: a small standard deviation over hosts of (load[r] − zero) ÷ unit. The unit decides what is evened
 * out: what the host has (shares of its size), or the same for all hosts (amounts). */
typedef struct DeviationGoal {
        uint32_t r;
        int64_t weight;
        const int64_t *unit; /* [host]; 0: the host takes no part */
        const int64_t *zero; /* [host] load that does not count (below 0: counts more); NULL: 0 */
} DeviationGoal;

/* What must stay free for the loss of hosts (decide/cost/reserve_cover.h has the definition). */
#define RESERVE_LOSSES_MAX 4
typedef struct ReserveGoal {
        uint32_t losses;       /* domains of `level` that may be lost at once; 0: none */
        uint32_t losses_asked; /* by the settings: more than `losses` when the cases would be too many */
        Level level;
        int64_t share_permille; /* of CPU and memory, free in sum; 0: none */
        Level share_level;      /* in each domain of it; LEVEL_N: of the cluster */
        const VmIx *by_size;    /* [vm] the largest first */
        const uint32_t *rank;   /* [vm] its place in by_size */
        const bool *counts;     /* [vm] it could be started elsewhere at all */
        const bool *spends; /* [vm] moving it is worth more than the reserve: it must leave its host, or mends
                               a rule */
        const bool *
                spends_wave; /* [vm] the same by the snapshot alone, whoever plans and however far the plan is: each
                                    wave is judged by that. NULL: as `spends` */
        const bool *deadline_exempt; /* [vm] leaving a host to be emptied does not wait for the reserve */
        const uint32_t *domains;     /* [n_domains] of `level` with a host that may be lost, ascending */
        uint32_t n_domains;
        int64_t mean[RES_MEMORY + 1]; /* capacity of the mean host */
} ReserveGoal;

/* Hosts are emptied, so that they may be powered off (plan.goal: pack). */
typedef struct PackGoal {
        const int64_t
                *cost; /* [host] what it costs in TIER_BALANCE that VMs are on it; 0: nobody empties it */
        const int64_t *line; /* [host × res] to which hosts are filled to empty others: not above the limit */
        uint32_t keep_free;  /* idle hosts that stay on */
        uint32_t least_used; /* hosts that stay in use */
} PackGoal;

/* How the transient resources are held while VMs move. */
typedef enum TransientMode {
        TRANSIENT_WAVES,    /* in order: a wave's moves hold both sides, earlier ones have let go (waves.h) */
        TRANSIENT_TOGETHER, /* all at once: initial and new use together fit (ROADEF/EURO 2012) */
} TransientMode;

typedef struct Problem {
        const Snapshot
                *snapshot; /* what it was built from, host for host and VM for VM: names and labels, for
                                     policies that go by them; NULL: a benchmark */
        uint32_t n_hosts, n_vms, n_res;
        bool transient[PROBLEM_RES_MAX];
        Reason lacks[PROBLEM_RES_MAX]; /* what a host without room says; REASON_NONE: NO_ROOM */
        TransientMode transient_mode;
        const int64_t *capacity; /* [host × res] hard */
        const int64_t *limit;    /* [host × res] the load line (safety capacity), ≤ capacity */
        const int64_t *fill; /* [host × res] up to which VMs may be moved to it, ≤ capacity; NULL: capacity */
        const int64_t *base; /* [host × res] held by what is not a VM of the problem */
        const int64_t *need; /* [vm × res] */
        const int64_t
                *size_mib;  /* [vm] of its guest: what a move of it is in MiB; NULL: its need of RES_MEMORY */
        const HostIx *home; /* [vm] where it runs now; IX_NONE: nowhere yet (decide/trial.h) */
        const Reason *pinned;  /* [vm] REASON_NONE: it may move */
        const HostRole *roles; /* [host] */
        const int64_t *leave;  /* [vm] its weight while it is on a host to be emptied: 0 for one that may
                                    stay, since it does not use what is failing; NULL: the host's */

        const uint8_t *grade;  /* [host] fault grade, where some host is watched (grade 1); NULL: none is */
        const bool *mends;     /* [vm] moving it mends a rule or an overfull host: then it may go to a host of
                                  a worse grade than its own. Only where `grade` is */
        const uint32_t *first; /* [vm] of those as urgent, the lower leaves first; NULL: all the same */

        /* A VM's class of hosts it may run on: allowed[class_of[v]] is a bit set over hosts; NULL: all. */
        const uint32_t *class_of; /* [vm], or NULL: every VM is of class 0 */
        const uint64_t *const *allowed;
        const Reason *const *denied; /* [class][host] why not, or NULL where allowed is NULL */
        const uint64_t *const *
                passable; /* [class] bit set, or NULL: hosts that only rules about hosts deny it, each of which
                                            forbids its VMs' host in the snapshot as well: no further breach. NULL: none */
        uint32_t n_classes;
        const uint8_t *const
                *barred; /* [vm] NULL, or [host] why it may not come there (a Reason) while a VM that
                                         shares a rule with it is in flight; NULL: none is */

        const uint32_t *domain[LEVEL_N]; /* [host] → its rack, zone …; LEVEL_HOST is NULL: the host itself */
        uint32_t n_domains[LEVEL_N];

        const Group *groups;
        const GroupRule *rules;
        uint32_t n_groups, n_rules;
        const uint32_t *groups_of_start; /* [vm + 1] into groups_of: the groups of each VM */
        const uint32_t *groups_of;

        /* VMs that talk (policy `traffic`): `together` on groups of two, one a level at which being apart
         * makes their way longer; `weight` is its price there in TIER_BALANCE. Not in `rules`. */
        const GroupRule *talks;
        uint32_t n_talks;

        const ReserveGoal *reserve; /* NULL: none */
        const PackGoal *pack;       /* NULL: VMs are spread */

        /* Weights of the goals. NULL: none. 100 is the normal weight of a resource, save in one_tier. */
        bool one_tier;              /* load, balance and prices are one sum in TIER_BALANCE, the excess over
                                       `limit` counts linearly in units of the resource (ROADEF/EURO 2012);
                                       else the excess is squared, in TIER_LOAD */
        const int64_t *load_weight; /* [res] of excess over `limit` (0: none) */
        const int64_t *balance_weight; /* [res] of squared relative load (0: none) */
        const int64_t
                *unsteady; /* [host × res] of `base`, at most: what is no ground for balance; NULL: nothing */
        const BalancePair *pairs;
        uint32_t n_pairs;
        const DeviationGoal *deviations; /* in TIER_BALANCE, beside or in place of balance_weight */
        uint32_t n_deviations;
        const int64_t *move_price; /* [vm] when it is not at home, 100: a usual VM; NULL: 100 each */
        int64_t move_weight;       /* × move_price (wPMC in one_tier; else percent, see policy `stay`) */
        const int64_t *stay_wish;  /* [vm] weight of wishes that it stays at home; NULL: none */
        const bool *
                waives; /* [vm] it must leave its host: rules that are waived then refuse it nothing; NULL: no rule is */
        const uint32_t *waive_of; /* [vm] its class of waived rules about hosts, or NULL: there are none */
        const int64_t *const *waive_cost; /* [class][host] how many of them the host breaks; NULL: 0 */
        const uint32_t *wish_of;          /* [vm] its class of wishes about hosts, or NULL: there are none */
        const int64_t *const
                *wish_cost;         /* [class][host] weight of those that the host disappoints; NULL: 0 */
        const uint32_t *service_of; /* [vm] for the largest-number-of-moves price, or NULL */
        uint32_t n_services;        /* (wSMC: × most moved VMs of one service) */
        const Group *services;      /* [service] its VMs: service_of the other way; NULL where that is */
        int64_t service_weight;
        const int64_t *distance; /* [from host × to host] price of the way, or NULL */
        int64_t distance_weight; /* (wMMC) */

        uint32_t threshold;  /* plan.threshold; 0: it was not asked (benchmarks) */
        uint32_t tiers_left; /* the last so many tiers choose where a VM goes, and are no reason to move one
                                (plan.threshold) */
} Problem;

/* The last tier that is a reason to move a VM. */
static inline Tier problem_last_tier(const Problem *p) {
        return (Tier) ((uint32_t) TIER_N - 1 - p->tiers_left);
}

/* Where each VM is, with the sums a search needs. Changed by assignment_move() only. */
typedef struct Assignment {
        const Problem *problem;
        HostIx *host_of; /* [vm]; IX_NONE: nowhere yet */
        int64_t *load;   /* [host × res]: base + need of the VMs on it */
        int64_t *spare;  /* [host × res] scratch of definitions, zero between uses; NULL without a reserve */
} Assignment;

typedef struct Move {
        VmIx vm;
        HostIx from, to; /* assignment_move(): from IX_NONE, the VM enters; to IX_NONE, it leaves */
} Move;

/* Every VM at home. 0 or -ENOMEM. */
int assignment_build(Arena *a, const Problem *p, Assignment **ret) must_check;
void assignment_move(Assignment *x, Move m);

static inline const int64_t *problem_need(const Problem *p, VmIx v) {
        return p->need + (size_t) v * p->n_res;
}

/* How large v is where moves are counted in MiB. Of a problem with RES_MEMORY. */
static inline int64_t problem_mib(const Problem *p, VmIx v) {
        return p->size_mib ? p->size_mib[v] : problem_need(p, v)[RES_MEMORY];
}

static inline const int64_t *problem_capacity(const Problem *p, HostIx h) {
        return p->capacity + (size_t) h * p->n_res;
}

/* Up to which VMs may be moved to h. */
static inline const int64_t *problem_fill(const Problem *p, HostIx h) {
        return (p->fill ? p->fill : p->capacity) + (size_t) h * p->n_res;
}

static inline const int64_t *assignment_load(const Assignment *x, HostIx h) {
        return x->load + (size_t) h * x->problem->n_res;
}

/* The weight of v being on h: 0 where nothing asks it to leave. */
static inline int64_t problem_leave(const Problem *p, VmIx v, HostIx h) {
        const int64_t weight = p->roles[h].evacuate;

        return weight > 0 && p->leave ? p->leave[v] : weight;
}

/* Why the class of v keeps it off h: networks, pools, CPU, rules. REASON_NONE: it does not. */
static inline Reason problem_class_denies(const Problem *p, VmIx v, HostIx h) {
        const uint32_t c = p->class_of ? p->class_of[v] : 0;

        if (p->n_classes > 0 && p->allowed[c] && !(p->allowed[c][h / 64] >> (h % 64) & 1))
                return p->denied[c][h];
        return REASON_NONE;
}

/* Only rules about hosts keep v off h, and those forbid its own host as well: it breaks none further there. */
static inline bool problem_passes(const Problem *p, VmIx v, HostIx h) {
        const uint64_t *passable = p->passable ? p->passable[p->class_of ? p->class_of[v] : 0] : NULL;

        return passable && passable[h / 64] >> (h % 64) & 1;
}

/* Why v may not run on h by itself, whoever else is there: class of hosts, role, and a fault grade worse than
 * that of its own host. What must leave its host may go to another that a rule forbids as it does its own.
 * REASON_NONE: it may. */
static inline Reason problem_denied(const Problem *p, VmIx v, HostIx h) {
        if (p->roles[h].no_entry != REASON_NONE)
                return p->roles[h].no_entry;
        if (p->grade && p->home[v] != IX_NONE && p->grade[h] > p->grade[p->home[v]] && !p->mends[v])
                return REASON_HOST_WATCHED;
        if (p->barred && p->barred[v] && p->barred[v][h] != REASON_NONE)
                return (Reason) p->barred[v][h];
        if (p->passable && p->home[v] != IX_NONE && problem_leave(p, v, p->home[v]) > 0 &&
            problem_passes(p, v, h))
                return REASON_NONE;
        return problem_class_denies(p, v, h);
}

/* Mean capacity of resource r over all hosts, at least 1. */
int64_t problem_mean_capacity(const Problem *p, uint32_t r);

/* VMs on h do not count for rules of the kind: it is emptied, and they are about to leave it. */
static inline bool rule_skips(const Problem *p, RuleKind kind, HostIx h) {
        return kind == RULE_SPAN && p->roles[h].evacuate > 0;
}

/* The rule refuses v nothing: v must leave its host. */
static inline bool rule_waived_for(const Problem *p, const GroupRule *rule, VmIx v) {
        return rule->waived && p->waives && p->waives[v];
}

/* The domain of level l that host h is in. */
static inline uint32_t problem_domain(const Problem *p, Level l, HostIx h) {
        return p->domain[l] ? p->domain[l][h] : h;
}

/* Load as permille of capacity, at most 1000000. */
int64_t load_permille(int64_t load, int64_t capacity);
