/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of all collectors an agent runs: a section each, named like the collector, from its own table.
 *
 * Owner: the arena. Errors: -EINVAL with what is wrong and what is accepted; -ENOMEM.
 *
 * Units: those of each setting's type. Threads: any, each its own arena.
 */
#pragma once

#include "collectors/read/collector.h"

/* Defaults, then each of `sets`, "smart.every=1h". */
int collector_settings_new(Arena *a, const char *const *sets, uint32_t n, const Settings **ret,
                           TextFault *reterr_fault) must_check;
