/* SPDX-License-Identifier: Apache-2.0 */
/* The brake: what was decided about emptying each host, which only the leader writes; and what operators released, which the
 * leader takes in. */
#include <string.h>

#include "scheduler/store/store_script.h"

static const char brake_put_script[] =
        SCRIPT_FENCE "if ARGV[3] == '' then redis.call('HDEL', KEYS[2], ARGV[2])\n"
                     "else redis.call('HSET', KEYS[2], ARGV[2], ARGV[3]) end\n"
                     "return 0\n";

int store_put_brake(Store *s, uint64_t token, const char *host, const char *text, size_t n) {
        int k = store_check_name(s, "host", host);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = brake_put_script,
                                                       .what = "the brake",
                                                       .fenced = true,
                                                       .token = token,
                                                       .keys = { KEY_BRAKE },
                                                       .n_keys = 1,
                                                       .words = { SCRIPT_TEXT(host, strlen(host)),
                                                                  SCRIPT_TEXT(text, n) },
                                                       .n_words = 2 });
}

int store_get_brake(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_BRAKE, ret, ret_n);
}

static const char brake_release_script[] = "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])\n"
                                           "redis.call('INCR', KEYS[2])\n"
                                           "return 0\n";

int store_put_release(Store *s, const char *host, const char *text, size_t n) {
        int k = store_check_name(s, "host", host);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = brake_release_script,
                                                       .what = "release a host",
                                                       .keys = { KEY_RELEASES, KEY_CALL },
                                                       .n_keys = 2,
                                                       .words = { SCRIPT_TEXT(host, strlen(host)),
                                                                  SCRIPT_TEXT(text, n) },
                                                       .n_words = 2 });
}

int store_get_releases(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_RELEASES, ret, ret_n);
}

static const char brake_take_script[] =
        SCRIPT_FENCE "if redis.call('HGET', KEYS[2], ARGV[2]) == ARGV[3] then\n"
                     "  redis.call('HDEL', KEYS[2], ARGV[2])\n"
                     "end\n"
                     "return 0\n";

int store_take_release(Store *s, uint64_t token, const StoredText *release) {
        return script_write(s, &(ScriptWrite){ .script = brake_take_script,
                                               .what = "take a release",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_RELEASES },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(release->name, strlen(release->name)),
                                                          SCRIPT_TEXT(release->text, release->n) },
                                               .n_words = 2 });
}
