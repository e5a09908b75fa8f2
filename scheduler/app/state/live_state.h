/* SPDX-License-Identifier: Apache-2.0 */
/* What the leading service is doing, for `status`: a small JSON text in the store (state "service",
 * schema plimsoll.service/1), rewritten every second while VMs move, gone soon after its writer.
 *
 * Units: usec_t, in microseconds since the epoch; permille. Owner: the arena. Errors: -EBADMSG, -ENOMEM, a
 * negative errno of the store. Threads: any; live_state_get(): the store's.
 */
#pragma once

#include "scheduler/act/executor.h"
#include "scheduler/app/settings/service_modes.h"
#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"
#include "scheduler/store/store.h"

#define LIVE_STATE_NAME "service"

typedef struct LiveMove {
        const MoveOrder *order; /* as it is read back: names and predicted.ms */
        MigrationStatus status; /* as it is read back: phase, bytes, message ("" or why it failed) */
        int64_t running_ms;
        int64_t deadline_ms; /* from its start; 0: none */
} LiveMove;

/* It runs, and its deadline has passed: it is being ended, or has been given more time. */
static inline bool live_move_is_late(const LiveMove *m) {
        return m->deadline_ms > 0 && m->running_ms > m->deadline_ms && !migration_has_ended(m->status.phase);
}

/* A VM that should leave its host and cannot now. */
typedef struct LiveStay {
        const char *vm, *host, *why;
} LiveStay;

#define LIVE_STAYS_MAX 200

/* A plan that waits for a person (plimsoll confirm). */
typedef struct LiveWaiting {
        const char *id, *kinds, *summary;
        uint32_t n_moves;
        usec_t until; /* dropped then */
} LiveWaiting;

/* One of the service's own that ends within two weeks, or has ended. */
typedef struct LiveCertificate {
        const char *file;
        usec_t until;
} LiveCertificate;

typedef struct LiveState {
        const char *leader, *mode; /* "host/pid", "advise", "confirm" or "auto" */
        ServiceModes modes;        /* of each kind of action */
        usec_t written_at;         /* since the epoch */
        usec_t round_at;           /* when the last round began; 0: none yet */
        usec_t next_by;      /* whoever wrote this writes again by then, or is no more; 0: it does not say */
        const char *summary; /* of its plan, in a sentence; or why there is none */
        const char *plan_status; /* "improved" …; NULL: no plan */
        uint32_t over_limit;     /* hosts above their load line */
        const char *paused;      /* why balance (and relief of the load line) is paused; NULL: it is not */
        usec_t paused_since;     /* since the epoch */
        const LiveMove *moves;   /* of the plan being carried out */
        uint32_t n_moves;
        const LiveStay
                *stays; /* of hosts to be emptied; LIVE_STAYS_MAX at most, n_stays_all counts them all */
        uint32_t n_stays, n_stays_all;
        const LiveWaiting *waiting;
        uint32_t n_waiting;
        const LiveCertificate *certificates;
        uint32_t n_certificates;
        Strings unread; /* what of the store it could not read (store_unread.h) */
} LiveState;

/* Whether its writer leads now, where `holder` has the lease (NULL: nobody). Who only advises leads for a moment at a
 * time, and is there as long as it writes. */
bool live_state_leads(const LiveState *s, const char *holder, usec_t now);

/* 0 or -ENOMEM. */
int live_state_print(Arena *a, const LiveState *s, const char **ret, size_t *ret_n) must_check;

/* What the store has. 0; 1: no service is at work, or one of another version; a negative errno of the store,
 * -ENOMEM. In `a`. */
int live_state_get(Store *store, Arena *a, LiveState *ret) must_check;

/* 0; -EBADMSG with *reterr_fault; -ENOMEM. */
int live_state_parse(Arena *a, const char *text, size_t n, LiveState *ret,
                     TextFault *reterr_fault) must_check;
