/* SPDX-License-Identifier: Apache-2.0 */
/* Moves whose end nobody has written down are settled: both hosts are asked where the VM is, all of them at once.
 *
 * A target that died, or cannot be reached, is not waited for where libvirt on the source proves that the VM stayed: it
 * runs there, and no job does (a migration's source lets go only when all is over, and is paused until then). Else a person
 * may say where it runs (state/settle_word.h): taken where no host that answers says otherwise.
 *
 * What is settled has a line in the audit, too, and so has what a leader did that died before it wrote its own
 * (round/settled_audit.h).
 *
 * Units: usec_t, in microseconds. Owner: the arena. Errors: a negative errno of the store, -ENOMEM; 1 is no error.
 * Threads: the store's.
 */
#pragma once

#include "scheduler/app/round/sightings.h"
#include "scheduler/app/state/leadership.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/model/settings.h"

typedef struct Settled {
        JournalEntry entry; /* as it was open */
        JournalEvent now;   /* JOURNAL_STARTED: still under way; JOURNAL_UNCLEAR: nobody can say */
        const char *words;  /* what the two hosts said */
        bool resumable;     /* its post-copy broke off, and may be taken up again */
        bool doubled;       /* it runs on both */
        const char *by;     /* whose word it is; NULL: the hosts' */
} Settled;

typedef struct SettleInput {
        Leadership *leadership;
        Sightings *sightings;
        const Settings *settings;
        usec_t patience; /* with hosts that do not answer: their moves stay open, and count next time */
} SettleInput;

/* Asks both hosts of each open move where the VM runs, and writes down what they say; one that has arrived
 * cools down like any other. What is still under way or unclear stays open, and so does all when the service is told
 * to stop meanwhile. ret[n] in `a`. 0; a negative errno of the store; 1: the journal is another's. */
int settle_moves(const SettleInput *in, Arena *a, const Settled **ret, uint32_t *ret_n) must_check;
