/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that run nowhere yet (Problem.home IX_NONE), tried on the evaluator: what evaluator_refuse(),
 * evaluator_delta() and evaluator_move() are to a move, for a VM that comes from nowhere. Costs are exact in the same way: the
 * difference of policies_total() with and without the VM. Inside decide/. Threads: as the evaluator's.
 *
 * Units: Cost: no unit. Owner: the evaluator is the caller's. Errors: none.
 */
#pragma once

#include "scheduler/decide/cost/evaluator.h"

/* Why v may not start on `to`, or REASON_NONE. v is nowhere. */
Reason evaluator_enter_refuse(const Evaluator *e, VmIx v, HostIx to);

/* What v on `to` would cost. Exact unless it is refused for a rule. */
Costs evaluator_enter_delta(const Evaluator *e, VmIx v, HostIx to);

/* The same, the reserve aside: that is dear to ask. */
Costs evaluator_enter_cheap(const Evaluator *e, VmIx v, HostIx to);

/* Puts v there; takes it away again. The caller has asked evaluator_enter_refuse(). */
void evaluator_enter(Evaluator *e, VmIx v, HostIx to);
void evaluator_leave(Evaluator *e, VmIx v);
