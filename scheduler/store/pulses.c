/* SPDX-License-Identifier: Apache-2.0 */
/* Pulses: one hash, host → a few numbers beside its newest report. */
#include "scheduler/store/store_object.h"

int store_put_pulse(Store *s, const char *host, const char *text, size_t n) {
        return store_write_hash(s, (HashField){ KEY_PULSES, "host", host, text, n });
}

int store_get_pulses(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_PULSES, ret, ret_n);
}
