/* SPDX-License-Identifier: Apache-2.0 */
/* The frontier: what the best plan gains for what it may cost, at a series of budgets. Pure.
 *
 * The planner makes plans under many caps, by itself; frontier_settle() makes one curve of them, which never
 * falls: each budget gets the best of all plans that fit it, whichever cap they were made with.
 *
 * Gained: of each tier's way from doing nothing to the least cost on the curve the share that is done, and of
 * those shares the mean over the tiers in which the curve gains: FRONTIER_ALL is all that is to be had. Where
 * a plan that is better in an earlier tier gives some of a later one back, it stays at what a smaller budget
 * has reached.
 *
 * Knee: the point furthest above the straight line from the first point to the last one, in price and in what
 * is gained (Satopää, Albrecht, Irwin, Raghavan: Finding a "Kneedle" in a Haystack, ICDCSW 2011, where the
 * curve is its own fit). In integers; of two that are as far, the cheaper one.
 *
 * Units: moves, MiB or ms, by FrontierPrice; Cost: no unit. Owner: points are the caller's. Errors: none.
 * Threads: any.
 */
#pragma once

#include "scheduler/model/plan.h"

#define FRONTIER_ALL    1000000
#define FRONTIER_NO_CAP INT64_MAX
#define FRONTIER_POINTS 48 /* more than frontier_budget() has up to 10^15 */

/* What a plan is paid in. */
typedef enum FrontierPrice {
        FRONTIER_MOVES,
        FRONTIER_MIB, /* memory of the VMs that move */
        FRONTIER_MS,  /* predicted, from the first move's start to the last one's end */
        FRONTIER_PRICE_N,
} FrontierPrice;

typedef struct FrontierPoint {
        int64_t budget;         /* in units of the price, FRONTIER_NO_CAP for none */
        FrontierPrice found_by; /* the cap that the planner was given for this plan: */
        int64_t found_with;     /* max_moves, max_mib or max_ms; FRONTIER_NO_CAP: none */
        PlanStatus status;
        uint32_t moves, waves, over_limit, refused, n_res;
        int64_t price[FRONTIER_PRICE_N];
        int64_t bytes;
        Costs costs; /* after the plan */
        Spread spread[PROBLEM_RES_MAX];
        Score before, after;
        bool guard_fired; /* in the planning of this plan: another run may find another one */
        int64_t gained;   /* of FRONTIER_ALL; set by frontier_settle() */
} FrontierPoint;

/* 0, 1, 2, 5, 10, 20, 50 … : the i-th budget, times `unit`. i < FRONTIER_POINTS - 1. */
int64_t frontier_budget(uint32_t i, int64_t unit);

/* What there is to tell of a plan made with a cap on `by`; the plan may be thrown away then. The policies'
 * parts before and after it are copied to `policies`, 2 × plan->n_policies of them. */
FrontierPoint frontier_point(const Snapshot *s, const Plan *plan, FrontierPrice by, int64_t cap,
                             Costs *policies);

/* Points have rising budgets and nothing else; each gets the best plan of the pool within its budget, the
 * cheaper one of two as good, and what that has gained. The pool has a plan within the first budget. Returns
 * the knee, or n when there is none: no point is above the line. */
uint32_t frontier_settle(FrontierPoint *points, uint32_t n, const FrontierPoint *pool, uint32_t n_pool,
                         FrontierPrice by);
