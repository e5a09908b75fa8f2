/* SPDX-License-Identifier: Apache-2.0 */
/* A whole small file, read at once, as /proc wants it.
 *
 * Units: bytes. Owner: the text is in the arena. Errors: a negative errno, as said below. Threads: any, each
 * its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"

/* The contents of root + path, NUL-terminated, in `a`. 0; -ENOENT, -EACCES, -EOPNOTSUPP (pressure that was
 * switched off) … as open or read say; -ENOMEM when the arena is full. */
int file_slurp(Arena *a, const char *root, const char *path, const char **ret, size_t *ret_n) must_check;
