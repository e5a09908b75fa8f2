#include "scheduler/model/plan.h"

const char *const plan_status_names[PLAN_STATUS_N] = { "balanced",  "improved", "repaired",
                                                       "evacuated", "blocked",  "infeasible" };

const char *const move_strategy_names[STRATEGY_N] = { "plain", "multifd", "auto-converge", "post-copy",
                                                      "not-now" };

const char *const deadline_action_names[DEADLINE_ACTION_N] = { "abort", "auto-converge", "post-copy" };
