/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/json_pick.h"

#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

json_t *json_document(const char *text, size_t n) {
        return json_loadb(text, n, JSON_DECODE_INT_AS_REAL, NULL);
}

json_t *json_at(const json_t *j, const char *path) {
        json_t *at = NULL;
        char name[64];

        while (*path) {
                size_t n = strcspn(path, ".");

                if (n >= sizeof(name))
                        return NULL;
                memcpy(name, path, n);
                name[n] = '\0';
                at = json_object_get(at ? at : j, name);
                path += n + (path[n] == '.');
                if (!at)
                        return NULL;
        }
        return at;
}

static int64_t text_whole(const char *s) {
        size_t n;
        int64_t value;

        s += strspn(s, " \t");
        n = strcspn(s, " \t");
        return s[n + strspn(s + n, " \t")] == '\0' &&
                               text_to_int(s, n, 0, bound_of(BOUND_TOOL_NUMBER), &value) == 0
                       ? value
                       : UNKNOWN;
}

int64_t json_whole(const json_t *j) {
        double d;

        if (json_is_string(j))
                return text_whole(json_string_value(j));
        if (!json_is_number(j))
                return UNKNOWN;
        d = json_number_value(j);
        return d >= 0 && d <= (double) bound_of(BOUND_TOOL_NUMBER) ? (int64_t) d : UNKNOWN;
}

int64_t json_whole_at(const json_t *j, const char *path) {
        return json_whole(json_at(j, path));
}

const char *json_text_at(const json_t *j, const char *path) {
        return json_string_value(json_at(j, path));
}

void json_trim(char *to, size_t size, const char *text) {
        size_t n;

        assert(size > 0);
        text = text ? text : "";
        text += strspn(text, " \t");
        n = strlen(text);
        while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
                n--;
        if (n >= size) /* not in the middle of a character: a report is UTF-8 */
                for (n = size - 1; n > 0 && ((unsigned char) text[n] & 0xc0) == 0x80;)
                        n--;
        memcpy(to, text, n);
        to[n] = '\0';
}
