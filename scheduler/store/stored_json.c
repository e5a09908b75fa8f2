/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/stored_json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

static bool number_is_bounded(const json_t *number) {
        const int64_t most = bound_of(BOUND_STORED);

        if (json_is_integer(number))
                return json_integer_value(number) >= -most && json_integer_value(number) <= most;
        return json_real_value(number) >= -(double) most && json_real_value(number) <= (double) most;
}

/* As deep as jansson reads (JSON_PARSER_MAX_DEPTH, 2048). */
static bool stored_json_is_bounded(json_t *j) {
        const char *key;
        json_t *member;
        size_t i;
        bool good = !json_is_number(j) || number_is_bounded(j);

        json_object_foreach(j, key, member)
                good = good && stored_json_is_bounded(member);
        json_array_foreach(j, i, member)
                good = good && stored_json_is_bounded(member);
        return good;
}

json_t *stored_json(const char *text, size_t n, size_t flags, json_error_t *error) {
        json_t *j = json_loadb(text, n, flags, error);

        if (!j || stored_json_is_bounded(j))
                return j;
        json_decref(j);
        if (error)
                (void) snprintf(error->text, sizeof(error->text), "a number is out of range");
        return NULL;
}

int stored_json_text(Arena *a, json_t *o, const char **ret, size_t *ret_n) {
        char *text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;

        json_decref(o);
        *ret_n = text ? strlen(text) : 0;
        *ret = text ? text_copy(a, text, *ret_n) : NULL;
        free(text);
        return *ret ? 0 : -ENOMEM;
}
