/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/collector.h"

#define COLLECTOR(name) extern const Collector collector_##name;
#include "collectors/collectors.def"
#undef COLLECTOR

static const Collector *const collectors_table[] = {
#define COLLECTOR(name) &collector_##name,
#include "collectors/collectors.def"
#undef COLLECTOR
};

CollectorSet collectors_all(void) {
        return (CollectorSet){ .collectors = collectors_table, .n = ARRAY_SIZE(collectors_table) };
}
