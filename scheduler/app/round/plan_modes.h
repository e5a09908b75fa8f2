/* SPDX-License-Identifier: Apache-2.0 */
/* Moves of a plan that the service leaves to a person, because a rule says so of their VMs (VmMode), and those that need such a
 * move to be made before: for want of room or by a rule, as the judge says of the plan without them; or they gain nothing
 * without them. The others run by themselves.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/app/round/round.h"

/* io->plan with `held` of its moves. 0 or -ENOMEM. */
int plan_modes(Arena *a, const RoundInput *in, Round *io) must_check;
