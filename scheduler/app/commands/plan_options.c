/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/plan_options.h"

#include <errno.h>

#include "scheduler/milp/exact.h"

PlanRequest plan_request_of(const Options *o, const Workers *workers) {
        PlanRequest r = PLAN_REQUEST_DEFAULT;

        r.workers = workers;
        r.solver = &exact_solver;
        r.max_moves = (uint32_t) option_number(o, "max-moves", r.max_moves);
        r.max_mib = option_number(o, "max-gib", r.max_mib);
        r.max_ms = option_number(o, "max-minutes", r.max_ms);
        r.threshold = (uint32_t) option_number(o, "threshold", r.threshold);
        r.seed = (uint64_t) option_number(o, "seed", (int64_t) r.seed);
        return r;
}
