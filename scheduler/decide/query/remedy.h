/* SPDX-License-Identifier: Apache-2.0 */
/* The single change that would let a VM go to a host that refuses it. Found by making the change and asking
 * the engine again: what it says is true of the cluster as it is otherwise. Pure.
 *
 * Units: as cluster.h. Owner: the arena. Errors: -ENOMEM. Threads: one for each Trial.
 */
#pragma once

#include "scheduler/decide/whynot/trial.h"

typedef enum RemedyKind {
        REMEDY_NONE,    /* no single change of these was found */
        REMEDY_STATE,   /* the host takes VMs again: uncordoned, out of maintenance, back */
        REMEDY_FACTS,   /* fresh and complete facts of the host, or of the VM's own host (`host`) */
        REMEDY_REPAIR,  /* the host's fault is mended */
        REMEDY_AWAY,    /* another VM moves away from there first */
        REMEDY_ROOM,    /* so much is freed there */
        REMEDY_THERE,   /* the host gets the networks or pools it lacks */
        REMEDY_RULE,    /* the rule is dropped */
        REMEDY_MOVABLE, /* the VM may be moved: unpinned, its disks shared */
        REMEDY_N,
} RemedyKind;
extern const char *const remedy_names[REMEDY_N]; /* "none", "state" …: stable, in JSON */

typedef struct Remedy {
        RemedyKind kind;
        HostIx host;                     /* what is changed, or where the other VM goes (REMEDY_AWAY) */
        VmIx vm;                         /* REMEDY_AWAY: the other VM */
        uint32_t rule;                   /* REMEDY_RULE: index into Snapshot.rules */
        int64_t amount[PROBLEM_RES_MAX]; /* REMEDY_ROOM */
        Costs delta;                     /* what v on the host costs then */
        const char *text;                /* in words; NULL: REMEDY_NONE */
} Remedy;

/* v is refused on h for `reason`. 0 or -ENOMEM. In `a`. t->e is as before when it returns. */
int remedy_find(Arena *a, const Trial *t, VmIx v, HostIx h, Reason reason, Remedy *ret) must_check;

/* The snapshot with the remedy, for those that change one (all but REMEDY_AWAY and REMEDY_ROOM). In `a`. 0 or
 * -ENOMEM. */
int remedy_apply(Arena *a, const Snapshot *s, VmIx v, HostIx h, const Remedy *remedy,
                 const Snapshot **ret) must_check;
