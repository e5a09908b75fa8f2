/* SPDX-License-Identifier: Apache-2.0 */
/* One setting, for the collector it belongs to.
 *
 * Units: those of the setting's type: µs, bytes, a number. Owner: the text is the settings'. Errors: none: a
 * name that is not in the table is a programmer's error (assert). Threads: any.
 */
#pragma once

#include "collectors/read/collector.h"

/* A setting of the collector: of env->settings, or its default where there are none. */
int64_t collector_int(const CollectorEnv *env, const Collector *c, const char *name);
const char *collector_text(const CollectorEnv *env, const Collector *c, const char *name);
