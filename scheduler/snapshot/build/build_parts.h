/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of snapshot_build() share: build.c (its steps, and what it notes), build_hosts.c (which hosts there are and
 * what is known of them), build_vms.c (which VMs, and where). For them only.
 *
 * Units: as the snapshot's. Owner: all is in the arena. Errors: -ENOMEM; -ERANGE: more than a cluster may have. Threads:
 * one for each Builder.
 */
#pragma once

#include "scheduler/snapshot/build/build.h"
#include "scheduler/snapshot/build/report_facts.h"
#include "scheduler/snapshot/json/name_table.h"

typedef struct Builder {
        Arena *a;
        const BuildInput *in;
        usec_t stale_after, clock_skew;
        int64_t fault_hold, waiting_above;
        NameTable names;          /* of hosts, in the order of strcmp */
        uint32_t left_out;        /* names of hosts beyond HOSTS_MAX */
        Host *hosts;              /* [names.n] */
        const Report **report_of; /* [names.n] the newest, or NULL */
        const Report **known_of;  /* [names.n] what was last known of its VMs, or NULL */
        const char **uuid_of;     /* [names.n] a machine that reports under this name, or NULL */
        bool *doubled;            /* [names.n] two machines report under this name */
        VmRow *rows;
        uint32_t n_rows;
        FaultMemory *memories;             /* [names.n] to be remembered */
        const FaultMemory **remembered_of; /* [names.n] */
} Builder;

/* names, hosts, report_of, known_of and rows; with faults, marks and brakes. */
int build_hosts_build(Builder *b, Snapshot *s) must_check;

/* Of all rows the VMs, each once: after the hosts. */
int build_vms_build(Builder *b, Snapshot *s) must_check;
