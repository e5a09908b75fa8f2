/* SPDX-License-Identifier: Apache-2.0 */
/* What no assignment can cost less than, found without searching: for each tier on its own, the sum over its
 * terms of the least each can be when only totals matter. So for every standing assignment x (solver.h) and
 * every tier t
 *         bound.tier[t] ≤ cost(x).tier[t],
 * and so bound is not above cost(x) lexicographically either.
 *
 *   lines     total load above total line, over what each host can take: the same figure as the published
 *             lower bounds of ROADEF/EURO 2012
 *   pairs     total shortfall
 *   squares   the least sum for the total load, by its Lagrangian dual (all hosts equally full), less what
 *             fixed point can round away: about one 65536th of a host each
 *   sits      what cannot leave: pinned VMs, VMs without a host to go to, and VMs beyond the room elsewhere
 *   rules     VMs beyond the number of domains; domains beyond the number there is
 *   reserve   0: the cases that can never be covered are not counted
 *   others    0: no move at all is priceless, and nothing broken that a move could mend is counted
 *
 * Units: Cost: no unit. Owner: scratch is given back. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/decide/cost/terms.h"

/* O(hosts · resources · 64 + VMs log VMs). 0 or -ENOMEM. Scratch from `a` is given back. */
int bound_aggregate(Arena *a, const Terms *t, Costs *ret) must_check;
