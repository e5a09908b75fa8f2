/* SPDX-License-Identifier: Apache-2.0 */
/* What a descent reads most, as plain columns: the evened resources of hosts and VMs, as floating numbers,
 * VMs of a host side by side. They only choose what is worth an exact look; what is made is decided by the
 * evaluator's integers.
 *
 * Evening out one resource costs curve × load² a host. So what a VM of size n changes on its way from a to b
 * is Σ n × (bend × n + tilt), bend = curve(a) + curve(b), tilt = slope(b) − slope(a), slope = 2 × curve ×
 * load: two multiplications a resource, whatever the hosts hold.
 *
 * The same numbers from every compiler: only + − × ÷ of doubles, in the order written (-ffp-contract=off).
 * Threads: columns of different hosts may be changed by different threads; so may their VMs. Inside decide/
 * only.
 *
 * Units: the problem's own, as doubles. Owner: the arena. Errors: -ENOMEM.
 */
#pragma once

#include "scheduler/decide/cost/evaluator.h"

typedef struct VmOnHost {
        VmIx vm;
        HostIx home;
} VmOnHost;

/* The VMs of a host that may move. */
typedef struct VmsOnHost {
        uint32_t n, size, n_away; /* n_away: not at home */
        VmOnHost *at;
        double *row; /* [seat × stride] need of each evened resource, then the price of leaving */
} VmsOnHost;

typedef struct Columns {
        const Evaluator *e;
        uint32_t n, stride, r[PROBLEM_RES_MAX]; /* evened resources; stride = n + 1 */
        bool whole;                    /* the columns say all there is of TIER_BALANCE, soft rules aside */
        double least_price;            /* of leaving home */
        const int64_t *away;           /* [vm] price of not being at home, or NULL */
        double *curve, *slope, *spare; /* [host × n]; spare: below every line and the capacity */
        VmsOnHost *vms_on_host;        /* [host] */
        bool *wishes;                  /* [vm] in a soft rule, or NULL: none is */
} Columns;

/* 0 or -ENOMEM. In `a`. */
int columns_build(Arena *a, const Evaluator *e, Columns *ret) must_check;

/* The evaluator has made m: 0, or -ENOMEM for a host that got more VMs than there were seats (from `a`). */
int columns_move(Columns *c, Arena *a, Move m) must_check;
