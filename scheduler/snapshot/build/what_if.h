/* SPDX-License-Identifier: Apache-2.0 */
/* What if: a snapshot with changes made to it, as if the cluster were so. A pure function on a Snapshot; the
 * original stays as it is.
 *
 * VMs that run nowhere yet — new ones, and those of a host that is lost — have host IX_NONE in the result;
 * where they start is for decide/query/place.h to say. Nothing else takes such a snapshot.
 *
 * Errors: -EINVAL with *reterr_fault (what was found, what is accepted, the nearest right name); -ENOMEM.
 *
 * Units: by suffix (model/units.h). Owner: the arena; it refers to `s`. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"

/* A VM to be. Fields of `vm` that nobody set: cpu_mcores UNKNOWN is what the cluster's measured VMs use of a
 * vCPU on average, times its vCPUs; cores are of the usual speed (snapshot_speeds()). */
typedef struct NewVm {
        Vm vm;
        const char *like; /* a VM whose size, networks, pools, groups and rules it has unless said; or NULL */
        int64_t count;    /* so many of them, NAME-1 … NAME-n; 1: NAME */
} NewVm;

typedef struct NewHost {
        Host host;
        const char *like; /* a host it is like in all that is not said; or NULL */
} NewHost;

/* Each is a list of names, or of objects made by what_if_vm() and what_if_host(). */
typedef struct WhatIf {
        const NewHost *hosts; /* added, empty */
        const NewVm *vms;     /* added */
        const char *const *emptied, *const *lost, *const *removed;
        uint32_t n_hosts, n_vms, n_emptied, n_lost, n_removed;
        usec_t leave_by; /* those emptied should be by then; 0: no deadline */
} WhatIf;

/* "emptied": the host takes no VM and its VMs should leave (maintenance). "lost": the host is gone, its VMs
 * start elsewhere, those with disks that only it sees cannot. "removed": the VM is gone. In `a`. */
int what_if_apply(Arena *a, const Snapshot *s, const WhatIf *w, const Snapshot **ret,
                  TextFault *reterr_fault) must_check;

/* A VM or host nobody has said anything of. */
NewVm what_if_vm(void);
NewHost what_if_host(void);

/* One field, as a person writes it: "memory" "16GiB". Those that are lists ("group", "network", "pool",
 * "label") may be set more than once. `option`: how messages call it, "--memory". */
int what_if_vm_set(Arena *a, NewVm *vm, const char *field, const char *text, const char *option,
                   TextFault *reterr_fault) must_check;

/* "name=web9,vcpus=4,memory=8GiB": all fields of a VM or host, separated by commas. */
int what_if_vm_parse(Arena *a, const char *text, NewVm *ret, TextFault *reterr_fault) must_check;
int what_if_host_parse(Arena *a, const char *text, NewHost *ret, TextFault *reterr_fault) must_check;

/* Cores that a VM of so many vCPUs is taken to use when nobody says, in mcores. *ret_measured: of how many
 * VMs this is the average; 0: it is taken to use all its vCPUs. */
int64_t what_if_usual_mcores(const Snapshot *s, const int64_t *mhz, int64_t usual_mhz, int64_t vcpus,
                             uint32_t *ret_measured);
