/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that VMs state by themselves, in their labels (from libvirt metadata, docs/labels.md):
 *
 *   apart:web=host    together:app=rack should 50    spread:web=2 zone     about the group of that name
 *   rule:never-move=yes   rule:move-only=night   rule:move-most=2   rule:priority=800
 *   rule:on=h1 h2   rule:not-on=rack:old should 100                        about the VMs that have the label
 *
 * The same label on several VMs is one rule. Pure.
 *
 * Units: none. Owner: the arena; it refers to the snapshot. Errors: -ENOMEM. Threads: any, each its own
 * arena.
 */
#pragma once

#include "scheduler/model/rule_set.h"

/* Rules in the order of their labels; a label that cannot be read is a note. In `a`. 0 or -ENOMEM. */
int label_rules_read(Arena *a, const Snapshot *s, const RuleSet **ret) must_check;
