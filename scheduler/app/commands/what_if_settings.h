/* SPDX-License-Identifier: Apache-2.0 */
/* What if the settings were others, and rules were not there: what --set and --without-rule suppose.
 *
 * Units: none. Owner: the arena; it refers to the facts. Errors: -EINVAL, -ENOMEM. Threads: any, each its own
 * arena.
 */
#pragma once

#include "scheduler/app/commands/facts.h"

typedef struct WhatIfSettings {
        const Snapshot *as_is; /* the facts, with the settings as they are without --set */
        const Settings *settings_as_is;
        const Snapshot *snapshot; /* with --set, without the rules of --without-rule */
} WhatIfSettings;

/* Some --set is of what plans are made by: rules, groups, hosts, windows, the cluster or a policy. */
bool what_if_settings_given(const Options *o);

/* 0; -EINVAL with *reterr_fault: no such rule; -ENOMEM. In `a`. */
int what_if_settings(Arena *a, const Options *o, const Facts *facts, WhatIfSettings *ret,
                     TextFault *reterr_fault) must_check;
