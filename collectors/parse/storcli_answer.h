/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of storcli's parser share. Internal to collectors/parse.
 *
 * Units: as storcli.h. Owner: the arena; an answer is the caller's, by json_decref(). Errors: -ENOMEM; NULL
 * as said. Threads: any, each its own arena.
 */
#pragma once

#include <jansson.h>

#include "collectors/parse/storcli.h"

#define CONTROLLERS_MOST    64
#define STORCLI_NAME_MOST   96
#define STORCLI_DRIVES_MOST 4096 /* room of f->drives */

/* Of the i-th controller of an answer: its number and what it has to say, or NULL. What its status says went wrong is
 * noted in f->unread, but that there are none ("No VDs have been configured"). *ret_number UNKNOWN: no controller. */
json_t *storcli_response(Arena *a, const json_t *answer, size_t i, StorcliFacts *f, int64_t *ret_number);
size_t storcli_controllers(const json_t *answer);
int64_t storcli_number(const json_t *answer, size_t i); /* of the i-th controller; UNKNOWN: it is none */
json_t *storcli_data(const json_t *answer, size_t i);   /* what it has to say, whatever its status; or NULL */

const char *storcli_trimmed(Arena *a,
                            const char *text); /* without blanks at its ends; NULL: the arena is full */
const char *storcli_text(const json_t *j, const char *key); /* NULL: none */

/* Each appends to *f, 0 or -ENOMEM. */
int storcli_volumes_take(Arena *a, const json_t *answer, StorcliFacts *f) must_check;
int storcli_drives_take(Arena *a, const json_t *answer, StorcliFacts *f) must_check;
/* One row of a table of drives, with what more is told of it (NULL: nothing), unless it is known already. */
int storcli_drive_add(Arena *a, const json_t *row, const json_t *details, int64_t controller,
                      StorcliFacts *f) must_check;
/* Of the answer on controllers, which lists volumes and drives in short, too (HBAs their drives in full): those that no
 * other answer told. After the two above. */
int storcli_lists_take(Arena *a, const json_t *answer, StorcliFacts *f) must_check;
int storcli_drives_listed(Arena *a, json_t *response, int64_t controller, StorcliFacts *f) must_check;
/* Its words of drives, which say no more than the drives do. */
int storcli_topology_check(Arena *a, const json_t *topology, int64_t controller, StorcliFacts *f) must_check;
