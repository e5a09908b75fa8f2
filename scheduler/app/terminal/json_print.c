/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/json_print.h"

#include <errno.h>

#include "scheduler/base/out.h"
#include "scheduler/snapshot/json/json_value.h"

/* The library cuts between characters. */
static int json_print_piece(const char *text, size_t n, void *out) {
        out_json(out, text, n);
        return ferror((FILE *) out) ? -1 : 0;
}

int json_print(json_t *value, FILE *out) {
        int r = value ? json_dump_callback(value, json_print_piece, out, JSON_VALUE_FLAGS) : -1;

        (void) fputc('\n', out);
        r = !value ? -ENOMEM : r < 0 || ferror(out) ? -EIO : 0;
        json_decref(value);
        return r;
}

json_t *json_done(void) {
        return json_pack("{s:s, s:b}", "schema", JSON_DONE_SCHEMA, "done", 1);
}
