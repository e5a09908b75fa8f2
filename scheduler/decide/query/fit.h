/* SPDX-License-Identifier: Apache-2.0 */
/* How many more VMs of a kind fit: started one after the other, each where the engine that plans finds it
 * cheapest, as long as nothing refuses it and its host stays below its load line in all that it needs. By
 * trying, not by division: rules, the reserve, networks and pools are asked each time.
 *
 * Each host's room only shrinks, so without rules between VMs and without a reserve the number is exact. With
 * them another order might fit more: it is what this order fits. Pure.
 *
 * Units: numbers of VMs. Owner: the arena. Errors: -ENOMEM, -ENODATA. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/decide/whynot/trial.h"

#define FIT_MAX 10000000

typedef struct FitHost {
        HostIx host;
        uint32_t count;  /* so many fit there */
        Reason reason;   /* why not one more; REASON_NONE: the load line */
        uint32_t r;      /* REASON_NONE, REASON_NO_ROOM: of this resource */
        const char *why; /* in words, with its numbers */
} FitHost;

typedef struct Fit {
        Trial trial;
        uint32_t count;
        bool at_least;        /* FIT_MAX or the last newcomer was reached: there may be room for more */
        const FitHost *hosts; /* [n_hosts] by name */
} Fit;

/* `s` has two VMs or more that run nowhere, of the same kind: `vm` is the first of them. Two are enough, so
 * that rules between VMs know that there will be more; with a reserve, as many as may fit. 0; -ENOMEM;
 * -ENODATA: no hosts. */
int fit_count(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies, VmIx vm,
              Fit *ret) must_check;
