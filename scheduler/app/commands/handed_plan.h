/* SPDX-License-Identifier: Apache-2.0 */
/* A plan that is handed to the service which leads, and what came of it. It does not rest on this program: whoever leads carries
 * it out, judged once more by the facts of then, also after a takeover, until it has expired.
 *
 * Units: none. Owner: all is the caller's. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/commands/led.h"
#include "scheduler/snapshot/files/plan_file.h"

typedef struct HandedPlan {
        Store *store;
        const char *cluster;
        const char *text; /* JSON, schema plimsoll.plan/1 */
        const PlanFile *file;
        const Led *led;
        const char *id; /* its name; NULL: any */
        bool proposed;  /* it waits for a yes of somebody (plimsoll confirm) */
        bool no_wait, all;
} HandedPlan;

/* Hands it over and, unless no_wait, shows how it goes until it has ended. EXIT_DONE: all of it was moved, or (no_wait) it was handed
 * over. EXIT_BLOCKED: something stays, and why was said. EXIT_FAILED: it cannot be known. */
ExitStatus handed_plan(Invocation *in, const HandedPlan *plan);

/* What came of the plan that was handed over under that name. 0: it was printed, with *ret; 1: nothing is known; a negative errno. */
int handed_plan_told(Invocation *in, Store *store, const char *id, bool all, ExitStatus *ret) must_check;
