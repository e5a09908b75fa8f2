/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/roll_state.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/store/stored_json.h"

#define AT_ONCE_MAX 1000

static int roll_state_hosts(Arena *a, const json_t *list, uint32_t room, const char ***ret, uint32_t *ret_n) {
        const char **names = arena_new(a, const char *, room);

        if (!names)
                return -ENOMEM;
        if (!json_is_array(list) || json_array_size(list) > room)
                return -EBADMSG;
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *name = json_string_value(json_array_get(list, i));

                if (!name || !text_is_name(name, strlen(name)))
                        return -EBADMSG;
                names[i] = text_copy(a, name, strlen(name));
                if (!names[i])
                        return -ENOMEM;
        }
        *ret = names;
        *ret_n = (uint32_t) json_array_size(list);
        return 0;
}

static int roll_state_of(Arena *a, json_t *o, uint32_t room, RollState *ret) {
        const char *schema = NULL, *digest = NULL, *by = NULL;
        json_t *left = NULL, *done = NULL;
        json_int_t at = 0, at_once = 1;
        RollState s = { 0 };
        int r;

        if (json_unpack(o, "{s:s, s:s, s:I, s:s, s:I, s:o, s:o}", "schema", &schema, "by", &by, "at", &at,
                        "run_sha256", &digest, "at_once", &at_once, "left", &left, "done", &done) < 0 ||
            strcmp(schema, ROLL_SCHEMA) != 0 || at_once < 1 || at_once > AT_ONCE_MAX)
                return -EBADMSG;
        s.by = text_copy(a, by, strlen(by));
        s.digest = text_copy(a, digest, strlen(digest));
        s.at = at;
        s.at_once = (uint32_t) at_once;
        r = s.by && s.digest ? roll_state_hosts(a, left, room, &s.left, &s.n_left) : -ENOMEM;
        if (r == 0)
                r = roll_state_hosts(a, done, room, &s.done, &s.n_done);
        if (r == 0)
                *ret = s;
        return r;
}

int roll_state_parse(Arena *a, const char *text, size_t n, uint32_t room, RollState *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? roll_state_of(a, o, room, ret) : -EBADMSG;

        json_decref(o);
        return r;
}
