/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of report_facts() share: report_facts.c (a report's sections), report_host_facts.c (what a sample
 * says of the host), report_vm_facts.c (… of a VM), report_members.c (how a value becomes a member). For them only.
 *
 * Units: as the metrics'. Owner: all is in the arena. Errors: -ENOMEM; -EBADMSG for labels. Threads: one for each report.
 */
#pragma once

#include "scheduler/snapshot/build/report_facts.h"
#include "scheduler/snapshot/build/report_targets.h"
#include "scheduler/snapshot/json/name_table.h"

typedef struct Facts {
        Arena *a;
        const Report *report;
        Host *host;
        HostContention *host_contention;
        HostPlatform *platform;
        NumaNode *numa; /* [NUMA_MAX] */
        HostFacts *facts;
        VmRow *rows;
        NameTable vms;
        Nic *nics;
        NameTable nic_names;
        const char *switches; /* of all NICs, by commas; NULL: none */
        PeerRtt *peers;
        Hugepages *hugepages; /* [HUGEPAGES_MAX] */
} Facts;

/* ---- report_members.c ---- */

/* The longest part of s that is at most `most` bytes and ends at a character. */
size_t report_facts_cut(const char *s, size_t n, size_t most);

/* "b,a,,b" → a, b. A label without a value gets an empty one. */
int report_facts_split(Arena *a, const char *text, bool labels, Strings *ret) must_check;

/* The member of the object that the target names. */
int report_facts_fill(Arena *a, const Target *t, const Sample *sample, void *object) must_check;
bool report_facts_is_of(const Sample *sample, TargetOf of);

/* All of it not known: every member is a number. NULL: no memory. */
void *report_facts_contention(Arena *a, size_t size);

/* ---- report_host_facts.c ---- */

int report_host_sample(Facts *f, const Section *s, const Sample *sample) must_check;

/* Lists in their order, each once; what is nobody's is left out. */
int report_host_finish(Facts *f) must_check;

/* ---- report_vm_facts.c ---- */

int report_vm_sample(Facts *f, const Sample *sample, VmRow *row) must_check;
int report_vms_finish(Facts *f) must_check;
