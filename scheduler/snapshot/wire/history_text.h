/* SPDX-License-Identifier: Apache-2.0 */
/* Histories and estimates as texts for the store: a line a VM, fields separated by tabs. Pure.
 *
 *   plimsoll.history/1 STEP       and for each VM   name uuid read_at step hour, then for each series
 *                                 smooth readings sum n hour_sum hour_n steps… hours… days…
 *   plimsoll.demand/1 WRITTEN BY  and for each VM   name uuid read_at cpu memory rx tx
 *
 * Times are microseconds since the epoch; "-" is: not known. VMs are sorted by name, each once.
 * Errors: -EBADMSG with *reterr_fault; -ENOMEM.
 *
 * Units: usec_t, in microseconds since the epoch; mcores, MiB, kbit. Owner: the arena. Threads: any, each its
 * own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/wire/vm_history.h"

int history_print(Arena *a, usec_t step, const VmHistory *list, uint32_t n, const char **ret,
                  size_t *ret_n) must_check;
int history_parse(Arena *a, const char *text, size_t n, usec_t *ret_step, const VmHistory **ret,
                  uint32_t *ret_n, TextFault *reterr_fault) must_check;

typedef struct VmEstimate {
        const char *vm, *uuid; /* uuid "": not known */
        usec_t read_at;        /* of the newest reading in it */
        VmLoad load;
} VmEstimate;

typedef struct Estimates {
        usec_t written_at;
        const char *by; /* in words: "the mean that follows, half after 10m" */
        const VmEstimate *vms;
        uint32_t n;
} Estimates;

int estimates_print(Arena *a, const Estimates *estimates, const char **ret, size_t *ret_n) must_check;
int estimates_parse(Arena *a, const char *text, size_t n, Estimates *ret, TextFault *reterr_fault) must_check;

/* The snapshot with what its VMs need as estimated, and their readings as `measured`. A VM without an
 * estimate, or of another UUID, or whose estimate lacks what it needs, stays as read. 0 or -ENOMEM. */
int estimates_apply(Arena *a, const Snapshot *s, const Estimates *estimates, const Snapshot **ret) must_check;
