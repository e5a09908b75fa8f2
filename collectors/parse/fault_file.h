/* SPDX-License-Identifier: Apache-2.0 */
/* What an operator's tool says of hardware, schema plimsoll.fault/1 (docs/fault-file.md): a JSON object, or a
 * list of them. Pure but for jansson's own memory. Texts live in the arena.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any,
 * each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/units.h"

#define FAULT_FILE_SCHEMA "plimsoll.fault/1"
#define FAULT_FILE_MOST   65536 /* bytes */
#define FAULT_FILE_FAULTS 256   /* in one list */

typedef struct ToolFault {
        const char *device, *serial, *why; /* NULL: not said */
        const char *vms;                   /* by commas; "none": an empty list; NULL: not said */
        int64_t grade;
        usec_t until; /* since the epoch; 0: for as long as it is said */
} ToolFault;

/* 0; -EBADMSG with *reterr_fault; -ENOMEM. */
int fault_file_parse(Arena *a, const char *text, size_t n, const ToolFault **ret, uint32_t *ret_n,
                     TextFault *reterr_fault) must_check;
