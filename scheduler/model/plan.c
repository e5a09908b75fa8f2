/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/plan.h"

const char *const plan_part_names[PLAN_PART_N] = { "search", "repair", "order", "explain", "judge" };
const char *const plan_part_texts[PLAN_PART_N] = {
        "the search for better placements was cut short",
        "not all moves that could repair what stays broken were tried",
        "not all moves were ordered; the rest is left for the next plan",
        "not all refusals were analyzed and not all moves explained",
        "the moves were not checked completely, so none is made",
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
        [EXACT_RESERVE] = "it does not support a reserve",
        [EXACT_PACK] = "it does not support plan.goal = pack",
        [EXACT_MEASURE] = "it does not support balance.measure = htools",
        [EXACT_TIERS] = "it cannot ignore balance or load lines (plan.threshold, windows)",
        [EXACT_FAILED] = "its library failed",
        [EXACT_ABSENT] = "this build does not include it (WITH_GLPK=OFF)",
};
