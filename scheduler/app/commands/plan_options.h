/* SPDX-License-Identifier: Apache-2.0 */
/* What a plan may cost, as options of several commands.
 *
 * Units: moves, MiB and ms by suffix. Owner: the request refers to `workers`. Errors: none: options were
 * checked when they were parsed; a plan that failed is an ExitStatus. Threads: the main one.
 */
#pragma once

#include "scheduler/app/terminal/invocation.h"
#include "scheduler/base/options.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/plan/planner.h"
#include "scheduler/snapshot/files/plan_file.h"

#define PLAN_OPTIONS                                                                                                                                                \
        { "", 0, OPTION_HEADING, NULL, 0, 0, 0, "Limits of the plan:" },                                                                                            \
                { "max-moves", 0, OPTION_NUMBER, "N",                                                                                                               \
                  1,           0, VMS_MAX,       "allow at most N migrations; default: no limit" },                                                                 \
                { "max-gib",     0,                                                                                                                                 \
                  OPTION_NUMBER, "N",                                                                                                                               \
                  1024,          0,                                                                                                                                 \
                  1000000,       "allow at most N GiB of VM memory to be moved; default: no limit" },                                                               \
                { "max-minutes", 0,                                                                                                                                 \
                  OPTION_NUMBER, "N",                                                                                                                               \
                  60000,         0,                                                                                                                                 \
                  1000000,       "allow only what is predicted to finish within N minutes; default: no limit" },                                                    \
                { "threshold",                                                                                                                                      \
                  0,                                                                                                                                                \
                  OPTION_NUMBER,                                                                                                                                    \
                  "N",                                                                                                                                              \
                  1,                                                                                                                                                \
                  PLAN_THRESHOLD_MIN,                                                                                                                               \
                  PLAN_THRESHOLD_MAX,                                                                                                                               \
                  "override plan.threshold: 1 rules and evacuation only, 2 also load lines, 3 also balance, 4 and 5 balance at 30% and 5% of the cost of moving" }, \
        {                                                                                                                                                           \
                "seed", 0, OPTION_NUMBER, "N", 1, 0, INT64_MAX,                                                                                                     \
                        "seed of the search; another seed may find another plan, the same seed finds the same plan; default: 1"                                     \
        }

/* PLAN_REQUEST_DEFAULT with what the options say; `workers` must outlive the request. */
PlanRequest plan_request_of(const Options *o, const Workers *workers);

/* Says why there is no plan: `r` is what planner_plan() returned, below 0. EXIT_FAILED. */
ExitStatus plan_complain(const Invocation *in, int r);
