/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_path.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

static int api_path_digit(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int api_path_decode(char *text) {
        char *to = text;

        for (const char *from = text; *from; from++) {
                int high, low;

                if (*from != '%') {
                        *to++ = *from;
                        continue;
                }
                high = api_path_digit(from[1]);
                low = high < 0 ? -1 : api_path_digit(from[2]);
                if (low < 0 || (high == 0 && low == 0))
                        return -EINVAL;
                *to++ = (char) (high << 4 | low);
                from += 2;
        }
        *to = '\0';
        return text_is_line(text, strlen(text)) ? 0 : -EINVAL;
}

int api_path_parse(const char *raw, ApiPath *ret) {
        const size_t n = strnlen(raw, API_PATH_MAX);
        char *at;

        ret->n = 0;
        if (n >= API_PATH_MAX || raw[0] != '/')
                return -EINVAL;
        memcpy(ret->text, raw, n + 1);
        at = n > 1 ? ret->text + 1 : NULL; /* "/" has no segment */
        while (at) {
                char *slash = strchr(at, '/');

                if (slash)
                        *slash = '\0';
                if (ret->n == API_SEGMENTS_MAX || api_path_decode(at) < 0 || at[0] == '\0' ||
                    strcmp(at, ".") == 0 || strcmp(at, "..") == 0)
                        return -EINVAL;
                ret->segments[ret->n++] = at;
                at = slash ? slash + 1 : NULL;
        }
        return 0;
}

bool api_path_matches(const ApiPath *path, const char *pattern, const char *params[API_PARAMS_MAX]) {
        uint32_t i = 0, n_params = 0;

        if (strcmp(pattern, "/") == 0)
                return path->n == 0;
        for (; *pattern == '/' && i < path->n; i++) {
                const size_t n = strcspn(++pattern, "/");

                if (pattern[0] == '{' && n_params < API_PARAMS_MAX)
                        params[n_params++] = path->segments[i];
                else if (strlen(path->segments[i]) != n || strncmp(path->segments[i], pattern, n) != 0)
                        return false;
                pattern += n;
        }
        return *pattern == '\0' && i == path->n;
}
