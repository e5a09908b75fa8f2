/* SPDX-License-Identifier: Apache-2.0 */
/* What `plimsoll status` has read, and all of it as JSON (status_json.c); as text: cmd_status.c.
 *
 * Units: none. Owner: the Invocation's arena. Errors: none. Threads: the main one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/app/commands/facts.h"
#include "scheduler/app/commands/failover_look.h"
#include "scheduler/app/round/round.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/app/text/contention_text.h"
#include "scheduler/app/text/fleet_text.h"

typedef struct StatusView {
        const Snapshot *snapshot;
        Store *store; /* NULL: none */
        Brake brake;
        Strings held;        /* what the brake holds and why, in sentences */
        const char *stopped; /* that all moves are stopped; NULL: they are not */
        const Problem *problem;
        const HostShare *shares;
        LiveState live;
        bool has_live, leads; /* … and whoever wrote it leads now */
        StoreLease lease;     /* "": nobody has it, or nobody who can be named */
        bool has_lease;
        const LostStore *loss;    /* of the store; NULL: none, or acknowledged and taken in */
        const JournalEntry *open; /* moves whose end is not known */
        uint32_t n_open;
        const JournalEntry *recent; /* how the last moves ended, newest first */
        uint32_t n_recent;
        RoundInput holds; /* VMs that were moved lately, and by whom */
        Strings unread;   /* what of the store cannot be read, by this command or the service */
        Strings moved;    /* VMs that the service moves, or has moved just now */
        FailoverLook failover;
        ContentionScores scores;
} StatusView;

/* A host as it stands in plimsoll.status/1; score: contention_scores(). The value is the caller's; NULL: no memory. */
json_t *status_host_json(const Host *host, const HostShare *share, int64_t score);

/* Schema plimsoll.status/1, on the command's output. */
void status_print_json(Invocation *in, const Facts *facts, const StatusView *s);
