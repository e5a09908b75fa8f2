/* SPDX-License-Identifier: Apache-2.0 */
/* A request's path against a route's pattern: "/api/v1/hosts/{host}/maintenance". Segment by segment; "%2F" is a letter of
 * a segment, never a separator, and "." and ".." are no way to anywhere. Pure.
 *
 * Units: bytes. Owner: the caller's. Errors: -EINVAL: it is no path that any route could have. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

#define API_PATH_MAX     1024
#define API_SEGMENTS_MAX 8
#define API_PARAMS_MAX   3

typedef struct ApiPath {
        char text[API_PATH_MAX];
        const char *segments[API_SEGMENTS_MAX]; /* decoded, each NUL-terminated, in `text` */
        uint32_t n;
} ApiPath;

/* `raw` as it stands in the request line, without the query. 0; -EINVAL: too long, no leading "/", an empty segment, "."
 * or "..", a "%" without two hexadecimal digits, or bytes that are no line of UTF-8. */
int api_path_parse(const char *raw, ApiPath *ret) must_check;

/* Whether the path is of the pattern; then params[i] is what stands at its i-th {…}, in the path's text. */
bool api_path_matches(const ApiPath *path, const char *pattern, const char *params[API_PARAMS_MAX]);

/* "%41" → "A", in place; "+" stays. 0; -EINVAL as above. */
int api_path_decode(char *text) must_check;
