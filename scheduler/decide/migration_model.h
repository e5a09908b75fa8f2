/* What a live migration takes: seconds, bytes sent, downtime, as intervals. Pre-copy rounds after Clark et
 * al. (NSDI 2005) and Liu et al. (HPDC 2011): round i sends what was dirtied in round i−1. Pure.
 */
#pragma once

#include "scheduler/model/plan.h"

typedef struct MigrationFacts {
        int64_t memory_mib;  /* to be sent: resident or used memory; allocated when nothing better is known */
        int64_t dirty_kib_s; /* UNKNOWN: taken as a share of the bandwidth, and the interval is wide */
        int64_t local_disk_mib;
        int64_t bandwidth_kbit;    /* free on the whole way; > 0 */
        int64_t downtime_limit_ms; /* QEMU's default: 300 */
} MigrationFacts;

typedef struct MigrationForecast {
        Prediction predicted;
        bool converges; /* false: pre-copy does not end by itself at this dirty rate */
        uint32_t rounds;
} MigrationForecast;

/* Sizes beyond 4 PiB are taken as that. Times are at most MIGRATION_MS_MAX. Never fails. */
MigrationForecast migration_forecast(MigrationFacts f);
#define MIGRATION_MS_MAX (INT64_C(1) << 40)
