/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/prediction_json.h"

#include <string.h>

static const struct {
        const char *name;
        size_t at;
} prediction_json_fields[] = {
        { "ms_low", offsetof(Prediction, ms_low) },
        { "ms", offsetof(Prediction, ms) },
        { "ms_high", offsetof(Prediction, ms_high) },
        { "bytes_low", offsetof(Prediction, bytes_low) },
        { "bytes", offsetof(Prediction, bytes) },
        { "bytes_high", offsetof(Prediction, bytes_high) },
        { "downtime_ms_low", offsetof(Prediction, downtime_ms_low) },
        { "downtime_ms", offsetof(Prediction, downtime_ms) },
        { "downtime_ms_high", offsetof(Prediction, downtime_ms_high) },
        { "memory_mib", offsetof(Prediction, basis.memory_mib) },
        { "dirty_kib_s", offsetof(Prediction, basis.dirty_kib_s) },
        { "dirty_burst_kib_s", offsetof(Prediction, basis.dirty_burst_kib_s) },
        { "dirty_window_ms", offsetof(Prediction, basis.dirty_window_ms) },
        { "local_disk_mib", offsetof(Prediction, basis.local_disk_mib) },
        { "bandwidth_kbit", offsetof(Prediction, basis.bandwidth_kbit) },
};

json_t *prediction_json(const Prediction *prediction) {
        json_t *o = json_object();

        for (size_t i = 0; o && i < ARRAY_SIZE(prediction_json_fields); i++) {
                int64_t value;

                memcpy(&value, (const char *) prediction + prediction_json_fields[i].at, sizeof(value));
                if (json_object_set_new(o, prediction_json_fields[i].name, json_integer(value)) < 0) {
                        json_decref(o);
                        return NULL;
                }
        }
        return o;
}

Prediction prediction_of_json(const json_t *o) {
        Prediction p;

        for (size_t i = 0; i < ARRAY_SIZE(prediction_json_fields); i++) {
                const json_t *n = json_object_get(o, prediction_json_fields[i].name);
                const int64_t value = json_is_integer(n) ? json_integer_value(n) : UNKNOWN;

                memcpy((char *) &p + prediction_json_fields[i].at, &value, sizeof(value));
        }
        if (p.basis.bandwidth_kbit < 0)
                p.basis.bandwidth_kbit = 0;
        return p;
}
