/* SPDX-License-Identifier: Apache-2.0 */
/* Which hosts take part in a cluster. Whoever can reach Redis can report a host; one takes part only once it was admitted,
 * by an operator, by a pattern of the settings (cluster.hosts), or because it was there before hosts were admitted at all.
 * Else it is only seen: it is shown with its VMs, takes none, gives none, and what it says of its faults moves nothing.
 * So is a host that
 *
 *   reports another machine's UUID than it was admitted with, or is found to be another when libvirt is connected to;
 *   has at least twice the CPUs or the memory that it was admitted with (unless it is silent, or libvirt was asked instead: that
 *   counts by other rules, and says which machine it is);
 *   reports the machine UUID of another host that was admitted before it (of several the first admitted goes on).
 *
 * What is not known, on either side, speaks against nobody: after connecting, libvirt's own word is asked for.
 *
 * Units: by suffix (model/units.h). Owner: the arena. Errors: -ENOMEM. Threads: any, each its own arena. Pure.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

typedef struct Admissions {
        const HostAdmission *records; /* sorted by host */
        uint32_t n;
        const char *patterns; /* cluster.hosts: names and shell patterns, separated by commas */
        Strings known;        /* sorted; there before hosts were admitted at all, and so admitted */
        Strings reached; /* sorted; read through libvirt, as their agents are silent: they are only left */
} Admissions;

/* The host's record, or NULL. */
const HostAdmission *admission_find(const Admissions *in, const char *host);

/* Does the name fit one of the words ("h1,rack2-*")? */
bool admission_fits(const char *patterns, const char *name);

/* Each host's `admitted`; and those that are only seen are excluded, with words. hosts[n] by name, their facts filled in. */
int hosts_admit(Arena *a, const Admissions *in, Host *hosts, uint32_t n) must_check;
