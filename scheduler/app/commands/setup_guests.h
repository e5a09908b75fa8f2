/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts lack what guests that run on others need: a machine type, an emulator, a CPU. By what planning goes by
 * (problem_class_denies()), so that setup and plans never say different things.
 *
 * Units: none. Owner: the result's arena. Errors: -ENOMEM, what problem_build() said. Threads: one.
 */
#pragma once

#include "scheduler/app/setup/setup_result.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/settings.h"

/* A finding for each pair of hosts and each thing that guests of the one miss on the other. */
int setup_guests_test(const Snapshot *s, const Settings *settings, SetupResult *result) must_check;
