/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/state/roll_state.h"
#include "scheduler/app/terminal/json_print.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/json_value.h"

static json_t *roll_names_json(const char *const *names, uint32_t n) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < n; i++)
                (void) json_array_append_new(list, json_string(names[i]));
        return list;
}

/* What stayed is left, too: --resume tries it again. NULL: no memory. */
static json_t *roll_json(const Roll *roll) {
        const uint32_t n = roll->n_left + roll->n_stayed;
        const char **left = arena_new(roll->in->arena, const char *, n);

        if (!left)
                return NULL;
        for (uint32_t i = 0; i < n; i++)
                left[i] = i < roll->n_left ? roll->left[i] : roll->stayed[i - roll->n_left];
        return roll_state_json(&(RollState){ .by = roll->by,
                                             .at = roll->at,
                                             .process = roll->run,
                                             .digest = roll->digest,
                                             .at_once = roll->at_once,
                                             .left = left,
                                             .n_left = n,
                                             .done = roll->done,
                                             .n_done = roll->n_done });
}

int roll_save(Roll *roll) {
        json_t *o = roll_json(roll);
        char *text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        const char *is = text ? text_copy(roll->in->arena, text, strlen(text)) : NULL;
        int r = is ? store_change_note(roll->store, ROLL_NOTE, roll->was, is) : -ENOMEM;

        json_decref(o);
        free(text);
        if (r == 0)
                roll->was = is;
        return r;
}

int roll_forget(const Roll *roll) {
        int r = store_change_note(roll->store, ROLL_NOTE, roll->was, "");

        return r < 0 ? r : 0;
}

int roll_load(Roll *roll, uint32_t room) {
        const char *text = NULL;
        RollState s = { 0 };
        size_t n = 0;
        int r = store_get_note(roll->store, roll->in->arena, ROLL_NOTE, &text, &n);

        roll->was = r == 0 ? text : "";
        if (r != 0 || n == 0)
                return r < 0 ? r : 1;
        r = roll_state_parse(roll->in->arena, text, n, room, &s);
        if (r < 0)
                return r;
        roll->id = s.id;
        roll->by = s.by;
        roll->digest = s.digest;
        roll->at = s.at;
        roll->at_once = s.at_once;
        roll->left = s.left;
        roll->n_left = s.n_left;
        roll->done = s.done;
        roll->n_done = s.n_done;
        return roll_state_is_over(&s) ? 1 : 0; /* what came of it stands there until another begins */
}

ExitStatus roll_store_failed(const Roll *roll, int r) {
        if (r > 0)
                return command_complain(
                        roll->in, EXIT_FAILED,
                        "another command continues this roll. Progress: plimsoll maintenance status");
        return maintenance_failed(roll->in, roll->store, r);
}

void roll_print_json(const Roll *roll, const char *stopped_at) {
        json_t *o = roll_json(roll);

        (void) json_object_set_new(o, "schema", json_string("plimsoll.roll-state/1"));
        (void) json_object_set_new(o, "at", json_instant(roll->at));
        (void) json_object_set_new(o, "stayed", roll_names_json(roll->stayed, roll->n_stayed));
        (void) json_object_set_new(o, "stopped_at_host", json_text(stopped_at));
        (void) json_object_set_new(o, "stopped_why", json_text(stopped_at ? roll->held.what : NULL));
        (void) json_object_set_new(o, "id", json_null()); /* of one that the service carries out */
        (void) json_object_set_new(o, "held", json_null());
        (void) json_object_set_new(o, "changed_by", json_null());
        (void) json_object_set_new(o, "hosts", json_array());
        (void) json_print(o, roll->in->out.out);
}
