/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's log as /dev/kmsg gives it (Linux, Documentation/ABI/testing/dev-kmsg): records of
 * "level,sequence,microseconds,flags[,…];message", each followed by lines that begin with a blank. Pure.
 *
 * Units: usec_t, in microseconds since boot. Owner: texts point into the record's bytes. Errors: none: what
 * is no record is passed over. Threads: any.
 */
#pragma once

#include "collectors/parse/lines.h"
#include "scheduler/base/clock.h"

typedef enum KmsgKind {
        KMSG_OTHER,
        KMSG_IO_ERROR,      /* of `device` */
        KMSG_READ_ONLY,     /* a file system on `device` takes no more writes */
        KMSG_FS_ERROR,      /* one has found itself damaged */
        KMSG_MACHINE_CHECK, /* MCE, EDAC, or a hardware error the firmware tells of */
        KMSG_HUNG_TASK,
        KMSG_KIND_N,
} KmsgKind;

typedef struct KmsgRecord {
        usec_t at; /* since boot */
        uint64_t sequence;
        KmsgKind kind;
        Span device; /* n == 0: of none; "nvme0": a controller, whose first namespace is nvme0n1 */
} KmsgRecord;

/* The next record of `rest`, which moves on; lines that are none are passed over. False at the end. */
bool kmsg_next(Span *rest, KmsgRecord *ret);
