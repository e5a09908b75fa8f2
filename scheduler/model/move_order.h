/* SPDX-License-Identifier: Apache-2.0 */
/* One migration by names: what a move of a plan is once it has left its snapshot, whose indexes it outlives.
 * Plan files hold it, the judge judges it, the mover carries it out; the journal, the executor, the live state,
 * records and the audit point to it, and add what they have to say of it. None copies it (tests/arrows/moves.py
 * keeps that).
 *
 * Owner: whoever made it, with its strings; it outlives what points to it.
 *
 * Units: by suffix (units.h): MiB; a Prediction's in ms, bytes, kbit. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/plan.h"

typedef struct MoveOrder {
        const char *vm, *from, *to;
        const char *uuid;                      /* the VM's; NULL: not known */
        const char *from_uri, *to_uri;         /* of the hosts' libvirt; NULL: not known */
        const char *from_machine, *to_machine; /* UUIDs that these must say; NULL: not known, and not asked */
        const char *to_address; /* stands for the target's name in migration.uri; NULL: the name does */
        uint32_t wave;          /* from 0 */
        int64_t memory_mib;     /* of the VM; 0: not known */
        int64_t local_disk_mib; /* that goes with it, as memory_mib */
        Prediction predicted;   /* all zero: nobody said; basis.bandwidth_kbit 0: nor what it rests on */
        MoveManner manner;      /* as the plan wants it */
        const char *why;        /* one sentence; NULL or "": not said */
        const char *held;       /* as PlanMove's */
        const char *kind;       /* of action_kind_names, what it is made for; NULL: not said */
} MoveOrder;

/* The plan's move, by the names of its snapshot, which must outlive it. What only hosts and VMs know (uuid,
 * uris, sizes) is not filled in. */
static inline MoveOrder move_order_of(const Snapshot *s, const PlanMove *m) {
        return (MoveOrder){ .vm = s->vms[m->move.vm].name,
                            .from = s->hosts[m->move.from].name,
                            .to = s->hosts[m->move.to].name,
                            .wave = m->wave,
                            .predicted = m->predicted,
                            .manner = m->manner,
                            .why = m->why,
                            .held = m->held,
                            .kind = action_kind_names[m->kind] };
}

/* What a migration took. */
typedef struct MoveMeasure {
        int64_t ms, bytes, downtime_ms; /* UNKNOWN: it never ran, or nobody said */
} MoveMeasure;
#define MOVE_NOT_MEASURED ((MoveMeasure){ .ms = UNKNOWN, .bytes = UNKNOWN, .downtime_ms = UNKNOWN })
