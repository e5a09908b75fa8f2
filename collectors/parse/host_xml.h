/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt says in XML of a host, its storage pools and its interfaces. Pure but for libxml2's memory.
 * Texts live in the arena; a field that is not there is NULL.
 *
 * Units: MHz. Owner: the arena. Errors: -EBADMSG, -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "collectors/parse/word_list.h"
#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

typedef struct HostFacts {
        const char *uuid, *arch, *cpu_model;
        const char *machines,
                *emulators; /* of the host's own architecture, separated by commas; NULL: too many */
        int64_t tsc_mhz;    /* the speed that does not change with power saving; UNKNOWN */
} HostFacts;

/* virConnectGetCapabilities. 0; -EBADMSG; -ENOMEM. */
int capabilities_parse(Arena *a, const char *xml, size_t n, HostFacts *ret) must_check;

/* virConnectGetDomainCapabilities: what CPU a VM can be given there. */
typedef struct CpuFacts {
        const char *models; /* usable ones, separated by commas; NULL: it does not say */
        const char
                *host_cpu; /* the richest CPU, as <cpu> XML for virConnectBaselineHypervisorCPU(); or NULL */
} CpuFacts;

/* 0; -EBADMSG; -ENOMEM. */
int domain_capabilities_parse(Arena *a, const char *xml, size_t n, CpuFacts *ret) must_check;

/* <cpu> XML: the features it has, separated by commas, NULL: none or too many. 0; -EBADMSG; -ENOMEM. */
int cpu_features_parse(Arena *a, const char *xml, size_t n, const char **ret) must_check;

typedef struct PoolFacts {
        const char *name;
        const char *identity; /* the same text on all hosts that have the same storage: "nfs:filer:/vms",
                                 "iscsi:san:iqn…", "rbd:vms"; of a host's own storage "dir:/srv/vms" */
        const char *path;     /* where its volumes are, or NULL */
        bool block;           /* its volumes are block devices */
        bool shared;          /* its type says so; a "dir" may be shared too: its mount knows */
} PoolFacts;

/* virStoragePoolGetXMLDesc. 0; -EBADMSG; -ENOMEM. */
int pool_xml_parse(Arena *a, const char *xml, size_t n, PoolFacts *ret) must_check;

/* virInterfaceGetXMLDesc: its name when it is a bridge, else NULL. 0; -EBADMSG; -ENOMEM. */
int interface_xml_parse(Arena *a, const char *xml, size_t n, const char **ret_bridge) must_check;

/* virNetworkGetXMLDesc: adds its port groups as "network/group". 0; -EBADMSG; -ENOMEM. */
int network_xml_parse(Arena *a, const char *xml, size_t n, WordList *portgroups) must_check;

typedef struct NumaCell {
        int64_t id, memory_mib; /* memory UNKNOWN: not said */
        const char *cpus;       /* "0-15,32-47"; NULL: it has none */
} NumaCell;

/* virConnectGetCapabilities: the host's NUMA nodes, at most `most`. 0; -EBADMSG. */
int numa_parse(Arena *a, const char *xml, size_t n, NumaCell *ret, uint32_t most, uint32_t *ret_n) must_check;
