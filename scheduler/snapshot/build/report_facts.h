/* SPDX-License-Identifier: Apache-2.0 */
/* One host's Report → what it says of the host and of its VMs: which metric fills which member. Internal to
 * snapshot/. Pure. A value out of a member's range is brought to its nearest end; an empty text is not said.
 *
 * What was left out of the report (Report.dropped) leaves nothing else out: a VM of which something is missing counts with
 * its vCPUs and memory and is not movable; where even these are not known, or which VM it was, `unsure` says so.
 *
 * Units: by suffix (model/units.h). Owner: rows are the caller's, texts the report's or in the arena. Errors:
 * -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/sample.h"

#define VMS_COLLECTOR "vms" /* its section lists all VMs of the host */

typedef enum VmJob {
        VM_JOB_NONE,
        VM_JOB_OUT, /* it is leaving this host */
        VM_JOB_IN,  /* it is coming */
        VM_JOB_OTHER,
} VmJob;

/* A VM as one host reports it. */
typedef struct VmRow {
        Vm vm;                    /* host is the reporting one */
        VmContention *contention; /* vm.contention */
        VmTies *ties;             /* vm.ties */
        VmJob job;
        bool fresh;      /* the reporting host is not excluded as stale */
        bool remembered; /* its host does not say so: it was last known (build.h) */
        usec_t read_at;
} VmRow;

typedef struct HostFacts {
        const char *uuid;
        int64_t memory_available_mib;
        bool daemon_silent;  /* host.daemon is 0, or the list of VMs could not be had */
        int daemon_error;    /* its errno, or 0 */
        bool has_vms;        /* there is a list of VMs */
        usec_t vms_read_at;  /* when it was read */
        usec_t load_read_at; /* the older of host.cpu.busy and host.memory.total, or 0 */
        const char *unsure;  /* why not all that runs on it is known, in the arena; NULL: it is */
} HostFacts;

/* How many VMs the report names. */
uint64_t report_count_vms(const Report *r);

/* Fills *host (zeroed, with name) and *ret, and rows[0..] for each VM, vm.host := ix; *ret_n of them, at most
 * as many as report_count_vms() said. 0 or -ENOMEM. */
int report_facts(Arena *a, const Report *r, HostIx ix, Host *host, VmRow *rows, HostFacts *ret,
                 uint32_t *ret_n) must_check;
