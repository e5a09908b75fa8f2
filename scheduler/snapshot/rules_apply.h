/* What operators said, put onto a snapshot: places and headroom of hosts, groups, rules of the settings and
 * those that VMs state by their labels, windows as they stand at the snapshot's own time (taken_at). Pure.
 *
 * What selects nothing, or cannot be read from a label, is left out and said in Snapshot.notes: a fleet
 * changes, and one rule must not stop the others. A rule "on" whose hosts are gone holds its VMs where they
 * are. A rule of the settings takes the place of one of the same name that the snapshot has, so that applying
 * twice is applying once.
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

/* The snapshot with all of it, parted from VMs that are off and stay (off_vms.h); `s` itself when there is
 * nothing to say. set NULL: labels alone. In `a`. 0 or
 * -ENOMEM. */
int rules_apply(Arena *a, const Snapshot *s, const RuleSet *set, const Snapshot **ret) must_check;

/* ---- for the kinds ---- */

/* The VMs that the rule selects. *ret_n is 0 when there are none, and then that is noted. */
int rule_apply_vms(RuleApply *x, const RuleSpec *spec, const VmIx **ret, uint32_t *ret_n) must_check;

/* Adds a rule to the snapshot, or puts it in the place of one of its name. */
int rule_apply_add(RuleApply *x, Rule rule) must_check;

/* Adds a note; -ENOMEM when `text` is NULL. */
int rule_apply_note(RuleApply *x, const char *text) must_check;

/* The VM may not move, for a reason an operator gave, unless it may be moved for nothing else already. */
void rule_apply_hold(RuleApply *x, VmIx v, Hold hold, const char *why);
