/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/cool_downs.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/model/bounds.h"
#include "scheduler/store/stored_json.h"

#define SCHEMA    "plimsoll.cool-downs/2"
#define SCHEMA_1  "plimsoll.cool-downs/1"
#define DAY       (86400 * USEC_PER_SEC)
#define MOVED_MAX 1000 /* in a day: a rule may count as many */

/* Moved again before then, it cools down for twice as long. */
static usec_t calm_at(const CoolDown *c) {
        usec_t at;

        return __builtin_add_overflow(c->until, c->length, &at) ? INT64_MAX : at;
}

static json_t *cool_downs_one_json(const CoolDown *c, usec_t now) {
        json_t *o = json_pack("{s:I, s:I}", "until", (json_int_t) c->until, "length", (json_int_t) c->length);
        json_t *moved = json_array();

        for (uint32_t i = 0; i < c->n_moved; i++)
                if (c->moved[i] > now - DAY)
                        (void) json_array_append_new(moved, json_integer(c->moved[i]));
        (void) json_object_set_new(o, "moved", moved);
        if (c->by)
                (void) json_object_set_new(o, "hand",
                                           json_pack("{s:s, s:I}", "by", c->by, "at", (json_int_t) c->by_at));
        return o;
}

int cool_downs_print(Arena *a, const CoolDown *list, uint32_t n, usec_t now, const char **ret,
                     size_t *ret_n) {
        json_t *vms = json_object(), *o;
        char *text;

        for (uint32_t i = 0; i < n; i++) {
                bool counts = list[i].n_moved > 0 && list[i].moved[list[i].n_moved - 1] > now - DAY;

                if (calm_at(&list[i]) > now || counts)
                        (void) json_object_set_new(vms, list[i].vm, cool_downs_one_json(&list[i], now));
        }
        o = json_pack("{s:s, s:o}", "schema", SCHEMA, "vms", vms);
        text = o ? json_dumps(o, JSON_INDENT(1) | JSON_SORT_KEYS) : NULL;
        json_decref(o);
        if (!text)
                return -ENOMEM;
        *ret_n = strlen(text);
        *ret = text_copy(a, text, *ret_n);
        free(text);
        return *ret ? 0 : -ENOMEM;
}

static int compare_vm(const void *left, const void *right) {
        const CoolDown *x = left, *y = right;

        return strcmp(x->vm, y->vm);
}

static int moved_parse(Arena *a, json_t *array, CoolDown *c) {
        const size_t n = json_array_size(array);
        usec_t *moved = arena_new(a, usec_t, n);

        if (!moved)
                return -ENOMEM;
        if (!json_is_array(array) || n > MOVED_MAX)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++) {
                if (!json_is_integer(json_array_get(array, i)))
                        return -EBADMSG;
                moved[i] = json_integer_value(json_array_get(array, i));
        }
        if (n > 0)
                qsort(moved, n, sizeof(*moved), compare_int64);
        c->moved = moved;
        c->n_moved = (uint32_t) n;
        return 0;
}

/* Who moved it by hand, and when; not there: nobody did. */
static int hand_parse(Arena *a, json_t *hand, CoolDown *c) {
        const char *by = NULL;
        json_int_t at = 0;

        if (!hand)
                return 0;
        if (json_unpack(hand, "{s:s, s:I}", "by", &by, "at", &at) < 0 || at < 0 ||
            at > bound_of(BOUND_STORED))
                return -EBADMSG;
        c->by = text_copy(a, by, strlen(by));
        c->by_at = at;
        return c->by ? 0 : -ENOMEM;
}

static int one_parse(Arena *a, const char *vm, json_t *o, CoolDown *c) {
        json_int_t until = 0, length = 0;
        json_t *moved = NULL;
        int r;

        *c = (CoolDown){ .vm = text_copy(a, vm, strlen(vm)) };
        if (!c->vm)
                return -ENOMEM;
        if (json_is_integer(o)) { /* version 1 */
                c->until = json_integer_value(o);
                return 0;
        }
        if (json_unpack(o, "{s:I, s:I, s:o}", "until", &until, "length", &length, "moved", &moved) < 0 ||
            length < 0)
                return -EBADMSG;
        c->until = until;
        c->length = length;
        r = hand_parse(a, json_object_get(o, "hand"), c);
        return r < 0 ? r : moved_parse(a, moved, c);
}

static int vms_parse(Arena *a, json_t *o, const CoolDown **ret, uint32_t *ret_n) {
        const char *schema = NULL, *vm;
        json_t *vms = NULL, *one;
        CoolDown *list;
        uint32_t n = 0;

        if (json_unpack(o, "{s:s, s:o}", "schema", &schema, "vms", &vms) < 0 || !json_is_object(vms) ||
            (strcmp(schema, SCHEMA) != 0 && strcmp(schema, SCHEMA_1) != 0))
                return -EBADMSG;
        list = arena_new(a, CoolDown, json_object_size(vms));
        if (!list)
                return -ENOMEM;
        json_object_foreach(vms, vm, one) {
                int r = one_parse(a, vm, one, &list[n++]);

                if (r < 0)
                        return r;
        }
        if (n > 0)
                qsort(list, n, sizeof(*list), compare_vm);
        *ret = list;
        *ret_n = n;
        return 0;
}

int cool_downs_parse(Arena *a, const char *text, size_t n, const CoolDown **ret, uint32_t *ret_n) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? vms_parse(a, o, ret, ret_n) : -EBADMSG;

        json_decref(o);
        return r;
}

/* The times within the last day, and `now`; the oldest go when there are too many. */
static int moved_add(Arena *a, CoolDown *c, usec_t now) {
        usec_t *moved = arena_new(a, usec_t, (size_t) c->n_moved + 1);
        uint32_t n = 0;

        if (!moved)
                return -ENOMEM;
        for (uint32_t i = c->n_moved >= MOVED_MAX ? c->n_moved - MOVED_MAX + 1 : 0; i < c->n_moved; i++)
                if (c->moved[i] > now - DAY &&
                    c->moved[i] <= now) /* the order stays: none is of the future */
                        moved[n++] = c->moved[i];
        moved[n++] = now;
        c->moved = moved;
        c->n_moved = n;
        return 0;
}

static void cool_downs_cool(CoolDown *c, usec_t now, CoolLength length) {
        const bool again = c->length > 0 && now < calm_at(c);
        usec_t until;

        c->length = !again ? length.first : c->length > length.most / 2 ? length.most : 2 * c->length;
        if (c->length > length.most && length.most >= length.first)
                c->length = length.most;
        if (__builtin_add_overflow(now, c->length, &until))
                until = INT64_MAX;
        c->until = until > c->until ? until : c->until;
}

int cool_downs_moved(Arena *a, const CoolDown *list, uint32_t n, VmMoved moved, CoolLength length,
                     const CoolDown **ret, uint32_t *ret_n) {
        CoolDown *longer = arena_new(a, CoolDown, (size_t) n + 1), *c = NULL;

        if (!longer)
                return -ENOMEM;
        if (n > 0)
                memcpy(longer, list, sizeof(*list) * n);
        for (uint32_t i = 0; i < n && !c; i++)
                if (strcmp(longer[i].vm, moved.vm) == 0)
                        c = &longer[i];
        if (!c) {
                c = &longer[n++];
                c->vm = text_copy(a, moved.vm, strlen(moved.vm));
        }
        c->by = moved.by ? text_copy(a, moved.by, strlen(moved.by)) : NULL;
        c->by_at = moved.by ? moved.at : 0;
        if (!c->vm || (moved.by && !c->by) || moved_add(a, c, moved.at) < 0)
                return -ENOMEM;
        cool_downs_cool(c, moved.at, length);
        *ret = longer;
        *ret_n = n;
        return 0;
}
