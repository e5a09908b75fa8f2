/* SPDX-License-Identifier: Apache-2.0 */
/* How far the emptying of hosts is, as `plimsoll maintenance` and `plimsoll evacuate` show it: from the
 * facts, the operators' marks and what the service says it does.
 *
 * Units: none. Owner: all is the caller's. Errors: an ExitStatus or a negative errno; what is wrong was said.
 * Threads: the main one.
 */
#pragma once

#include "scheduler/app/commands/facts.h"
#include "scheduler/app/terminal/human.h"

/* A failure of the store or for want of memory, said. */
ExitStatus maintenance_failed(const Invocation *in, const Store *store, int error);

/* EXIT_DONE: these hosts may come to be emptied beside those that are. EXIT_BAD_INPUT: they are more than the brake lets pass
 * (docs/brake.md): said, with what would be emptied; --several says that it is meant. */
ExitStatus maintenance_may_enter(Invocation *in, const Facts *facts, const Strings *hosts);

/* Puts the host's mark into the store, with the options --deadline and --why, and says so. several: the operator knows that
 * many are emptied. EXIT_DONE, also when it is in maintenance already. */
ExitStatus maintenance_enter(Invocation *in, const Facts *facts, const char *host, bool several);

/* Takes the host out of maintenance, and says so; it is as it was before. EXIT_DONE, also when it is in none.
 */
ExitStatus maintenance_exit(Invocation *in, const Facts *facts, const char *host);

/* 1: a service is at work that moves VMs. 0: none, or one that only advises. Negative: the store is away. */
int maintenance_acts(Invocation *in, const Facts *facts) must_check;

/* Hosts in maintenance, or these, as a table or JSON. EXIT_BLOCKED: VMs are left that cannot leave. */
ExitStatus maintenance_show(Invocation *in, const Facts *facts, const Strings *only);

/* Which of the host's VMs are off and stay, in words, safe to be printed. False: none, or no memory. */
#define MAINTENANCE_WORDS 1024
bool maintenance_off(const Invocation *in, const Facts *facts, const char *host,
                     char ret[MAINTENANCE_WORDS]) must_check;

/* Until the host is empty (EXIT_DONE), or no more can leave it or nobody acts (EXIT_BLOCKED), or it is taken
 * out of maintenance or Ctrl-C (EXIT_FAILED): draws or prints how far it is. `asked`: what the service planned before then does
 * not count (a host that was in maintenance already); 0: what it planned since the host is. */
ExitStatus maintenance_wait(Invocation *in, Facts *facts, const char *host, usec_t asked);

/* The same of each in turn, while all of them empty; EXIT_FAILED ends it, and else EXIT_BLOCKED tells of any. */
ExitStatus maintenance_wait_all(Invocation *in, Facts *facts, const Strings *hosts, usec_t seen_after);

/* Says who will empty the hosts, or that nobody does and how a person can. EXIT_DONE; EXIT_BLOCKED: all moves are
 * stopped. */
ExitStatus maintenance_advice(Invocation *in, const Facts *facts, const Strings *hosts);
