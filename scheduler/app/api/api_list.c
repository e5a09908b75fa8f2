/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_routes.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_value.h"

#define LIMIT_USUAL 100
#define LIMIT_MAX   500
#define NEXT_PREFIX "n"
#define OWN_WORDS   "cluster limit next sort q"
#define NUMBER_SIZE 32

static bool api_list_number(ApiCall *call, const char *name, const char *prefix, int64_t *io) {
        const char *text = api_call_query(call, name);
        const size_t n = strlen(prefix);

        if (!text || (strncmp(text, prefix, n) == 0 &&
                      text_to_int(text + n, strlen(text + n), 0, bound_of(BOUND_STORED), io) == 0 &&
                      (*prefix || (*io > 0 && *io <= LIMIT_MAX))))
                return true;
        api_reply_fault(call, 400,
                        (ApiFault){ .parameter = name,
                                    .detail = "is not a valid value",
                                    .accepted = *prefix ? "what the last page called next" : "1 to 500" });
        return false;
}

/* ---- filters ---- */

static bool api_list_equals(const json_t *value, const char *text) {
        char number[NUMBER_SIZE];

        switch (value ? json_typeof(value) : JSON_NULL) {
        case JSON_STRING:
                return strcmp(json_string_value(value), text) == 0;
        case JSON_INTEGER:
                (void) snprintf(number, sizeof(number), "%lld", (long long) json_integer_value(value));
                return strcmp(number, text) == 0;
        case JSON_REAL:
                return json_real_value(value) == strtod(text, NULL);
        case JSON_TRUE:
                return strcmp(text, "true") == 0;
        case JSON_FALSE:
                return strcmp(text, "false") == 0;
        case JSON_ARRAY:
                for (size_t i = 0; i < json_array_size(value); i++)
                        if (api_list_equals(json_array_get(value, i), text))
                                return true;
                return false;
        default:
                return strcmp(text, "null") == 0;
        }
}

static const char *api_list_name(const json_t *item) {
        static const char *const members[] = { "name", "vm", "host", "id" };
        const char *name = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(members) && !name; i++)
                name = json_string_value(json_object_get(item, members[i]));
        return name ? name : "";
}

static bool api_list_takes(const ApiCall *call, const json_t *item, const char *not_filters) {
        for (uint32_t i = 0; i < call->n_query; i++) {
                const ApiPair *pair = &call->query[i];

                if (strcmp(pair->name, "q") == 0) {
                        if (!strcasestr(api_list_name(item), pair->value))
                                return false;
                        continue;
                }
                if (api_words_have(OWN_WORDS, pair->name) || api_words_have(not_filters, pair->name))
                        continue;
                if (!api_list_equals(json_object_get(item, pair->name), pair->value))
                        return false;
        }
        return true;
}

/* ---- order ---- */

typedef struct ListItem {
        const json_t *item, *key;
        size_t at; /* where it stood: equal ones stay in their order */
        bool down;
} ListItem;

static int api_list_compare_keys(const json_t *left, const json_t *right) {
        const char *a = json_string_value(left), *b = json_string_value(right);
        const double x = json_is_true(left) ? 1 : json_number_value(left),
                     y = json_is_true(right) ? 1 : json_number_value(right);

        if (a && b)
                return strcmp(a, b);
        return (x > y) - (x < y);
}

static int api_list_compare(const void *left, const void *right) {
        const ListItem *a = left, *b = right;
        const bool no_a = !a->key || json_is_null(a->key), no_b = !b->key || json_is_null(b->key);
        int order = no_a || no_b ? no_a - no_b : api_list_compare_keys(a->key, b->key);

        if (a->down && !no_a && !no_b)
                order = -order;
        return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

/* What is taken, in order. 1: the reply says what is wrong. */
static int api_list_sorted(ApiCall *call, const json_t *items, const char *sorts, const char *not_filters,
                           ListItem **ret, size_t *ret_n) {
        const char *by = api_call_query(call, "sort");
        const bool down = by && by[0] == '-';
        ListItem *list = arena_new(call->arena, ListItem, json_array_size(items) + 1);

        by = down ? by + 1 : by;
        if (by && !api_words_have(sorts, by)) {
                api_reply_fault(call, 400,
                                (ApiFault){ .parameter = "sort",
                                            .detail = "is not a valid value",
                                            .accepted = text_format(
                                                    call->arena,
                                                    "one of: %s; with - before it from the largest", sorts),
                                            .nearest = api_words_nearest(call->arena, sorts, by) });
                return 1;
        }
        if (!list)
                return -ENOMEM;
        *ret_n = 0;
        for (size_t i = 0; i < json_array_size(items); i++) {
                const json_t *item = json_array_get(items, i);

                if (api_list_takes(call, item, not_filters))
                        list[(*ret_n)++] = (ListItem){ .item = item,
                                                       .key = by ? json_object_get(item, by) : NULL,
                                                       .at = i,
                                                       .down = down };
        }
        if (by)
                qsort(list, *ret_n, sizeof(*list), api_list_compare);
        *ret = list;
        return 0;
}

/* ---- the page ---- */

/* {"schema", "cluster", "as_of", "total", "limit", "next", "items"} */
int api_list_reply(ApiCall *call, const char *cluster, const json_t *items, usec_t as_of, const char *sorts,
                   const char *not_filters) {
        int64_t limit = LIMIT_USUAL, from = 0;
        ListItem *list = NULL;
        size_t total = 0;
        json_t *page, *part;
        char next[32];
        int r;

        if (!api_list_number(call, "limit", "", &limit) || !api_list_number(call, "next", NEXT_PREFIX, &from))
                return 0;
        r = api_list_sorted(call, items, sorts, not_filters, &list, &total);
        if (r != 0)
                return r < 0 ? r : 0;
        page = json_object();
        part = json_array();
        for (size_t i = (size_t) from; i < total && i < (size_t) (from + limit); i++)
                (void) json_array_append(part, (json_t *) list[i].item);
        (void) snprintf(next, sizeof(next), NEXT_PREFIX "%lld", (long long) from + limit);
        (void) json_object_set_new(page, "schema", json_string("plimsoll.list/1"));
        (void) json_object_set_new(page, "cluster", json_string(cluster));
        (void) json_object_set_new(page, "as_of", json_instant(as_of));
        (void) json_object_set_new(page, "total", json_integer((json_int_t) total));
        (void) json_object_set_new(page, "limit", json_integer(limit));
        (void) json_object_set_new(page, "next",
                                   (size_t) (from + limit) < total ? json_string(next) : json_null());
        (void) json_object_set(page, "items", part);
        r = api_exec_reply(call, 200, page);
        json_decref(part);
        json_decref(page);
        return r;
}
