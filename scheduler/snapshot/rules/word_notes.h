/* SPDX-License-Identifier: Apache-2.0 */
/* Words of a selection that select nothing, named with the nearest right one: a typo in a list is silent otherwise, since
 * the other words select something. Inside rules/ only. Pure.
 *
 * Units: none. Owner: the arena of the RuleApply. Errors: -ENOMEM. Threads: one for each RuleApply.
 */
#pragma once

#include "scheduler/snapshot/rules/rule_writer.h"

/* Where words stand: "rule pair (settings, line 2)". item NULL, or of no line: its name alone. NULL: no room. */
const char *word_notes_place(Arena *a, const char *what, const char *name, const ListItem *item);

/* A note for each word that selects nothing: a name, group or label that is not there, a pattern that nothing fits. Of
 * exceptions only those without wildcards: "!web-test*" is a provision. A host that is there and runs no VM is no such
 * word. At most WORD_NOTES_MAX of one selection, then how many more. */
#define WORD_NOTES_MAX 20
int word_notes(RuleApply *apply, const char *place, const Selection *sel, SelectFrom from) must_check;
