/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of one domain between readings: the facts of its XML, read again now and then,
 * and its counters.
 *
 * Units: MiB and KiB by suffix; usec_t, in microseconds, monotonic. Owner: VmRecords has its records; ended
 * by vm_records_free(). Errors: -ENOMEM; a negative errno of libvirt as of virt_error(). Threads: one, the
 * collector's.
 */
#pragma once

#include "collectors/guests/dirty_rate.h"
#include "collectors/guests/pool_list.h"
#include "collectors/guests/vm_stats.h"
#include "collectors/guests/vm_waits.h"
#include "collectors/parse/domain_xml.h"
#include "collectors/read/rate.h"

typedef struct VmRecord {
        unsigned char uuid[VIR_UUID_BUFLEN];
        unsigned id;             /* another one: it was started anew */
        bool seen;               /* in this reading */
        bool described;          /* facts are there */
        const char *undescribed; /* why they are not; NULL: they are */
        usec_t described_at;
        Arena arena; /* of the texts below */
        DomainFacts facts;
        const char *pools;   /* identities of the pools its disks are in, a list */
        const char *devices; /* block devices of the host its disks are on, a list; "none"; NULL: not known */
        int64_t local_mib;   /* writable disks no other host sees; UNKNOWN: where they are cannot be told */
        const char *images;  /* local ones it reads, paths; a list, never NULL once described */
        int64_t snapshots, checkpoints, block_jobs; /* UNKNOWN */
        const char *tie;   /* why it cannot be moved, a word; NULL: nothing, or the facts say it */
        const char *stays; /* why it cannot be moved as it is, beside its facts; NULL: it can */
        Rate vcpu, cpu, rx, tx, disk;
        VmWaits waits;
        DirtyHistory dirty;
        bool job_asked; /* in its last reading, and there was none: not asked in the next one */
} VmRecord;

typedef struct VmRecords {
        VmRecord **at;
        uint32_t n, room;
} VmRecords;

/* The domain's record, a new one if it was never seen or was started anew. NULL: no memory. Owner: `all`. */
VmRecord *vm_record_get(VmRecords *all, const unsigned char *uuid, unsigned id);
/* Whether it was in this reading already. */
bool vm_record_seen(const VmRecords *all, const unsigned char *uuid);
/* Ends the records that were not seen since the last call. */
void vm_records_forget_gone(VmRecords *all);
void vm_records_free(VmRecords *all);

/* Reads the domain's XML into the record. root: as in CollectorEnv. 0; negative errno, and the record is as
 * it was or undescribed: that concerns this domain alone. -EFBIG: the XML is longer than its bound. */
int vm_record_describe(VmRecord *r, virDomainPtr domain, const virTypedParameter *params, int n,
                       const PoolList *pools, const char *root, usec_t now) must_check;

/* The same of one that is off: nobody counts its disks, so local_mib is 1 for each that only its host sees.
 */
int vm_record_describe_off(VmRecord *r, virDomainPtr domain, const PoolList *pools, usec_t now) must_check;
