/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that wait for a person, in the store: written by who leads, read by anyone.
 *
 * Owner: all is in the caller's arena. Threads: the store's.
 * Errors: a negative errno of the store, -ENOMEM.
 *
 * Units: usec_t, in microseconds since the epoch.
 */
#pragma once

#include "scheduler/app/state/leadership.h"
#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/model/waiting.h"
#include "scheduler/snapshot/files/plan_file.h"

typedef struct Waiting {
        WaitingPlan plan;
        const PlanFile *file; /* the plan as it is carried out; NULL: it cannot be read, nor can the entry */
        bool answered;
        bool unread_answer; /* there is an answer, and nobody understands it */
        WaitingAnswer answer;
} Waiting;

/* By id. */
int confirm_store_read(Store *store, Arena *a, Waiting **ret, uint32_t *ret_n) must_check;

/* 1: another leads. */
int confirm_store_put(const Leadership *l, Arena *a, const WaitingPlan *plan) must_check;
int confirm_store_remove(const Leadership *l, const char *id) must_check;

/* A short id that none of these has. In `a`; NULL: it is full. */
const char *confirm_store_id(Arena *a, const Waiting *list, uint32_t n, usec_t now);

/* Whether the one set of kinds is for something more pressing than the other. */
bool confirm_store_presses(unsigned kinds, unsigned than);

/* Whether the plan moves only VMs that this one moves too, and is for nothing more pressing: then a person
 * who was asked about the one need not be asked about the other. */
bool confirm_store_covers(const Waiting *w, const Snapshot *s, const Plan *plan, unsigned kinds);
