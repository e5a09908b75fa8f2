/* SPDX-License-Identifier: Apache-2.0 */
/* An engine's verdicts on hosts, as words, tables and JSON: what place and explain show.
 *
 * Units: Cost: no unit. Owner: texts are in the arena; JSON is the caller's, by json_decref(). Errors:
 * -ENOMEM; NULL: no memory. Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/decide/whynot/trial.h"

/* "balance +412, apart -1 (repair)"; "nothing" where nothing changes. In `a`; NULL: it is full. by_policy
 * NULL: by tier. */
const char *trial_cost_words(Arena *a, PolicySet policies, const Costs *by_policy, const Costs *sum);

/* One figure to rank by: that of the first tier that is not 0, named when it is not the last. In `a`. */
const char *trial_cost_text(Arena *a, const Costs *c);

typedef struct TrialView {
        const Trial *trial;
        const TrialHost *hosts;                        /* [n] in the order they are shown */
        const char *const *refusals, *const *remedies; /* [n] beside them; remedies may be NULL */
        uint32_t n;
        bool all; /* every host, not the first ones */
} TrialView;

/* Those it may go to, then those that refuse it. 0 or -ENOMEM. */
int trial_text_print(Arena *a, const TrialView *view, const Screen *screen) must_check;

/* "hosts": an array of verdicts, in their order. */
/* A list of texts as JSON. */
json_t *strings_json(const Strings *words);

json_t *trial_json(const TrialView *view);

/* { "repair": …, … } and { policy: { tier: … } }, those that are not 0. */
json_t *costs_json(const Costs *c);
json_t *policies_json(PolicySet policies, const Costs *by_policy);
