/* SPDX-License-Identifier: Apache-2.0 */
/* From a VM's history to what it will need: the demand that decisions go by. Pure.
 *
 * To add an estimator: a function and a line in the table in estimators.c; its setting, manual and test
 * come from there. tests/bench/demand compares them on recorded traces (docs/demand.md has its figures).
 *
 * Units: mcores, MiB, kbit by suffix. Owner: static. Errors: none: UNKNOWN where nothing is known. Threads:
 * any.
 */
#pragma once

#include "scheduler/model/settings.h"
#include "scheduler/snapshot/wire/vm_history.h"

typedef struct EstimateInput {
        const VmHistory *history;
        HistorySeries series;
        int64_t last;   /* the newest reading, or UNKNOWN */
        usec_t step;    /* length of a step of the history */
        usec_t horizon; /* how far ahead a plan should hold */
} EstimateInput;

typedef struct Estimator {
        const char *name, *doc;
        int64_t (*estimate)(const EstimateInput *in); /* ≥ 0, or UNKNOWN: the history does not say */
} Estimator;

extern const Estimator estimators[]; /* ends with name NULL; estimators[0] is "last" */

extern const SettingDef demand_settings[]; /* section "demand" */

/* By demand.estimator. */
const Estimator *estimator_of(const Settings *settings);
HistoryPace history_pace(const Settings *settings);

/* Of each member. What the history does not say stays as the reading is; a VM whose CPU was never read is
 * UNKNOWN still. */
VmLoad demand_estimate(const VmHistory *history, const Settings *settings, const VmLoad *reading);
