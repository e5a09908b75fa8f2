/* SPDX-License-Identifier: Apache-2.0 */
/* One setting, for the collector it belongs to. */
#pragma once

#include "collectors/read/collector.h"

/* A setting of the collector: of env->settings, or its default where there are none. */
int64_t collector_int(const CollectorEnv *env, const Collector *c, const char *name);
const char *collector_text(const CollectorEnv *env, const Collector *c, const char *name);
