/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/record_row.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/units.h"
#include "scheduler/store/stored_json.h"

static const char *record_row_text(Arena *a, const json_t *o, const char *key, const char *other) {
        const char *s = json_string_value(json_object_get(o, key));

        return s ? text_copy(a, s, strlen(s)) : other;
}

int record_row_parse(Arena *a, const char *text, size_t n, RecordRow *ret) {
        json_t *o = stored_json(text, n, 0, NULL), *plan = json_object_get(o, "plan");
        const size_t moves = json_array_size(json_object_get(plan, "moves"));
        const RecordRow row = { .mode = record_row_text(a, o, "mode", ""),
                                .status = record_row_text(a, plan, "status", "cannot be read"),
                                .at = json_integer_value(json_object_get(o, "at")),
                                .n_moves = moves < VMS_MAX ? (uint32_t) moves : VMS_MAX };

        json_decref(o);
        if (!row.mode || !row.status)
                return -ENOMEM;
        *ret = row;
        return 0;
}
