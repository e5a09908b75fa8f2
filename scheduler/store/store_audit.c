/* SPDX-License-Identifier: Apache-2.0 */
/* The audit: a stream of decisions and what came of them; fenced like the journal, and trimmed by age, since
 * how long such a trail is kept is for the operator to say. */
#include <stdio.h>

#include "scheduler/store/store_script.h"

/* Whatever the age: about 100 MiB at 1 KiB an entry. '~' lets the server trim whole nodes only. */
#define AUDIT_MAX "100000"

/* clang-format off: one line of Lua a line */
static const char store_audit_write_script[] =
        SCRIPT_FENCE "local now = redis.call('TIME')\n"
                     "local oldest = string.format('%.0f', now[1] * 1000 - ARGV[3])\n"
                     "redis.call('XADD', KEYS[2], 'MINID', '~', oldest, '*', 'text', ARGV[2])\n"
                     "redis.call('XTRIM', KEYS[2], 'MAXLEN', '~', " AUDIT_MAX ")\n"
                     "return 0\n";
/* clang-format on */

int store_put_audit(Store *s, uint64_t token, const char *text, size_t n, usec_t keep) {
        char age[24];
        int age_n = snprintf(age, sizeof(age), "%lld", (long long) store_ms(keep));

        return script_write(
                s, &(ScriptWrite){ .script = store_audit_write_script,
                                   .what = "audit",
                                   .fenced = true,
                                   .token = token,
                                   .keys = { KEY_AUDIT },
                                   .n_keys = 1,
                                   .words = { SCRIPT_TEXT(text, n), SCRIPT_TEXT(age, (size_t) age_n) },
                                   .n_words = 2 });
}

int store_get_audit(Store *s, Arena *a, usec_t since, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        char from[24];

        (void) snprintf(from, sizeof(from), "%lld", (long long) (since > 0 ? since / USEC_PER_MSEC : 0));
        return stream_read_since(s, a, KEY_AUDIT, from, most, ret, ret_n);
}
