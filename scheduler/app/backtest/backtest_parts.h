/* SPDX-License-Identifier: Apache-2.0 */
/* The state of one walk through a trace, which backtest.c (the steps), backtest_walk.c, backtest_count.c (what is counted), backtest_decide.c
 * (rounds and their moves) and backtest_greedy.c share.
 *
 * Units: as backtest.h. Owner: the walk's arenas. Errors: a negative errno, as said at each. Threads: one for each walk.
 */
#pragma once

#include "scheduler/app/backtest/backtest.h"
#include "scheduler/snapshot/wire/vm_history.h"

typedef struct WalkMove {
        VmIx vm;
        HostIx to;
        usec_t begins, ends;
} WalkMove;

typedef struct Walk {
        const Trace *trace;
        const Settings *settings;
        Arena *arena; /* for all of the walk */
        Arena round;  /* for one step */
        Host *hosts;
        Vm *vms; /* as they are: where, and what they are taken to need */
        VmLoad *loads;
        TraceReading *used; /* [VM] in this step */
        VmHistory *histories;
        int64_t *own_mcores, *own_mib; /* [host] what it uses beside its VMs */
        WalkMove *moves;
        uint32_t n_moves, moves_room;
        char *cool_downs; /* JSON; NULL: none */
        size_t n_cool_downs;
        usec_t wanted_since; /* 0: no round wants moves */
        uint32_t step;
        usec_t now; /* of the step */
        BacktestSum *day;
} Walk;

/* The cluster at this step, with the settings' rules on it. In the round's arena. 0 or -ENOMEM. */
int walk_snapshot(Walk *w, const Snapshot **ret) must_check;

/* A VM that is there. */
static inline bool walk_is_there(const Walk *w, VmIx v) {
        return w->vms[v].host != IX_NONE && w->vms[v].state != VM_OFF;
}

/* Room a VM takes of a host's memory. */
static inline int64_t walk_memory(const Vm *vm) {
        return vm->memory_mib > 0 ? vm->memory_mib : 0;
}

/* Counts this step, of the walk's day. 0 or a negative errno. */
int walk_count(Walk *w) must_check;

/* A VM is on another host from now on. */
void walk_moved(Walk *w, VmIx v, HostIx to);

/* 0 or a negative errno. */
int walk_decide(Walk *w, uint32_t *io_rounds) must_check;

void walk_greedy(Walk *w);
