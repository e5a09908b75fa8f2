/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations as they go: a line for each that runs and one for all of them, redrawn on a terminal; elsewhere a line for each start
 * and end. What has ended stays on the screen with what was predicted and what was measured.
 *
 * Owner: progress_begin() takes all from the arena. Threads: one.
 *
 * Units: bytes, ms by suffix. Errors: NULL from progress_begin() alone.
 */
#pragma once

#include "scheduler/app/round/mover.h"
#include "scheduler/app/terminal/screen.h"

typedef struct Progress Progress;

/* moves must outlive it. NULL: out of memory. */
Progress *progress_begin(Arena *a, const Screen *screen, const MoveOrder *moves, uint32_t n) must_check;

void progress_started(Progress *progress, uint32_t move);
void progress_seen(Progress *progress, uint32_t move, const MigrationStatus *status);
void progress_ended(Progress *progress, uint32_t move, const MoveOutcome *o);

/* A word to the person, above what is redrawn. */
void progress_say(Progress *progress, Style style, const char *text);

/* Draws what runs; at most five times a second unless `now`. */
void progress_draw(Progress *progress, bool now);
