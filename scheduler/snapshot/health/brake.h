/* SPDX-License-Identifier: Apache-2.0 */
/* One brake for all that asks for hosts to be emptied: faults, operators' marks. A tool that is wrong of a whole fleet, or
 * somebody who writes marks, must not have it emptied.
 *
 *   more causes than max(brake.hosts, brake.percent of the hosts) within brake.within, or more hosts than the others have
 *   room for: the worst ones are emptied, up to that number; the rest is held until an operator releases it. Where nothing
 *   else was emptied lately one host is, as far as there is room
 *
 * A cause is a host with the kind of its signal (the hazard of its worst fault; "maintenance"). Hosts that share a domain (the
 * settings' `hosts: domains`) with the host whose cause was counted, and have the same kind, are of that cause and count no
 * more. What an operator asked for knowingly (Host.several) or released is not held, and counts. What was to be
 * emptied for longer than brake.within when the brake began to remember (Snapshot.brake_new) does not count.
 *
 * Pure: what earlier rounds decided is in the snapshot (Host.brake…), and "now" is its taken_at. A snapshot that knows nothing of
 * it (Snapshot.braked) holds nothing.
 *
 * Units: usec_t, in microseconds since the epoch; MiB, mcores. Owner: the arena. Errors: -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"
#include "scheduler/model/settings.h"

extern const SettingDef brake_settings[]; /* section "brake" */

typedef struct BrakeVerdict {
        HostBrake state; /* to be remembered; BRAKE_NONE: nothing is */
        usec_t at;
        const char *kind; /* NULL: none */
        const char *why;  /* held: in words; else NULL */
} BrakeVerdict;

typedef struct Brake {
        const BrakeVerdict *hosts; /* [Snapshot.n_hosts] */
        uint32_t n_held;
        uint32_t limit,
                counted; /* causes: allowed within brake.within; that count now, those allowed just now among them */
        bool changed; /* some host's is another than what is remembered */
} Brake;

/* 0 or -ENOMEM. */
int brake_judge(Arena *a, const Snapshot *s, const Settings *settings, Brake *ret) must_check;

/* The snapshot with what is held marked so, and a note that names all of it. 0 or -ENOMEM. In `a`. */
int brake_apply(Arena *a, const Snapshot *s, const Brake *brake, const Snapshot **ret) must_check;

/* A host that somebody or something wants empty. */
bool brake_wants(const Host *host);

/* Where the VMs of the hosts marked in `leaves` [n_hosts] find room on hosts that take VMs, beside those that run there: in
 * ret_to[n_vms], IX_NONE for those that stay. By CPU and memory alone, the largest first. 1: they do not all find room. 0;
 * -ENOMEM. */
int brake_room(Arena *a, const Snapshot *s, const Settings *settings, const bool *leaves,
               HostIx *ret_to) must_check;
