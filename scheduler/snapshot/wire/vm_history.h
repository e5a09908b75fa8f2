/* SPDX-License-Identifier: Apache-2.0 */
/* What a VM has used, kept in constant space: a mean that follows it, the means of the last 48 steps (a
 * step is a 48th of demand.window), and for each hour of the day what the days before had.
 *
 * One VmHistory a VM, updated with each reading, printed as a line of text for the store. Pure. Integers
 * throughout: the same readings give the same history.
 *
 * Sources: the exponentially weighted mean with weights by elapsed time is Müller, "Specifications for
 * EMA" (Algorithms for time series, 1991), its weight dt/(dt+τ) the first order of 1−exp(−dt/τ).
 *
 * Units: mcores, MiB, kbit by series; usec_t, in microseconds since the epoch. Owner: the history is the
 * caller's. Errors: none. Threads: any, a history belongs to one.
 */
#pragma once

#include "scheduler/model/cluster.h"

enum { HISTORY_STEPS = 48, HISTORY_HOURS = 24, HISTORY_NAME = 256, HISTORY_UUID = 40 };

#define HISTORY_NONE UINT32_MAX /* in steps[] and hours[]: no reading */

typedef enum HistorySeries {
        HISTORY_CPU,    /* mcores */
        HISTORY_MEMORY, /* MiB used inside */
        HISTORY_RX,     /* kbit/s */
        HISTORY_TX,     /* kbit/s */
        HISTORY_SERIES_N,
} HistorySeries;

typedef struct Series {
        int64_t smooth;                /* the exponentially weighted mean × 256 */
        int64_t readings;              /* in it; 0: none */
        int64_t sum, n;                /* of the step that is open */
        int64_t hour_sum, hour_n;      /* of the hour that is open */
        uint32_t steps[HISTORY_STEPS]; /* [step number % HISTORY_STEPS] means */
        uint32_t hours[HISTORY_HOURS]; /* [hour of the day, UTC] means over the days before */
        uint8_t days[HISTORY_HOURS];   /* how many days are in each, at most 255 */
} Series;

typedef struct VmHistory {
        char name[HISTORY_NAME], uuid[HISTORY_UUID]; /* uuid "": not known */
        usec_t read_at;                              /* of the newest reading */
        int64_t step, hour;                          /* numbers, since the epoch, of those that are open */
        Series series[HISTORY_SERIES_N];
} VmHistory;

typedef struct HistoryPace {
        usec_t step;      /* length of a step, > 0 */
        usec_t half_life; /* of a reading in the mean that follows, > 0 */
} HistoryPace;

/* Empty, of that VM. A name or UUID that is too long is cut. */
void vm_history_begin(VmHistory *history, const char *name, const char *uuid);

/* Takes in a reading. One that is not newer than the last is passed over; UNKNOWN members are, too. */
void vm_history_add(VmHistory *history, const HistoryPace *pace, usec_t read_at, const VmLoad *load);

/* A step's mean, `back` steps before the open one (0: the open one); HISTORY_NONE when there is none. */
uint32_t vm_history_step(const VmHistory *history, HistorySeries series, int64_t back);
