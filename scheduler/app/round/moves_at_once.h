/* SPDX-License-Identifier: Apache-2.0 */
/* Moves of a plan that nobody has made waves of by the model (one written by hand): what is not known of them
 * is predicted, and how many of them run at once follows from what is fixed of a migration and what it sends,
 * as in waves that are planned (decide/order/wave_links.h).
 *
 * Owner: everything is in the arena it is made in; the snapshot must outlive it. Threads: one.
 *
 * Units: kbit/s, ms by suffix. Errors: -ENOMEM.
 */
#pragma once

#include "scheduler/app/round/mover.h"

/* A move of which nobody says what it takes gets the model's prediction, of the way as it is free; one that
 * would not end stays without. 0 or -ENOMEM. */
int moves_predict(Arena *a, const Snapshot *s, const Settings *settings, MoveOrder *io,
                  uint32_t n) must_check;

typedef struct MovesAtOnce MovesAtOnce;

/* By settings "plan.moves_…" and, where they say nothing, by the model. 0 or -ENOMEM. */
int moves_at_once_new(Arena *a, const Snapshot *s, const Settings *settings, const MoveOrder *moves,
                      uint32_t n, MovesAtOnce **ret) must_check;

/* Whether `move` may run beside those of which runs[] is true. Beside none it always may. */
bool moves_at_once_allow(MovesAtOnce *once, uint32_t move, const bool *runs);
