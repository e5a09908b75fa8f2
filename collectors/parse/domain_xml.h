/* SPDX-License-Identifier: Apache-2.0 */
/* A domain's XML, as virDomainGetXMLDesc gives it → what a balancer must know of it. Pure
 * but for libxml2's memory. Texts live in the arena; what is not there is NULL.
 *
 * An operator describes a guest to the balancer in its metadata (libvirt keeps and migrates it):
 *
 *   virsh metadata GUEST urn:plimsoll:vm:1 --key plimsoll --config --live --set \
 *     '<vm><group apart="host">web</group><label key="owner">ops</label><rule priority="800"/></vm>'
 *
 * and in words of its title that begin with '#': "#web" is a group, "#owner=ops" a label. docs/labels.md.
 *
 * Units: MiB and the like by suffix (model/units.h). Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads:
 * any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

#define DOMAIN_METADATA_NAMESPACE "urn:plimsoll:vm:1"

typedef struct DomainDisk {
        const char *target; /* "vda" */
        const char *path;   /* of a file, block device or folder on the host; or NULL */
        const char *pool;   /* libvirt's pool it is a volume of, when it is described so; or NULL */
        const char *volume; /* its name there */
        bool network;       /* QEMU reaches it over the network by itself: rbd, iscsi, nbd … */
        bool block;         /* a block device */
        bool writable;
        bool backing;  /* an image below that of the disk before it in the list, which is an overlay of it */
        bool optional; /* a removable one that may be missing on the target (startupPolicy) */
} DomainDisk;

typedef struct DomainFacts {
        const char *title, *arch, *machine;
        const char *cpu_model;    /* the model's name, or "host-passthrough", "host-model", "maximum" */
        const char *emulator;     /* its path */
        const char *cpu_features; /* required beyond the model's, separated by commas; never NULL */
        bool cpu_limited;         /* <cputune> limits the CPU time of its vCPUs or of all of it */
        const char *
                tie; /* what libvirt moves no VM with, a word of model/cluster.h's tie_names; NULL: nothing */
        const char *host_devices; /* of its host that it has, KIND:NAME, separated by commas; never NULL */
        const char *portgroups;   /* "network/group", separated by commas; never NULL */
        const char *cpu_pins, *numa_nodes; /* lists of numbers of the host's; NULL: none */
        const char *numa_cells;            /* its own topology, in words; NULL: none is said */
        const char *
                numa_bound; /* its cells, where one must be on nodes of its host (model/bound_cells.h); NULL: none */
        bool hugepages_default; /* of the size its host takes where none is asked for */
        int64_t hugepages_kib;  /* size of the pages that back its memory; 0: none, or the default one */
        const char *networks, *groups, *labels; /* lists, separated by commas; never NULL */
        const char *pinned;                     /* why it cannot be migrated live, in words */
        const char *kept; /* files beside its disks that its host keeps, and libvirt sends along only while it
                             runs, in words: UEFI variables, a TPM's state */
        int64_t vcpus, memory_mib; /* UNKNOWN: not said */
        const DomainDisk *disks;   /* those that have something in them */
        uint32_t n_disks;
} DomainFacts;

/* 0; -EBADMSG: not a domain's XML; -ENOMEM: try again with a larger arena. */
int domain_xml_parse(Arena *a, const char *xml, size_t n, DomainFacts *ret) must_check;
