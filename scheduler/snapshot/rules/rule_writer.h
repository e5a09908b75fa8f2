/* SPDX-License-Identifier: Apache-2.0 */
/* A snapshot while rules are put on it: what the kinds of rules (rule_kinds.c) write with. Inside rules/
 * only. Pure.
 *
 * Units: none. Owner: the arena of the RuleApply. Errors: -ENOMEM. Threads: one for each RuleApply.
 */
#pragma once

#include "scheduler/model/rule_set.h"

typedef struct RuleApply {
        Arena *arena;
        const RuleSet *set; /* windows by name */
        Snapshot *s;        /* the new one */
        Host *hosts;        /* s->hosts, while they are written */
        Vm *vms;
        Rule *rules;
        uint32_t rules_room, notes_room;
        const char **notes;
} RuleApply;

/* The VMs that the rule selects. *ret_n is 0 when there are none, and then that is noted. */
int rule_apply_vms(RuleApply *apply, const RuleSpec *spec, const VmIx **ret, uint32_t *ret_n) must_check;

/* Adds a rule to the snapshot, or puts it in the place of one of its name. */
int rule_apply_add(RuleApply *apply, Rule rule) must_check;

/* Adds a note; -ENOMEM when `text` is NULL. */
int rule_apply_note(RuleApply *apply, const char *text) must_check;

/* The VM may not move, for a reason an operator gave, unless it may be moved for nothing else already. */
void rule_apply_hold(RuleApply *apply, VmIx v, Hold hold, const char *why);
