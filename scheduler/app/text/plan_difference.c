/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/plan_difference.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATH  256
#define SHOWN 120

typedef struct Comparison {
        Arena *arena;
        PlanDifference *list;
        uint32_t n, most, all;
        bool full; /* no memory */
} Comparison;

static char *plan_difference_dump(const json_t *value) {
        return json_dumps(value,
                          JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
}

static const char *plan_difference_shown(Comparison *c, const json_t *value) {
        char *text = value ? plan_difference_dump(value) : NULL;
        const char *copy =
                text ? text_format(c->arena, "%.*s%s", SHOWN, text, strlen(text) > SHOWN ? "…" : "")
                     : "nothing";

        free(text);
        if (!copy)
                c->full = true;
        return copy;
}

static void plan_difference_differ(Comparison *c, const char *path, const json_t *was, const json_t *is) {
        c->all++;
        if (c->n >= c->most || c->full)
                return;
        c->list[c->n] = (PlanDifference){ .path = text_copy(c->arena, path, strlen(path)),
                                          .was = plan_difference_shown(c, was),
                                          .is = plan_difference_shown(c, is) };
        if (c->list[c->n].path)
                c->n++;
        else
                c->full = true;
}

static void plan_difference_compare(Comparison *c, const char *path, const json_t *was, const json_t *is);

static void compare_objects(Comparison *c, const char *path, const json_t *was, const json_t *is) {
        const char *dot = path[0] ? "." : "", *key;
        char inner[PATH];
        json_t *value;

        json_object_foreach((json_t *) was, key, value) {
                (void) snprintf(inner, sizeof(inner), "%s%s%s", path, dot, key);
                plan_difference_compare(c, inner, value, json_object_get(is, key));
        }
        json_object_foreach((json_t *) is, key, value) {
                if (json_object_get(was, key))
                        continue;
                (void) snprintf(inner, sizeof(inner), "%s%s%s", path, dot, key);
                plan_difference_differ(c, inner, NULL, value);
        }
}

static void compare_arrays(Comparison *c, const char *path, const json_t *was, const json_t *is) {
        const size_t n = json_array_size(was), m = json_array_size(is);
        char inner[PATH];

        for (size_t i = 0; i < n || i < m; i++) {
                (void) snprintf(inner, sizeof(inner), "%s[%zu]", path, i);
                plan_difference_compare(c, inner, json_array_get(was, i), json_array_get(is, i));
        }
}

static void plan_difference_compare(Comparison *c, const char *path, const json_t *was, const json_t *is) {
        if (json_is_object(was) && json_is_object(is))
                compare_objects(c, path, was, is);
        else if (json_is_array(was) && json_is_array(is))
                compare_arrays(c, path, was, is);
        else if (!was || !is || !json_equal(was, is))
                plan_difference_differ(c, path, was, is);
}

/* What the tree cannot tell apart: the order of members. */
static void compare_bytes(Comparison *c, const json_t *was, const json_t *is) {
        char *a = plan_difference_dump(was), *b = plan_difference_dump(is);

        if (!a || !b)
                c->full = true;
        else if (c->all == 0 && strcmp(a, b) != 0)
                plan_difference_differ(c, "(the order of fields)", NULL, NULL);
        free(a);
        free(b);
}

int plan_difference(Arena *a, const char *was, const char *is, uint32_t most, const PlanDifference **ret,
                    uint32_t *ret_n, uint32_t *ret_all) {
        json_t *x = json_loads(was, 0, NULL), *y = json_loads(is, 0, NULL);
        Comparison c = { .arena = a, .most = most, .list = arena_new(a, PlanDifference, most) };
        int r = !c.list ? -ENOMEM : json_is_object(x) && json_is_object(y) ? 0 : -EBADMSG;

        if (r == 0) {
                plan_difference_compare(&c, "", x, y);
                compare_bytes(&c, x, y);
        }
        json_decref(x);
        json_decref(y);
        if (r == 0 && c.full)
                r = -ENOMEM;
        if (r < 0)
                return r;
        *ret = c.list;
        *ret_n = c.n;
        *ret_all = c.all;
        return 0;
}
