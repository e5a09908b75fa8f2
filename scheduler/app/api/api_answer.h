/* SPDX-License-Identifier: Apache-2.0 */
/* What a read answers: the JSON of a command, whole, or one element of its lists. For the files of routes only.
 *
 * Units: usec_t: microseconds since the epoch. Owner: values are the caller's, by json_decref(); elements are the value's. Errors: a
 * negative errno; what a command has to say against it is in the reply. Threads: any, each its own call.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/api/api_call.h"

/* 0: *ret is the caller's; 1: the reply says what is in the way; a negative errno. */
int api_answer_value(ApiCall *call, const char *const *words, const char **ret_cluster, json_t **ret,
                     usec_t *ret_as_of) must_check;

/* The command's JSON as the answer. */
int api_answer_whole(ApiCall *call, const char *const *words) must_check;

/* The element whose `key` is that name; NULL: none. */
json_t *api_answer_named(const json_t *list, const char *key, const char *name);

extern const char *const api_words_status[],
        *const api_words_snapshot[], *const api_words_confirm[], *const api_words_maintenance[],
                                                                         *const api_words_faults[],
                                                                                 *const api_words_journal[];
