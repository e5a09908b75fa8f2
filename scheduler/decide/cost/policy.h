/* SPDX-License-Identifier: Apache-2.0 */
/* A policy: one opinion on where VMs should run — a hard rule, a goal, or both.
 *
 * To add one: write policies/NAME.c, which ends with `const Policy policy_NAME = {…}`, and add the line
 * POLICY(NAME) to policies/policies.def. Settings, help and manual come from its own table.
 *
 * A policy says what it wants twice. state() puts it into terms (terms.h), the small vocabulary that the
 * search evaluates tens of millions of times a second. total() computes it from its definition, slowly and
 * plainly. The contract test holds the two together, on thousands of random problems: after any moves, the
 * terms' cost is the total's, exactly; a move is refused for a rule only if it would break it further.
 *
 * Pure: no I/O, clock, globals; memory only from the arena. Threads: any.
 */
#pragma once

#include "scheduler/decide/cost/terms.h"
#include "scheduler/model/plan.h"
#include "scheduler/model/settings.h"

typedef struct Policy {
        const char *name;           /* also the section of its settings */
        const char *summary;        /* one line */
        const SettingDef *settings; /* ends with name NULL; NULL: none */

        /* Adds the policy's terms for this problem. `s` NULL: the defaults. 0 or negative errno. */
        int (*state)(const Problem *p, const Settings *s, Terms *t);

        /* Adds the policy's cost of x to *ret, from the definition. NULL: it only refuses. */
        void (*total)(const Problem *p, const Settings *s, const Assignment *x, Costs *ret);
} Policy;

typedef struct PolicySet {
        const Policy *const *policies;
        uint32_t n;
} PolicySet;

/* A policy's setting; its default when there are no settings (s NULL). */
int64_t policy_setting(const Policy *policy, const Settings *s, const char *name);

/* All terms of a set. 0; -ENOMEM; what a policy's state() said. In `a`. */
int policies_state(Arena *a, const Problem *p, PolicySet policies, const Settings *s, Terms **ret) must_check;

/* The cost of x, each policy asked in turn. */
Costs policies_total(PolicySet policies, const Problem *p, const Settings *s, const Assignment *x);
