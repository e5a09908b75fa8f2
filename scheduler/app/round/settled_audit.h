/* SPDX-License-Identifier: Apache-2.0 */
/* Journal and audit agree: what a leader began and did not finish stands in the audit as well, with who began it.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: a negative errno of the store, -ENOMEM; 1: another
 * leads. Threads: the store's.
 */
#pragma once

#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/settle_moves.h"

/* A move that was settled just now: an entry of its own, mode "settled". */
int settled_audit(Leadership *l, Arena *a, const Settings *settings, const Settled *settled) must_check;

/* When the lease is new: moves of others that ended within the last hour and that no entry of the audit has, since whoever
 * led died before it wrote its own: an entry for each such leader, mode "journal". *ret_n: moves. */
int settled_audit_catch_up(Leadership *l, Arena *a, const Settings *settings, uint32_t *ret_n) must_check;
