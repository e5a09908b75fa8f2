/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/plan_options.h"

#include <errno.h>
#include <string.h>

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

ExitStatus plan_complain(const Invocation *in, int r) {
        if (r == -ENOTRECOVERABLE)
                return command_complain(
                        in, EXIT_FAILED,
                        "the judge refuses the planner's plan; nothing is planned. This is a bug: please report it "
                        "with the snapshot");
        return command_complain(in, EXIT_FAILED, "cannot plan: %s", strerrordesc_np(-r));
}
