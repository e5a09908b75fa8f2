/* SPDX-License-Identifier: Apache-2.0 */
/* The record that says how a cluster was at some time: of the last round that began by then.
 *
 * A record is written when the round's moves have ended, so that of a time while they went on the record stands behind it.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: a negative errno of the store; -ENOMEM; -EBADMSG with
 * *reterr_fault: the record cannot be read. Threads: the store's.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/record.h"
#include "scheduler/store/store.h"

typedef struct RecordPast {
        const char *name; /* for plimsoll replay */
        const Record *record;
        usec_t written_at; /* by the store's clock: its moves had ended */
        usec_t next_at;    /* when the round of the next record began; 0: there is none, or `under_way` */
        bool under_way;    /* the time is between the round's beginning and the end of its moves */
} RecordPast;

/* 1: none is from before; *ret_first is when the oldest began, 0: there is none at all. */
int record_past_find(Store *store, Arena *a, usec_t at, RecordPast *ret, usec_t *ret_first,
                     TextFault *reterr_fault) must_check;
