/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/roll_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/base/text.h"
#include "scheduler/store/stored_json.h"

#define AT_ONCE_MAX 1000
#define ID_MAX      64

bool roll_state_is_id(const char *id) {
        static const char accepted[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
        const size_t n = strlen(id);

        return n > 0 && n <= ID_MAX && strspn(id, accepted) == n && id[0] != '-';
}

/* ---- reading ---- */

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

static int roll_state_host(Arena *a, json_t *o, RollHost *ret) {
        json_int_t since = 0, finished = 0;
        int entered = 0, aside = 0;
        const char *name = NULL;

        if (json_unpack(o, "{s:s, s:I, s:I, s:b, s:b}", "name", &name, "since", &since, "finished", &finished,
                        "entered", &entered, "aside", &aside) < 0 ||
            !text_is_name(name, strlen(name)) || since < 0 || finished < 0)
                return -EBADMSG;
        *ret = (RollHost){ .name = text_copy(a, name, strlen(name)),
                           .since = since,
                           .finished = finished,
                           .entered = entered != 0,
                           .aside = aside != 0 };
        return ret->name ? 0 : -ENOMEM;
}

/* Of one that the service carries out. */
static int roll_state_served(Arena *a, json_t *o, uint32_t room, RollState *io) {
        const char *id = json_string_value(json_object_get(o, "id")),
                   *held = json_string_value(json_object_get(o, "held"));
        const char *changed_by = json_string_value(json_object_get(o, "changed_by"));
        json_t *now = json_object_get(o, "now");
        int r = 0;

        if (!id)
                return 0;
        if (!roll_state_is_id(id) || !json_is_array(now) ||
            json_array_size(now) + io->n_left + io->n_done >
                    room || /* from one list to another there is room */
            (held && !text_is_line(held, strlen(held))) ||
            (changed_by && !text_is_line(changed_by, strlen(changed_by))))
                return -EBADMSG;
        io->id = text_copy(a, id, strlen(id));
        io->held = held ? text_copy(a, held, strlen(held)) : NULL;
        io->changed_by = changed_by ? text_copy(a, changed_by, strlen(changed_by)) : NULL;
        io->abandoned = json_is_true(json_object_get(o, "abandoned"));
        io->now = arena_new(a, RollHost, room);
        if (!io->id || (held && !io->held) || (changed_by && !io->changed_by) || !io->now)
                return -ENOMEM;
        for (size_t i = 0; i < json_array_size(now) && r == 0; i++)
                r = roll_state_host(a, json_array_get(now, i), &io->now[io->n_now++]);
        return r;
}

/* No host stands there twice: the order of hosts (decide/query/roll_order.h) is of distinct ones. */
static int roll_state_distinct(Arena *a, const RollState *s) {
        const uint32_t n = s->n_left + s->n_done + s->n_now;
        const char **names = arena_new(a, const char *, n);

        if (!names)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                names[i] = i < s->n_left               ? s->left[i]
                           : i < s->n_left + s->n_done ? s->done[i - s->n_left]
                                                       : s->now[i - s->n_left - s->n_done].name;
        qsort((void *) names, n, sizeof(*names), compare_strings);
        for (uint32_t i = 1; i < n; i++)
                if (strcmp(names[i - 1], names[i]) == 0)
                        return -EBADMSG;
        return 0;
}

static int roll_state_of(Arena *a, json_t *o, uint32_t room, RollState *ret) {
        const char *schema = NULL, *digest = NULL, *by = NULL;
        json_t *left = NULL, *done = NULL;
        json_int_t at = 0, at_once = 1;
        RollState s = { .process = "" };
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
                r = roll_state_served(a, o, room, &s);
        if (r == 0)
                r = roll_state_distinct(a, &s);
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

RollHost *roll_state_now(const RollState *s, const char *host) {
        for (uint32_t i = 0; i < s->n_now; i++)
                if (strcmp(s->now[i].name, host) == 0)
                        return &s->now[i];
        return NULL;
}

/* ---- printing ---- */

static json_t *roll_state_names(const char *const *names, uint32_t n) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < n; i++)
                (void) json_array_append_new(list, json_string(names[i]));
        return list;
}

json_t *roll_state_json(const RollState *s) {
        json_t *o =
                json_pack("{s:s, s:s, s:I, s:s, s:s, s:I, s:o, s:o}", "schema", ROLL_SCHEMA, "by", s->by,
                          "at", (json_int_t) s->at, "process", s->process, "run_sha256", s->digest, "at_once",
                          (json_int_t) s->at_once, "left", roll_state_names(s->left, s->n_left), "done",
                          roll_state_names(s->done, s->n_done));
        json_t *now = s->id ? json_array() : NULL;

        for (uint32_t i = 0; now && i < s->n_now; i++)
                (void) json_array_append_new(
                        now,
                        json_pack("{s:s, s:I, s:I, s:b, s:b}", "name", s->now[i].name, "since",
                                  (json_int_t) s->now[i].since, "finished", (json_int_t) s->now[i].finished,
                                  "entered", (int) s->now[i].entered, "aside", (int) s->now[i].aside));
        if (s->id)
                (void) json_object_set_new(o, "id", json_string(s->id));
        if (s->id && s->held)
                (void) json_object_set_new(o, "held", json_string(s->held));
        if (s->id && s->changed_by)
                (void) json_object_set_new(o, "changed_by", json_string(s->changed_by));
        if (s->id && s->abandoned)
                (void) json_object_set_new(o, "abandoned", json_true());
        if (now)
                (void) json_object_set_new(o, "now", now);
        return o;
}

int roll_state_print(Arena *a, const RollState *s, const char **ret) {
        size_t n;

        return stored_json_text(a, roll_state_json(s), ret, &n);
}
