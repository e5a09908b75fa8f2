/* SPDX-License-Identifier: Apache-2.0 */
/* What is different where a person wants one VM moved (MoveWish), whoever carries it out: the command line, or the service that
 * leads.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM, NULL. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/app/round/round.h"

/* A cool-down keeps the cluster from moving a VM back and forth. Whoever asks for a move knows what they do: none holds it; how
 * often a rule lets the VM move within a day counts all the same, and so does a move whose end is not known. 0 or -ENOMEM. */
int move_wish_cool_downs(Arena *a, RoundInput *io) must_check;

/* Why a plan for a wish moves nothing, in words; refused: what the host says of the VM (explain.h), or NULL. Never NULL. */
const char *move_wish_why_not(const Round *round, const char *refused);
