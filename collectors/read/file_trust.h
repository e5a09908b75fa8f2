/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a file's words may be taken as its owner's: it, and every folder on the way to it, belongs to root or to
 * this program's own user, and nobody else may write there (a folder may be sticky, as /tmp). What an operator's tool
 * says moves VMs, and its commands run with the agent's rights: whoever may write it is an operator.
 *
 * Units: bytes. Owner: texts are in the arena. Errors: a negative errno; 1 with a reason where it is not to be
 * trusted. Threads: any, each its own arena.
 */
#pragma once

#include <sys/stat.h>

#include "scheduler/base/arena.h"

/* Why it may not be trusted by its own owner and mode, "it belongs to user 1000, neither root nor the agent's user";
 * NULL: it may. "?": the arena is full. */
const char *file_trust_reason(Arena *a, const struct stat *st);

/* Every folder on the way to the absolute `path`, by its names and where links lead, and the last of it, too.
 * 0: all are to be trusted; 1: *ret_why says which is not; -ENOENT, -EACCES, … -ENOMEM. */
int file_trust_path(Arena *a, const char *path, const char **ret_why) must_check;
