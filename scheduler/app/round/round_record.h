/* SPDX-License-Identifier: Apache-2.0 */
/* From a round to its Record, and back: a record is put in the store, or in a file, and decided again.
 *
 * Owner: all is in the caller's arena. Threads: any.
 *
 * Units: none. Errors: a negative errno, as said at each; 1 is no error.
 */
#pragma once

#include "scheduler/app/round/round.h"
#include "scheduler/app/state/leadership.h"
#include "scheduler/base/text.h"
#include "scheduler/model/record.h"
#include "scheduler/store/store.h"

typedef struct RoundRecord {
        const RoundInput *input;
        const Snapshot *facts; /* as they were read: what the settings' rules make of them is made again */
        const Round *round;
        const char *leader, *mode;
        const RecordMove *moves; /* what came of them; NULL: nothing was carried out */
        uint32_t n_moves;
} RoundRecord;

/* 0 or -ENOMEM. Passwords in URLs of the settings are left out. */
int round_record_make(Arena *a, const RoundRecord *record, const Record **ret) must_check;

/* Makes it, prints it, puts it into the store. *ret_name (RECORD_NAME_SIZE) is what `plimsoll replay` calls
 * it. 0; 1: another leads; -ENOMEM; a negative errno of the store. */
int round_record_store(const Leadership *l, Arena *a, const RoundRecord *round_record,
                       char ret_name[RECORD_NAME_SIZE]) must_check;

/* Its settings, from the text. 0; -EINVAL with *reterr_fault; -ENOMEM. */
int round_record_settings(Arena *a, const Record *record, const Settings **ret,
                          TextFault *reterr_fault) must_check;

/* The same decision again, by this program, without the wall-clock guard. 0; a negative errno of
 * round_decide(). */
int round_replay(Arena *a, const Record *record, const Settings *settings, const Workers *workers,
                 Round *ret) must_check;
