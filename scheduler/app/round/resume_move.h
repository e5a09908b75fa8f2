/* SPDX-License-Identifier: Apache-2.0 */
/* A migration that broke off in post-copy under a leader that is gone: taken up again, one try a round.
 *
 * Units: none. Owner: the arena is scratch. Errors: a negative errno, as said below; 1 is no error. Threads:
 * the store's.
 */
#pragma once

#include "scheduler/app/round/round_store.h"

/* Writes the try into the journal, asks the executor for it, waits for its end and writes that down, too;
 * *ret is how it ended. 0; 1: another leads; -ENOMEM, a negative errno of the store. */
int resume_move(Leadership *l, Arena *a, const Settings *settings, const Executor *executor,
                const JournalEntry *entry, MigrationStatus *ret) must_check;
