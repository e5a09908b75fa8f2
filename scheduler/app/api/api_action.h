/* SPDX-License-Identifier: Apache-2.0 */
/* What all actions share.
 *
 * Units: none. Owner: the call's. Errors: in the reply. Threads: any, each its own call.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/api/api_call.h"

/* Who did what, by which role: a line in the log. */
void api_action_log(const ApiCall *call, const char *cluster, int status);

/* Hosts are named on the command line by selections, too; here by their names alone. False: the reply says so. */
bool api_action_is_name(ApiCall *call, const char *name);

/* The command, as who asks: its words, options of the body, then names behind "--"; what it prints is the reply, with this status. 0 or
 * -ENOMEM. */
int api_action_do(ApiCall *call, const char *cluster, const char *const *command, const char *const *names,
                  const json_t *body, unsigned status) must_check;

/* For a command that reads files: a plan as one that nobody else sees. A descriptor, the caller's to be closed; a negative errno. */
int api_action_file(const json_t *plan) must_check;
