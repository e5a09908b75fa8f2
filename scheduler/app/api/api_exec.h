/* SPDX-License-Identifier: Apache-2.0 */
/* A command of plimsoll, called inside the service with --json: what the API answers is what the command line prints, by the
 * same functions, checks and settings. Answers of reads are kept for a second, and where they
 * took long to make for twenty times as long, at most ten seconds; call->fresh_until says until when. What was made of them is kept
 * beside them, ready to be sent (api_kept.h).
 *
 * Units: none. Owner: texts are in the call's arena. Errors: a negative errno: out of memory; what a command has to say against
 * it is in the reply. Threads: any.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/api/api_call.h"

/* The cluster that a call is about: ?cluster=…, or the only one that is served. NULL: the reply says why not. */
const char *api_exec_cluster(ApiCall *call);

/* Words after "plimsoll", NULL-terminated, without --json and where the store is. 0: *ret is the JSON that it printed, the
 * caller's, with *ret_as_of, since the epoch; 1: it refused, and the reply says what; a negative errno. */
int api_exec_read(ApiCall *call, const char *cluster, const char *const *words, json_t **ret,
                  usec_t *ret_as_of) must_check;

/* The same of a command that changes something: as who asks, never kept, and what was kept is forgotten. *ret_exit: how it
 * ended (ExitStatus). */
int api_exec_write(ApiCall *call, const char *cluster, const char *const *words, json_t **ret,
                   int *ret_exit) must_check;

/* What the command, run as who asks, says as text: {"schema", "exit", "out", "err"}, the caller's. `changes`: what was kept is
 * forgotten. 0; a negative errno. */
int api_exec_print(ApiCall *call, const char *cluster, const char *const *words, bool changes,
                   json_t **ret) must_check;

/* The JSON as the answer. */
int api_exec_reply(ApiCall *call, unsigned status, const json_t *value) must_check;

void api_exec_forget(void);
