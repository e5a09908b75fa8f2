/* SPDX-License-Identifier: Apache-2.0 */
/* A plan that waits for a person's answer, and the answer. Const once made. Pure.
 */
#pragma once

#include "scheduler/model/action_kind.h"

typedef enum WaitingState {
        WAITING_ASKED,
        WAITING_REJECTED, /* kept for a while, so that it is not asked again */
        WAITING_STATE_N,
} WaitingState;
extern const char *const waiting_state_names[WAITING_STATE_N]; /* "asked", "rejected" */

typedef struct WaitingPlan {
        const char *id; /* short: a person types it */
        WaitingState state;
        usec_t made_at;
        usec_t until;        /* asked: dropped then; rejected: may be asked again then */
        unsigned kinds;      /* of SNAPSHOT_NO_…: what it is for */
        const char *summary; /* in a sentence */
        const char *record;  /* of the decision, for `plimsoll replay`; "" */
        const char *plan;    /* JSON, schema plimsoll.plan/1 */
        const char *by;      /* who handed it over; "": the service asks by itself */
        bool accepted;       /* handed over with its yes */
} WaitingPlan;

typedef struct WaitingAnswer {
        bool yes;
        const char *by;
        usec_t at;
} WaitingAnswer;
