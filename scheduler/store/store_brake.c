/* SPDX-License-Identifier: Apache-2.0 */
/* The brake: what was decided about emptying each host, which only the leader writes; and what operators released, which the
 * leader takes in. */
#include "scheduler/store/store_script.h"

int store_put_brake(Store *s, uint64_t token, const char *host, const char *text, size_t n) {
        return script_keep(s, token, &(ScriptField){ KEY_BRAKE, "host", "the brake", host, text, n });
}

int store_get_brake(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_BRAKE, ret, ret_n);
}

int store_put_release(Store *s, const char *host, const char *text, size_t n) {
        return script_ask(s, &(ScriptField){ KEY_RELEASES, "host", "release a host", host, text, n });
}

int store_get_releases(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_RELEASES, ret, ret_n);
}

int store_take_release(Store *s, uint64_t token, const StoredText *release) {
        return script_take(s, token, KEY_RELEASES, "take a release", release);
}
