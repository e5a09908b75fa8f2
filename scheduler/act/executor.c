/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/executor.h"

const char *const migration_phase_names[MIGRATION_PHASE_N] = {
        [MIGRATION_QUEUED] = "queued",   [MIGRATION_RUNNING] = "running", [MIGRATION_VERIFYING] = "verifying",
        [MIGRATION_DONE] = "done",       [MIGRATION_FAILED] = "failed",   [MIGRATION_ABORTED] = "aborted",
        [MIGRATION_UNCLEAR] = "unclear", [MIGRATION_DRY] = "dry-run",     [MIGRATION_FOREIGN] = "foreign",
};
