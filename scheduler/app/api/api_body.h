/* SPDX-License-Identifier: Apache-2.0 */
/* The body of a request: a JSON object with fields of its route's table, each an option of the command that it becomes.
 *
 * Units: none. Owner: texts are in the call's arena; a body is the caller's, by json_decref(). Errors: what is wrong is in the
 * reply. Threads: any, each its own call.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/api/api_routes.h"

#define API_WORDS_MOST 64

/* Words after "plimsoll". */
typedef struct ApiWords {
        const char *words[API_WORDS_MOST + 1]; /* NULL-terminated */
        uint32_t n;
} ApiWords;

/* False: there is no word, or they are too many. */
bool api_words_add(ApiWords *w, const char *word);

/* {} where there is no body. NULL: the reply says what is wrong. */
json_t *api_body_read(ApiCall *call);

/* What it says, as options. False: no memory, or too many. */
bool api_body_options(ApiCall *call, const json_t *body, ApiWords *w);

/* A command refused what it was given, in these words: where they name an option that came from a field of the body or a parameter
 * of the query, the reply says that this is wrong (422 or 400), and what is accepted. False: they name none of the call's. */
bool api_body_blamed(ApiCall *call, const char *what);
