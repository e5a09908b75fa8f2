/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files: read with a limit, written so that a reader sees the old one or the new one, never half.
 *
 * Units: bytes. Owner: the text is in the arena. Errors: a negative errno, with *reterr_fault. Threads: any,
 * each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

/* The file ("-": standard input), NUL-terminated, in `a`. 0; negative errno with *reterr_fault in words. At
 * most 4 GiB. */
int file_read(Arena *a, const char *path, const char **ret, size_t *ret_n,
              TextFault *reterr_fault) must_check;

/* A temporary file beside it, written, synced, then renamed over it; on error the old file is as it was and
 * the temporary one is gone. "-": standard output. A symbolic link is followed; a device or pipe is written
 * in place. New files get mode 0666 less the umask; an existing one keeps its mode. */
int file_write(const char *path, const char *text, size_t n, TextFault *reterr_fault) must_check;
