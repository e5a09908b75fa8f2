/* SPDX-License-Identifier: Apache-2.0 */
/* The disks that smartctl is asked about: each at its own pace, with a tool of its own, and what is known of
 * it.
 *
 * Owner: the collector "smart". Threads: one.
 *
 * Units: usec_t, in microseconds; `now` monotonic. Errors: -ENOMEM; a disk's own errors are kept in it.
 */
#pragma once

#include "collectors/parse/smartctl.h"
#include "collectors/read/collector.h"
#include "collectors/read/tool_run.h"

#define SMART_DISKS_MAX 512

typedef struct SmartDisk {
        char device[128], type[48], subject[96];
        char address[48];           /* by which its controller is asked for it: "megaraid:4"; "" */
        char model[96], serial[64]; /* by sysfs, of NVMe; "" */
        bool by_nvme_cli;           /* asked by nvme-cli: smartctl is not there */
        char blocks[256];           /* of this host, by commas; "" behind RAID */
        bool usb;
        ToolRun run;
        usec_t due, answered; /* monotonic; answered 0: never */
        unsigned asked;       /* times */
        SmartFacts facts;     /* the last that were told; health as of the last try */
        bool known;           /* facts hold more than a health */
        bool asleep;
        usec_t gone; /* monotonic: since when no scan finds it; 0: it is there */
} SmartDisk;

typedef struct SmartDisks {
        SmartDisk *disks[SMART_DISKS_MAX];
        uint32_t n;
} SmartDisks;

/* The disks there are now. Those that are new are added, due at once; those that are missing are marked, and
 * forgotten after `keep`; one on USB at once. `root` as in CollectorEnv. 0 or -ENOMEM. */
int smart_disks_update(SmartDisks *s, const char *root, const SmartDevice *devices, uint32_t n, usec_t now,
                       usec_t keep) must_check;

/* An answer of smartctl, or a negative errno of its run. A disk that sleeps or does not answer keeps what was
 * known of it. */
void smart_disk_answer(SmartDisk *d, int error, const ToolOutput *out, usec_t now);

/* All that is known of it; nothing while its first answer is awaited. 0 or -ENOMEM. */
int smart_disk_emit(const SmartDisk *d, usec_t now, SampleSink *sink) must_check;

void smart_disks_close(SmartDisks *s);
