/* SPDX-License-Identifier: Apache-2.0 */
/* The record of a decision as a file, schema plimsoll.record/1 (docs/record-file.md): names, not indexes;
 * snapshot and plan stand in it as they stand in files of their own. Pure but for jansson's own memory.
 * Threads: any, each its own arena.
 *
 * Units: as snapshot_file.h and plan_file.h. Owner: the arena. Errors: -EBADMSG, -ENOMEM.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/record.h"

/* JSON text in `a`. record->plan is put in as it is. 0 or -ENOMEM. */
int record_file_print(Arena *a, const Record *r, const char **ret, size_t *ret_n) must_check;

/* 0; -EBADMSG with *reterr_fault (what was wrong, what is accepted, which field); -ENOMEM. *ret is in the
 * arena and refers to nothing in `text`; its plan is compact JSON. Fields that are not known are passed over.
 */
int record_file_parse(Arena *a, const char *text, size_t n, const Record **ret,
                      TextFault *reterr_fault) must_check;
