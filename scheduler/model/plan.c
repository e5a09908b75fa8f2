#include "scheduler/model/plan.h"

const char *const plan_status_names[PLAN_STATUS_N] = { "balanced",  "improved", "repaired",
                                                       "evacuated", "blocked",  "infeasible" };
