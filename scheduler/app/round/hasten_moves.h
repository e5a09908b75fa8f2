/* SPDX-License-Identifier: Apache-2.0 */
/* Moves that go on although nobody leads them any more. Who shared their links out is gone, perhaps when they were at their
 * slowest, and one that is slower than its VM writes never ends by itself.
 *
 * Units: none. Owner: all is the caller's. Errors: none: what a host says to it is not waited for; the next round does it
 * again. Threads: any.
 */
#pragma once

#include "scheduler/app/round/settle_moves.h"
#include "scheduler/app/state/service_world.h"

/* Those of `list` that are under way may take, with the others that leave the same host, what migrations may take of its
 * link (migration.bandwidth); where nothing is set, what there is. VMs that are off need nothing. */
void hasten_moves(const ServiceWorld *world, const Settings *settings, const Settled *list, uint32_t n);
