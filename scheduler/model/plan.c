#include "scheduler/model/plan.h"

const char *const plan_status_names[PLAN_STATUS_N] = { "balanced",  "improved", "repaired",
                                                       "evacuated", "blocked",  "infeasible" };

const char *const move_strategy_names[STRATEGY_N] = { "plain", "multifd", "auto-converge", "post-copy",
                                                      "not-now" };

const char *const deadline_action_names[DEADLINE_ACTION_N] = { "abort", "auto-converge", "post-copy" };

const char *const plan_goal_names[PLAN_GOAL_N + 1] = { "spread", "pack", NULL };
const char *const idle_why_names[IDLE_WHY_N] = { "may be off", "reserve", "spare" };
