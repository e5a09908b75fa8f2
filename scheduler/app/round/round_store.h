/* SPDX-License-Identifier: Apache-2.0 */
/* What the store adds to a round: cool-downs, and moves whose end is not known yet.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: a negative errno of the store,
 * -ENOMEM; 1 is no error. Threads: the store's.
 */
#pragma once

#include "scheduler/app/round/round.h"
#include "scheduler/app/state/leadership.h"
#include "scheduler/app/state/move_journal.h"

/* Fills in->cool_downs from the store's cool-downs and the journal's open moves. `self`: the leader who asks, NULL: none; of those
 * moves some are under way by what the live state shows, of that leader's own; for others by whoever leads. 0; a negative
 * errno of the store; cool-downs that cannot be read count as none. Where an entry of the journal of the last hour cannot be read
 * all VMs of in->snapshot are held until that is over (in->now). In `a`. */
int round_store_holds(Store *store, Arena *a, const char *self, RoundInput *in) must_check;

/* The journal's last entries, newest first; what cannot be read is left out. In `a`. */
int round_store_journal(Store *store, Arena *a, const JournalEntry **ret, uint32_t *ret_n) must_check;

/* All open moves of the journal, see journal_open_ones(). In `a`. */
int round_store_open(Store *store, Arena *a, const JournalEntry **ret, uint32_t *ret_n) must_check;

/* One line of the journal. 0; 1: another leads by now; -ENOMEM, a negative errno of the store. */
int round_store_write(const Leadership *l, Arena *a, const JournalEntry *entry) must_check;

/* What was moved stays where it is for a while (service.cool_down), whoever leads; `by`: a person moved it by hand, NULL: we
 * did. 0; 1: another leads by now; a negative errno of the store. */
int round_store_cool(const Leadership *l, const char *vm, const char *by,
                     const Settings *settings) must_check;
