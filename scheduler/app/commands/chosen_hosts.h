/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts that words of a command line mean: names, or selections as in rules (docs/rules.md).
 *
 * Units: none. Owner: the invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the
 * main one.
 */
#pragma once

#include "scheduler/app/terminal/invocation.h"
#include "scheduler/model/cluster.h"

#define HOSTS_NAMED_MAX 1000 /* words for them on a command line */

/* The names of the hosts that the words select together, in the order of their names; each word that is no
 * exception selects one at least. A word that is the name of a host means that host, whatever its letters.
 * EXIT_DONE, *ret in the invocation's arena; EXIT_BAD_INPUT and EXIT_FAILED: it was said why, with the nearest
 * right name. `option`: what the words were given to ("--lost"), for messages; "": the command itself. */
ExitStatus chosen_hosts(const Invocation *in, const Snapshot *s, const char *option, const Strings *words,
                        Strings *ret);

/* These hosts take part: none is only seen, and none is reported under another name, too. Else EXIT_BLOCKED, and it was
 * said which, why, and what ends it. */
ExitStatus chosen_hosts_take_part(const Invocation *in, const Snapshot *s, const Strings *hosts);

/* The same of all uses of an option; none: an empty list. */
ExitStatus chosen_hosts_of_option(const Invocation *in, const Snapshot *s, const char *option, Strings *ret);
