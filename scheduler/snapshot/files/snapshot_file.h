/* SPDX-License-Identifier: Apache-2.0 */
/* The snapshot file, schema plimsoll.snapshot/1 (docs/snapshot-file.md). Pure but for jansson's own memory.
 * What is printed and parsed again is the same snapshot, and gives the same plan.
 *
 * Units: as docs/snapshot-file.md says of each field. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads:
 * any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"

/* 0; -EBADMSG with *reterr_fault (what was wrong, what is accepted, and where: a field, or for what is no
 * JSON the line and column); -ENOMEM. *ret is in the arena and refers to nothing in `text`. */
int snapshot_file_parse(Arena *a, const char *text, size_t n, const Snapshot **ret,
                        TextFault *reterr_fault) must_check;

/* The same; *ret_unknown: which fields this version does not know and has passed over, in a sentence; NULL: none. */
int snapshot_file_parse_noting(Arena *a, const char *text, size_t n, const Snapshot **ret,
                               const char **ret_unknown, TextFault *reterr_fault) must_check;

/* JSON text, NUL-terminated, ends with a newline; fields in a fixed order, defaults left out. */
int snapshot_file_print(Arena *a, const Snapshot *s, const char **ret, size_t *ret_n) must_check;
