/* SPDX-License-Identifier: Apache-2.0 */
/* Files of sysfs that hold one number, or one line.
 *
 * Units: the file's own. Owner: `scratch` is given back; a line is in the arena. Errors: UNKNOWN or NULL.
 * Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

/* The whole number in root + path: 0 … QUANTITY_MAX; UNKNOWN where there is no such file, or something else
 * in it, or it is negative. Uses `scratch` and gives it back. */
int64_t number_file(Arena *scratch, const char *root, const char *path);

/* The first line without blanks around it, as a name; NULL: none. In `a`. */
const char *line_file(Arena *a, const char *root, const char *path);
