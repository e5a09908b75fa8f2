/* SPDX-License-Identifier: Apache-2.0 */
/* What if: the options that suppose the cluster were otherwise, and what would change by it. Several commands
 * answer for the cluster as it would be, and then say what the plan would be there, beside the plan as it is.
 *
 * Units: none. Owner: all is in the invocation's arena; JSON is the caller's, by json_decref(). Errors: an
 * ExitStatus or NULL; what is wrong was said. Threads: the main one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/commands/facts.h"
#include "scheduler/app/round/round.h"
#include "scheduler/decide/query/place.h"
#include "scheduler/snapshot/build/what_if.h"

#define WHAT_IF_OPTIONS                                                                                      \
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "What if (each may be repeated):" },                         \
                { "without",   0,                                                                            \
                  OPTION_TEXT, "HOSTS",                                                                      \
                  0,           0,                                                                            \
                  0,           "suppose these hosts are drained and take no VM: names or a selection" },     \
                { "lost", 0, OPTION_TEXT, "HOSTS",                                                           \
                  0,      0, 0,           "suppose these hosts are lost; their VMs start elsewhere" },       \
                { "add-host",                                                                                \
                  0,                                                                                         \
                  OPTION_TEXT,                                                                               \
                  "SPEC",                                                                                    \
                  0,                                                                                         \
                  0,                                                                                         \
                  0,                                                                                         \
                  "suppose one more host: name=…,cpus=…,memory=… and, if wanted, mhz, zone, rack, "    \
                  "network, pool; or name=…,like=HOST" },                                                    \
                { "add-vm",                                                                                  \
                  0,                                                                                         \
                  OPTION_TEXT,                                                                               \
                  "SPEC",                                                                                    \
                  0,                                                                                         \
                  0,                                                                                         \
                  0,                                                                                         \
                  "suppose one more VM: name=…,vcpus=…,memory=… and, if wanted, cpu, group, network, " \
                  "pool, count; or name=…,like=VM" },                                                        \
                { "remove-vm", 0, OPTION_TEXT, "VM", 0, 0, 0, "suppose this VM is gone" }, {                 \
                "without-rule", 0, OPTION_TEXT, "NAME", 0, 0, 0,                                             \
                        "suppose this rule does not exist; to add one, use --set rule=…"                   \
        }

typedef struct WhatIfFacts {
        bool any;              /* some option was given */
        bool set;              /* some --set is of what plans are made by: also to be compared with without */
        const Snapshot *as_is; /* the facts, by the settings without --set */
        const Settings *settings_as_is;
        const Snapshot
                *snapshot; /* as supposed, with what starts in it; the facts when nothing is supposed */
        const char *const *words; /* [n_words] the changes */
        uint32_t n_words;
        PlaceAnswer started; /* where VMs start; n_vms == 0: none do */
} WhatIfFacts;

/* Reads the options and makes the supposed snapshot. EXIT_DONE, or what to exit with: it was said why. */
ExitStatus what_if_facts_read(Invocation *in, const Facts *facts, WhatIfFacts *ret);

/* The same, and of it what a round is given, as the service would (facts_holds()), with the limits of PLAN_OPTIONS.
 * `workers` must outlive the input. */
ExitStatus what_if_facts_input(Invocation *in, const Facts *facts, const Workers *workers, WhatIfFacts *ret,
                               RoundInput *ret_input);

/* The changes in words, one a line, and what cannot start. */
void what_if_facts_print(const WhatIfFacts *s, const Screen *screen);

/* Plans for the cluster as it is and as it is supposed, and prints the difference as a small table. `after`:
 * the plan as supposed, when the caller has it; NULL: it is made. EXIT_DONE, or a failure that was said. */
ExitStatus what_if_facts_compare(Invocation *in, const WhatIfFacts *s, const RoundInput *input,
                                 const Plan *after);

/* The same as an object: changes, started, before, after. NULL with a failure said. */
json_t *what_if_facts_json(Invocation *in, const WhatIfFacts *s, const RoundInput *input, const Plan *after);
