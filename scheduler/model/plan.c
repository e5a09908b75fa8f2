/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/plan.h"

const char *const plan_part_names[PLAN_PART_N] = { "search", "mend", "order", "explain", "judge" };
const char *const plan_part_texts[PLAN_PART_N] = {
        "better placements were not all searched for",
        "not every move was tried that would mend what stays broken",
        "not all moves were put into an order: those without one are left for the next plan",
        "not all refusals were looked into, and not all moves explained",
        "the moves were not judged to the end, and so none is made",
};
const char *const plan_cap_names[PLAN_CAP_N] = { "max-moves", "max-gib", "max-minutes" };
const char *const plan_status_names[PLAN_STATUS_N] = { "balanced", "improved", "repaired",   "evacuated",
                                                       "asked",    "blocked",  "infeasible", "blind" };

const char *const move_strategy_names[STRATEGY_N] = { "plain",     "multifd", "auto-converge",
                                                      "post-copy", "cold",    "not-now" };

const char *const deadline_action_names[DEADLINE_ACTION_N] = { "abort", "auto-converge", "post-copy" };

const char *const balance_measure_names[BALANCE_BY_N + 1] = { "share", "htools", NULL };
const char *const plan_goal_names[PLAN_GOAL_N + 1] = { "spread", "pack", NULL };
const char *const idle_why_names[IDLE_WHY_N] = { "may be off", "reserve", "spare" };
const char *const plan_search_names[PLAN_SEARCH_N] = { "descent", "packing", "annealing" };
const char *const exact_use_names[EXACT_USE_N] = {
        [EXACT_PROVEN] = "proven",       [EXACT_OPEN] = "open",       [EXACT_OFF] = "off",
        [EXACT_TOO_LARGE] = "too large", [EXACT_RESERVE] = "reserve", [EXACT_PACK] = "pack",
        [EXACT_MEASURE] = "measure",     [EXACT_TIERS] = "tiers",     [EXACT_FAILED] = "failed",
        [EXACT_ABSENT] = "absent",
};
const char *const exact_use_texts[EXACT_USE_N] = {
        [EXACT_OFF] = "it is turned off (plan.exact_nodes)",
        [EXACT_TOO_LARGE] = "the cluster is larger than plan.exact_places",
        [EXACT_RESERVE] = "it cannot state a capacity reserve",
        [EXACT_PACK] = "it cannot state plan.goal = pack",
        [EXACT_MEASURE] = "it cannot state balance.measure = htools",
        [EXACT_TIERS] = "it cannot leave balance or load lines out of account (plan.threshold, windows)",
        [EXACT_FAILED] = "its library failed",
        [EXACT_ABSENT] = "this plimsoll is built without it (WITH_GLPK=OFF)",
};
