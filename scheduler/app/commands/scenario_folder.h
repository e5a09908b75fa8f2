/* SPDX-License-Identifier: Apache-2.0 */
/* A record as a folder of tests/scenarios: README, cluster.json, settings, settings.yaml.
 *
 * Units: none. Owner: the arena is scratch; the folder is the caller's. Errors: a negative errno, as said
 * below. Threads: one.
 */
#pragma once

#include "scheduler/app/round/round_record.h"

/* `round` is the record decided again. The folder is made; -EEXIST when it is there. VMs that were cooling
 * down stand in cluster.json as not movable, with the reason. 0; a negative errno with *reterr_fault. */
int scenario_folder_write(Arena *a, const Record *record, const Round *round, const char *folder,
                          TextFault *reterr_fault) must_check;
