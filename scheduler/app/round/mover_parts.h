/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the mover share: mover.c (the run), mover_orders.c (what is to be moved, and what came of it),
 * mover_requests.c (what the executor is asked). For them only.
 *
 * Units: ms, kbit, MiB by suffix; usec_t, in microseconds. Owner: the arena; requests refer to their orders.
 * Errors: -ENOMEM from mover_requests() alone. Threads: as the mover: one.
 */
#pragma once

#include "scheduler/app/round/mover.h"

/* ---- mover_orders.c ---- */

/* Of one that has run. */
MoveMeasure mover_took(const MigrationStatus *s);

/* ---- mover_requests.c ---- */

/* What the executor is asked for each order, within the settings' limits, and what is known of its links. ret[n] in
 * `a`. 0 or -ENOMEM. */
int mover_requests(Arena *a, const MoverInput *in, const RunMove **ret) must_check;

/* How many at once, and whether waves may overlap, by the settings. */
RunOptions mover_run_options(const Settings *s);
