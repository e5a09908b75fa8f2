/* SPDX-License-Identifier: Apache-2.0 */
/* What a service may be asked to do by its API in place of a command here (remote_commands.def).
 *
 * Units: none. Owner: static. Errors: as said. Threads: any.
 */
#pragma once

#include "scheduler/app/access/api_role.h"
#include "scheduler/base/common.h"

typedef struct RemoteCommand {
        const char *name, *first; /* first: the word that stands first; "": any */
        ApiRole role;
        bool plans;
        const char *options; /* with blanks between them */
        bool hands;          /* it moves VMs: the service that leads does it, and nobody waits for the end */
} RemoteCommand;

/* Of a command with these words behind its name. NULL: it is none that a service does for others. */
const RemoteCommand *remote_command_find(const char *name, const char *const *words, uint32_t n);

/* Why such a command is not done for others, and what does the same; NULL: nobody has said so. */
const char *remote_command_why_not(const char *name, const char *const *words, uint32_t n);

/* Whether it plans for itself, whatever the words. */
bool remote_command_plans(const char *name);

/* Whether an option of that name is among the words. */
bool remote_command_given(const char *const *words, uint32_t n, const char *option);

/* The first option that is not taken from afar, as it stands there; NULL: all are. What stands behind "--" is none. */
const char *remote_command_refuses(const RemoteCommand *command, const char *const *words, uint32_t n);
