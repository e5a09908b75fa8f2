/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/json_print.h"

#include "scheduler/base/out.h"

/* The library cuts between characters. */
static int json_print_piece(const char *text, size_t n, void *out) {
        out_json(out, text, n);
        return ferror((FILE *) out) ? -1 : 0;
}

int json_print(const json_t *value, FILE *out, size_t flags) {
        return json_dump_callback(value, json_print_piece, out, flags);
}
