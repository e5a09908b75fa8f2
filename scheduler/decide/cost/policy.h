/* SPDX-License-Identifier: Apache-2.0 */
/* A policy: one opinion on where VMs should run — a hard rule, a goal, or both.
 *
 * To add one: write policies/NAME.c, which ends with `const Policy policy_NAME = {…}`, and add the line
 * POLICY(NAME) to policies/policies.def. Settings, help and manual come from its own table.
 *
 * A policy says what it wants twice. add_terms() puts it into terms (terms.h), the small vocabulary that the
 * search evaluates tens of millions of times a second. total() and refuses() say it by its definition, slowly
 * and plainly. The contract test holds the two together, on random problems that sample() has filled: after
 * any moves, the terms' cost is the total's, exactly, and what is refused is what refuses() says. It asks that
 * the policy bites there: one that states nothing fails. why() is its sentence, as data, on a move it gains by;
 * every fact in it is counted again by the tests.
 *
 * Nothing outside policies/ knows a policy by its name (tests/arrows/policies.sh).
 *
 * Pure: no I/O, clock, globals; memory only from the arena. Threads: any.
 *
 * Units: Cost: no unit; a setting's by its type. Owner: what is added lives in the arena. Errors: -ENOMEM, or
 * what a policy's add_terms() returned.
 */
#pragma once

#include "scheduler/base/prng.h"
#include "scheduler/decide/cost/terms.h"
#include "scheduler/model/plan.h"
#include "scheduler/model/settings.h"

typedef struct MoveView MoveView; /* cost/move_view.h */

typedef struct Policy {
        const char *name;           /* also the section of its settings */
        const char *summary;        /* one line */
        const SettingDef *settings; /* ends with name NULL; NULL: none */

        /* Adds the policy's terms for this problem. `s` NULL: the defaults. 0 or negative errno. */
        int (*add_terms)(const Problem *p, const Settings *s, Terms *t);

        /* Adds the policy's cost of x to *ret, from the definition. */
        void (*total)(const Problem *p, const Settings *s, const Assignment *x, Costs *ret);

        /* Whether the policy refuses m, from the definition; m.from is where the VM is, m.to another host. x is
         * moved and moved back. NULL: it refuses nothing. */
        bool (*refuses)(const Problem *p, const Settings *s, Assignment *x, Move m);

        /* The policy's sentence on a move that it gains by (sentence.h), or that is part of what it wants of the
         * whole plan (MoveView.alone). False: it has nothing to say, and *d is as it was; where it gains alone it
         * always has. */
        bool (*why)(const MoveView *v, SentenceDraft *d);

        /* Fills what the policy reads of a random problem (tests/random_problem.h), so that it costs something
         * in most: for tests. What others read stays as it is. In `a`. 0 or -ENOMEM. */
        int (*sample)(Arena *a, Prng *g, Problem *p);
} Policy;

typedef struct PolicySet {
        const Policy *const *policies;
        uint32_t n;
} PolicySet;

/* A policy's setting; its default when there are no settings (s NULL). */
int64_t policy_setting(const Policy *policy, const Settings *s, const char *name);

/* All terms of a set. 0; -ENOMEM; what a policy's add_terms() returned. In `a`. */
int policies_add_terms(Arena *a, const Problem *p, PolicySet policies, const Settings *s,
                       Terms **ret) must_check;

/* The cost of x, each policy asked in turn. */
Costs policies_total(PolicySet policies, const Problem *p, const Settings *s, const Assignment *x);

/* For samples: n numbers from `add` to add + below − 1. In `a`; NULL: it is full. */
int64_t *sample_row(Arena *a, Prng *g, size_t n, uint32_t below, int64_t add);

/* For samples: so many rules of the kind (RULE_ON: of any between VMs), after those that there are, each with
 * groups of its own. In `a`. 0 or -ENOMEM. */
int sample_rules(Arena *a, Prng *g, Problem *p, uint32_t n, RuleKind kind);
