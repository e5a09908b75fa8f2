/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a move's sentence share: plan_why.c (hosts), plan_why_rules.c (rules, wishes, traffic).
 */
#pragma once

#include "scheduler/decide/plan/plan_parts.h"

typedef struct Why {
        const Planning *pl;
        const Evaluator *e; /* just before the step */
        const StoryStep *step;
        Arena *arena;
        const char *vm, *from, *to;
} Why;

/* The rule between VMs whose cost the step lessens most: of those that must hold, or of the wishes (must:
 * false). NULL: none. *ret_gain: by how much, < 0. */
const GroupRule *why_rule(const Why *w, bool must, Cost *ret_gain);

/* What the step changes of wishes about hosts; of the price of VMs that talk. */
Cost why_wish_gain(const Why *w);
Cost why_traffic_gain(const Why *w, VmIx *ret_partner);

/* Sentences. NULL: the arena is full. */
const char *why_rule_kept(const Why *w, const GroupRule *rule);
const char *why_wish(const Why *w);
const char *why_traffic(const Why *w, VmIx partner);
const char *why_host_rule(const Why *w);

/* The VM moves with others that a rule keeps with it; NULL: it does not, or there is no memory (*ret_r). */
const char *why_block(const Why *w, int *ret_r);
