/* SPDX-License-Identifier: Apache-2.0 */
/* What was decided, what came of it, and how far it was from what had been said beforehand. Const once made.
 *
 * Pure. Threads: any.
 *
 * Units: permille; ms, bytes by suffix. Owner: the arena. Errors: -ENOMEM.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/record.h"

/* Use as a share of capacity, measured on the whole host. */
typedef struct HostLoad {
        const char *host;
        int64_t cpu_permille, memory_permille; /* UNKNOWN */
} HostLoad;

/* One decision: of a round that moved something, or had something new to say. */
typedef struct AuditEntry {
        const char *id; /* leader and time: unique */
        usec_t at;      /* when it was decided */
        const char *leader, *mode;
        const char *record;  /* for `plimsoll replay`; NULL: it has none */
        const char *status;  /* of the plan */
        const char *paused;  /* why balance was paused, or NULL */
        const char *waiting; /* id of the plan a person was asked about; NULL: nobody was */
        const char *answer;  /* "asked", "yes", "no", "expired" or "dropped"; NULL */
        const char *by; /* who answered, or why it was dropped; where nobody was asked, whose command it was;
                                NULL: nobody's */
        usec_t answered_at; /* 0: nobody has */
        const char *booking,
                *booking_host; /* of what it is about: room for that VM, on that host; `status` says what became
                                                  of it, `by` who booked or released it; NULL */
        int64_t refused;       /* VMs that could not be moved, and should */
        int64_t predicted_ms, predicted_bytes; /* of all moves */
        int64_t ms, bytes;                     /* measured; UNKNOWN: nothing was carried out */
        const RecordMove *moves;
        uint32_t n_moves;
        const HostLoad *before, *after; /* of the hosts concerned, by name; after: some time later */
        uint32_t n_before, n_after;     /* n_after 0: nobody has looked yet */
} AuditEntry;

/* The load of one of its hosts, or NULL. */
const HostLoad *audit_load(const HostLoad *list, uint32_t n, const char *host);

/* What predictions are compared in. */
typedef enum AuditMeasure {
        AUDIT_MS,
        AUDIT_BYTES,
        AUDIT_DOWNTIME,
        AUDIT_MEASURE_N,
} AuditMeasure;
extern const char *const audit_measure_names[AUDIT_MEASURE_N]; /* "time", "bytes", "downtime" */

/* |predicted − measured| ÷ measured, permille, over the moves that were done and have both. */
typedef struct AuditError {
        uint32_t n;
        int64_t median, p90; /* permille; UNKNOWN when n is 0. Nearest rank (the value at ⌈n·q⌉) */
        int64_t bias;        /* median of (predicted − measured) ÷ measured, permille: < 0 is too short */
} AuditError;

typedef struct AuditCount {
        uint32_t moves, done, missed; /* missed: failed or unclear. Aborted, refused … are neither */
} AuditCount;

typedef struct AuditSum {
        AuditCount all;
        AuditCount of[ACTION_KINDS_NAMED]; /* moves whose kind is not known are in `all` alone */
        AuditError error[AUDIT_MEASURE_N];
} AuditSum;

/* Over all moves of entries[n]. 0 or -ENOMEM. */
int audit_sum(Arena *a, const AuditEntry *entries, uint32_t n, AuditSum *ret) must_check;

/* ---- when predictions are not to be trusted ---- */

typedef struct AuditBound {
        uint32_t
                moves; /* this many of the last moves are looked at; fewer are no ground. 0: never wrong. A VM that
                           fails again and again is one fact, and so is a target on which one after the other fails:
                           of these moves the newest counts */
        int64_t factor_permille; /* of the longer to the shorter of predicted and measured time, the median */
        int64_t missed_permille; /* share of moves that failed or are unclear */
        int64_t least_ms;        /* a difference below this is none: small moves are all noise */
        usec_t since;            /* what was decided before is not counted: it was acknowledged */
} AuditBound;

/* What is moved for balance or the load line waits, and nothing else does. */
typedef struct AuditPause {
        const char *why; /* what was too wrong, in a sentence; NULL: nothing was */
        usec_t since;    /* of the decision with which it began */
} AuditPause;

/* entries: newest first. The sentence is in `a`. 0 or -ENOMEM. */
int audit_wrong(Arena *a, const AuditEntry *entries, uint32_t n, AuditBound bound,
                AuditPause *ret) must_check;
