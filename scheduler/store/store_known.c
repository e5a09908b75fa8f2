/* SPDX-License-Identifier: Apache-2.0 */
/* The VMs of hosts that are not seen, as they were last known: which only the leader writes. */
#include <string.h>

#include "scheduler/store/store_script.h"

static const char known_put_script[] =
        SCRIPT_FENCE "if ARGV[3] == '' then redis.call('HDEL', KEYS[2], ARGV[2])\n"
                     "else redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) end\n"
                     "return 0\n";

int store_put_known(Store *s, uint64_t token, const char *host, const char *text, size_t n) {
        int k = store_check_name(s, "host", host);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = known_put_script,
                                                       .what = "VMs as they were last known",
                                                       .fenced = true,
                                                       .token = token,
                                                       .keys = { KEY_KNOWN },
                                                       .n_keys = 1,
                                                       .words = { SCRIPT_TEXT(host, strlen(host)),
                                                                  SCRIPT_TEXT(text, n) },
                                                       .n_words = 2 });
}

int store_get_known(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_KNOWN, ret, ret_n);
}
