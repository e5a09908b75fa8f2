/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that were moved lately, as a JSON text in the store (state "cool-downs", schema plimsoll.cool-downs/2;
 * version 1, without lengths and times of moves, is read too): so that a restart, or another leader, does not
 * move them back and forth, and counts go on.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: lists are in the arena. Errors: -EBADMSG, -ENOMEM.
 * Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/app/round/round.h"
#include "scheduler/base/text.h"

#define COOL_DOWNS_NAME "cool-downs"

/* Those that say nothing any more are left out: cool, calm since, and not moved within a day. 0 or -ENOMEM.
 */
int cool_downs_print(Arena *a, const CoolDown *list, uint32_t n, usec_t now, const char **ret,
                     size_t *ret_n) must_check;

/* 0; -EBADMSG; -ENOMEM. The order is by VM. */
int cool_downs_parse(Arena *a, const char *text, size_t n, const CoolDown **ret, uint32_t *ret_n) must_check;

typedef struct VmMoved {
        const char *vm;
        usec_t at;
        const char *by; /* by hand: who; NULL: by us */
} VmMoved;

typedef struct CoolLength {
        usec_t first, most;
} CoolLength;

/* The list with a VM that was moved. It cools down for `first`; moved again before it has been cool
 * for as long as it cooled, twice as long as the last time, `most` at most. In `a`. 0 or -ENOMEM. */
int cool_downs_moved(Arena *a, const CoolDown *list, uint32_t n, VmMoved moved, CoolLength length,
                     const CoolDown **ret, uint32_t *ret_n) must_check;
