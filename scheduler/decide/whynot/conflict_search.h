/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the VMs of a few rules have any placement at all on which these rules hold: by counting first, then
 * by trying (backtracking, hosts that are alike tried once), within a budget. Nothing is asked of loads,
 * costs or ways of getting there. What conflict.c searches with. Pure.
 *
 * Units: numbers of steps. Owner: `a` is scratch. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/time_limit.h"
#include "scheduler/model/problem.h"

/* Where a VM stands in a rule. */
typedef struct ConflictPart {
        uint32_t rule;
        bool other; /* among its near_vms */
} ConflictPart;

typedef struct ConflictRule {
        const Rule *written;
        uint32_t source;              /* index into Snapshot.rules */
        const uint32_t *vms, *others; /* of the space */
        uint32_t n_vms, n_others;
} ConflictRule;

/* The VMs, and all rules that must hold and are about them. */
typedef struct ConflictSpace {
        const Snapshot *s;
        const Problem *p;
        const VmIx *vms;
        const ConflictRule *rules;
        const uint32_t *start; /* [vm + 1] into parts: the rules between VMs that each stands in */
        const ConflictPart *parts;
        uint32_t n_vms, n_rules;
        TimeLimit time; /* when it is up, the answer is CONFLICT_UNKNOWN */
} ConflictSpace;

/* What is asked to hold together. */
typedef struct ConflictSet {
        bool *rules;  /* [n_rules] */
        bool *closed; /* [host] it takes no VM but those that are there */
        bool *bound;  /* [vm of the space] its networks, pools, CPU … keep it off hosts */
        bool *held;   /* [vm of the space] it stays where it is: conflict_holds() */
        bool *room;   /* [host] no more than it has */
} ConflictSet;

typedef enum ConflictAnswer {
        CONFLICT_NOT,     /* they hold together: there is such a placement */
        CONFLICT_PROVEN,  /* there is none */
        CONFLICT_UNKNOWN, /* the budget or the time ended first */
} ConflictAnswer;

/* Whether v may not be moved at all, for a reason that no waiting alone takes away: what it is attached to, a
 * rule that it never moves, a cool-down. Not: windows, measurements, migrations under way. */
bool conflict_holds(const Problem *p, VmIx v);

/* The answer in *ret; *steps is what may be tried, and what is left of it. 0 or -ENOMEM. */
int conflict_try(Arena *a, const ConflictSpace *space, const ConflictSet *set, uint64_t *steps,
                 ConflictAnswer *ret) must_check;

/* The places (domains of the rule's level) that are open to the rule's VMs under the set. 0 or -ENOMEM. */
int conflict_places(Arena *a, const ConflictSpace *space, const ConflictSet *set, uint32_t rule,
                    uint32_t *ret) must_check;
