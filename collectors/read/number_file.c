/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/number_file.h"

#include <ctype.h>
#include <string.h>

#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

static size_t line_within(const char **text) {
        size_t n = strcspn(*text, "\n");

        while (n > 0 && isspace((unsigned char) (*text)[n - 1]))
                n--;
        while (n > 0 && isspace((unsigned char) **text)) {
                (*text)++;
                n--;
        }
        return n;
}

int64_t number_file(Arena *scratch, const char *root, const char *path) {
        ArenaMark mark = arena_mark(scratch);
        int64_t number = UNKNOWN;
        const char *text;
        size_t n;

        if (path && file_slurp(scratch, root, path, &text, &n) == 0) {
                n = line_within(&text);
                if (text_to_int(text, n, 0, bound_of(BOUND_QUANTITY), &number) < 0)
                        number = UNKNOWN;
        }
        arena_rewind(scratch, mark);
        return number;
}

const char *line_file(Arena *a, const char *root, const char *path) {
        const char *text;
        size_t n;

        if (!path || file_slurp(a, root, path, &text, &n) < 0)
                return NULL;
        n = line_within(&text);
        return n > 0 && text_is_name(text, n) ? text_copy(a, text, n) : NULL;
}
