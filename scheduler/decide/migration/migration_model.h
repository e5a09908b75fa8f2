/* SPDX-License-Identifier: Apache-2.0 */
/* What a live migration takes: seconds, bytes sent, downtime, as intervals. Pre-copy rounds after Clark et
 * al. (NSDI 2005) and Liu et al. (HPDC 2011): round i sends what was dirtied in round i−1. How much that is
 * does not grow with time for ever: a guest writes the same pages again (the "hot" pages of BtrPlace's model,
 * Kherbache et al. 2017), so that it is read off two measured windows. Pure.
 *
 * Units: ms, KiB/s, kbit/s, MiB by suffix; permille. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/plan.h"

/* What the hypervisor does about a guest that writes faster than the network sends. */
typedef enum MigrationMode {
        MIGRATION_PRE_COPY,      /* nothing */
        MIGRATION_AUTO_CONVERGE, /* it is slowed down, more and more */
        MIGRATION_POST_COPY,     /* it goes on on the target after the first round */
        MIGRATION_MODE_N,
} MigrationMode;

typedef struct MigrationFacts {
        MigrationMode mode;
        bool cold; /* the VM is off: nothing of it is sent but its definition, and it has no downtime */
        /* What the prediction says it rests on. memory_mib: to be sent, as far as known beforehand. dirty
         * rates UNKNOWN: taken as a share of the bandwidth, and the interval is wide. bandwidth_kbit: the
         * migration's of the route, > 0. */
        MoveBasis basis;
        int64_t memory_low_mib, memory_high_mib; /* within which it is; 0: it is known */
        int64_t downtime_limit_ms;               /* QEMU's default: 300 */
        /* What past ones taught; 0: the model's own. */
        int64_t speed_permille, fixed_ms, switch_ms, bytes_permille, dirty_permille, unsure_permille;
} MigrationFacts;

typedef struct MigrationForecast {
        Prediction predicted;
        bool converges; /* false: pre-copy does not end by itself at this dirty rate */
        uint32_t rounds;
        int64_t memory_bytes; /* sent when nothing is dirtied meanwhile */
} MigrationForecast;

/* The model's own figures, where nothing was learned: see migration_model.c. */
#define MIGRATION_SPEED_PERMILLE  940
#define MIGRATION_FIXED_MS        750
#define MIGRATION_SWITCH_MS       100
#define MIGRATION_UNSURE_PERMILLE 150
#define MIGRATION_DOWNTIME_MS     300
#define MIGRATION_WINDOW_MS       6000 /* of the long window of the dirty rate, where it is not said */

/* Of a cold one basis.bandwidth_kbit is 0 in what is predicted: it says nothing of any route. Sizes beyond 4
 * PiB are taken as that. Times are at most MIGRATION_MS_MAX. Never fails. */
MigrationForecast migration_forecast(MigrationFacts f);
#define MIGRATION_MS_MAX (INT64_C(1) << 40)

/* Its expected ms alone, cheaper; MIGRATION_MS_MAX: it does not converge. */
int64_t migration_ms(const MigrationFacts *f);

/* How much slower the guest's own writing makes it, permille of what is sent: 0 for an idle one, 1000 for one
 * that does not converge. The λ of Liu's model that gives the same bytes: 1 − 1 / (sent ÷ memory). */
int64_t migration_busy_permille(const MigrationForecast *f);
