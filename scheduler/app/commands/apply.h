/* SPDX-License-Identifier: Apache-2.0 */
/* Planning and carrying out from a terminal: what `plimsoll apply` and `plimsoll evacuate` share
 * (cmd_apply.c).
 *
 * Units: none. Owner: all is the caller's. Errors: an ExitStatus; what is wrong was said. Threads: the main
 * one.
 */
#pragma once

#include "scheduler/app/commands/facts.h"
#include "scheduler/app/round/round.h"
#include "scheduler/snapshot/build/what_if.h"

/* Plans for facts->snapshot, in which `suppose` (or NULL) is true already; shows the plan, asks, and moves. `about`: hosts
 * whose VMs alone are to move, with what must make way for them (PlanRequest.about); none: the cluster.
 * Each start is judged on fresh facts with `suppose` put on them. Options: those of SOURCE_OPTIONS,
 * PLAN_OPTIONS, "all", "yes", "json". */
ExitStatus apply_what_if(Invocation *in, const Facts *facts, const WhatIf *suppose, Strings about);

/* Carries out what was decided and shown already: asks, and moves. The wish of the input's request is a person's: its VM
 * counts as moved by hand (docs/operations.md). Options: "yes", "json". */
ExitStatus apply_decided(Invocation *in, const Facts *facts, const RoundInput *input, const Round *round);

/* A person's yes to so many moves: EXIT_DONE; else nothing is to be moved, and that was said. Options: "yes". */
ExitStatus apply_ask(Invocation *in, uint32_t moves);
