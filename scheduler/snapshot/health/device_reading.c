/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a device, metric by metric. */
#include "scheduler/snapshot/health/fault_facts.h"

bool device_is_word(const Device *d) {
        return d->name[0] == '\t';
}

const Reading *reading_of(const Reading *from, Metric metric) {
        for (const Reading *r = from; r; r = r->next)
                if (r->metric == metric)
                        return r;
        return NULL;
}

const Reading *device_reading(const Device *d, Metric metric) {
        return reading_of(d->readings, metric);
}

int64_t device_number(const Device *d, Metric metric, int64_t def) {
        const Reading *r = device_reading(d, metric);

        return r ? r->number : def;
}

const char *device_text(const Device *d, Metric metric) {
        const Reading *r = device_reading(d, metric);

        return r && r->text && *r->text ? r->text : NULL;
}
