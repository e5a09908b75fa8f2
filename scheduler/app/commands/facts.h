/* SPDX-License-Identifier: Apache-2.0 */
/* How most commands begin: settings, a source, a snapshot; what is wrong with any of them is said.
 *
 * Units: none. Owner: the caller, by facts_close(); texts and the snapshot are in the invocation's arena.
 * Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/facts/source.h"
#include "scheduler/app/round/round.h"
#include "scheduler/app/terminal/invocation.h"

typedef struct Facts {
        Settings *settings;
        Source *source;
        const Snapshot *snapshot;
        const Snapshot *raw; /* before the settings' rules; source_facts() is another with each reading */
        usec_t read_at;      /* monotonic */
        uint64_t said;       /* hash of what the last reading had to say of single hosts */
} Facts;

/* EXIT_DONE, or what to exit with: it was said why. Ended by facts_close(), also after a failure. */
ExitStatus facts_open(Invocation *in, Facts *ret);
void facts_close(Facts *f);

/* How a command ends that would have been done: EXIT_BLOCKED where balance and load wait for an operator, as the service
 * does (source_loss()). */
ExitStatus facts_ending(const Facts *facts, ExitStatus status);

/* Hosts that take part, and take no VM, since not all that runs on them is known. */
uint32_t facts_unsure(const Snapshot *s);

/* How a command ends that looks, and would have been done: EXIT_BLOCKED where facts were left out (source_left_out()), or
 * some host is unsure. */
ExitStatus facts_known(const Facts *facts, ExitStatus status);

/* Settings alone. */
ExitStatus facts_settings(Invocation *in, Settings **ret);

/* Settings and the store, for what needs no facts. `kept` is said where there is no store: "plans that wait are". The source
 * is the caller's, also after a failure. */
ExitStatus facts_store(Invocation *in, const char *kept, Settings **ret_settings, Source **ret_source);

/* Reads the source again. Says what hosts could not be asked, unless the reading before had to say the same. */
ExitStatus facts_read(Invocation *in, Facts *f);

/* Says what of the store could not be read since facts_read(), or since the store was opened; `from`: so many of it were said. */
void facts_say_unread(Invocation *in, const Store *store, uint32_t from);

/* round_store_holds() where there is a store, and what of that could not be read is said. 0; a negative errno. */
int facts_holds(Invocation *in, Store *store, RoundInput *io) must_check;

/* For who carries out a plan itself: again, where hosts are silent, and from now on those that must be left through libvirt
 * (source_reach_silent()). */
ExitStatus facts_reach(Invocation *in, Facts *f);
