/* SPDX-License-Identifier: Apache-2.0 */
/* What a rolling maintenance is made of; for the files of a roll only. roll.c is the command: a roll begins, goes on,
 * or is discarded.
 *
 *   roll_progress.c  how far it is, in the store; no two runs go on with one roll
 *   roll_plan.c      the order of the hosts that are left, in groups
 *   roll_groups.c    one group after the other: emptied, each host done, or set aside
 *   roll_served.c    a roll that the service carries out: begun, looked at, held, each host finished
 *   roll_host.c      an emptied host: the command, and what the host reports after it
 *
 * Units: usec_t, in microseconds since the epoch. Owner: all is in the invocation's arena. Errors: an ExitStatus, and
 * what is wrong was said; or a negative errno of the store, -ENOMEM. Threads: the main one.
 */
#pragma once

#include "scheduler/app/commands/facts.h"
#include "scheduler/decide/query/roll_order.h"

typedef struct Roll {
        Invocation *in;
        Facts *facts;
        Store *store;
        const char *command; /* as it was given to this program: none is ever taken from the store */
        const char *digest;  /* of the command the roll began with, and how it is run */
        bool shell;
        uint32_t at_once;
        const char **left, **done; /* hosts, by name */
        uint32_t n_left, n_done;
        const char **stayed; /* [n_stayed] of this run: they could not be emptied, and the others went on */
        uint32_t n_stayed;
        const char *by;
        usec_t at;
        const char *id; /* of the stored one that the service carries out; NULL: a command does */
        RollOrder order;
        const char *run; /* this program's run of it: no other writes the same state */
        const char *was; /* the state as it is in the store, by what this run knows; "": none */
        TextFault held;  /* why it stopped, for its JSON */
} Roll;

/* At most `room` hosts in a list. 0: there is one that is not over; 1: none; -EBADMSG: it is damaged. */
int roll_load(Roll *roll, uint32_t room) must_check;

/* Of two runs of one roll the one that took it over last goes on: the other's next step is refused here. 0; 1: refused. */
int roll_save(Roll *roll) must_check;

/* It is over, unless another run goes on with it. 0. */
int roll_forget(const Roll *roll) must_check;

/* Says why the store was not written. r: a negative errno; 1: the state was another's by then. */
ExitStatus roll_store_failed(const Roll *roll, int r);

/* The state as it is now (docs/schemas/roll-state-1.json). stopped_at: a host; NULL: it did not stop. */
void roll_print_json(const Roll *roll, const char *stopped_at);

/* A roll that the service carries out is begun, shown, held, resumed or abandoned, or a host of it is finished. loaded: as roll_load() has it. */
ExitStatus roll_served(Roll *roll, const Strings *hosts, int loaded);

/* Whether what is asked for is about such a roll. */
bool roll_is_served(const Roll *roll, int loaded);

/* Fills roll->order, and puts roll->left into it. */
ExitStatus roll_plan(Roll *roll);

/* To people; nothing where JSON is wanted. */
void roll_print_plan(const Roll *roll);

/* docs/schemas/roll-plan-1.json. */
void roll_print_plan_json(const Roll *roll);

/* Cordons of this roll are removed, of all that is left. 0; a negative errno. */
int roll_uncordon(const Roll *roll) must_check;

/* Group after group, until all is done, a host cannot be, or the operator stops it. */
ExitStatus roll_groups(Roll *roll);

/* Of an emptied host: runs the command, waits for the host's report, and gives it back. */
ExitStatus roll_host(const Roll *roll, const char *host);
