/* SPDX-License-Identifier: Apache-2.0 */
/* The VMs of hosts that are not seen, as they were last known: which only the leader writes. */
#include "scheduler/store/store_script.h"

int store_put_known(Store *s, uint64_t token, const char *host, const char *text, size_t n) {
        return script_keep(s, token,
                           &(ScriptField){ KEY_KNOWN, "host", "VMs as they were last known", host, text, n });
}

int store_get_known(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_KNOWN, ret, ret_n);
}
