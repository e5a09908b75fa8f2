/* The settings of all collectors an agent runs: a section each, named like the collector, from its own table.
 *
 * Owner: the arena. Errors: -EINVAL with what is wrong and what is accepted; -ENOMEM.
 */
#pragma once

#include "collectors/collector.h"

/* Defaults, then each of `sets`, "smart.every=1h". */
int collector_settings_new(Arena *a, const char *const *sets, uint32_t n, const Settings **ret,
                           TextFault *reterr_fault) must_check;

/* A setting of the collector: of env->settings, or its default where there are none. */
int64_t collector_int(const CollectorEnv *env, const Collector *c, const char *name);
const char *collector_text(const CollectorEnv *env, const Collector *c, const char *name);
