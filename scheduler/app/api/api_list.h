/* SPDX-License-Identifier: Apache-2.0 */
/* Lists: filtered by what stands behind "?", sorted, and page by page.
 *
 * Units: none. Owner: the answer is in the call's arena; what is listed stays the caller's. Errors: a negative errno; what is wrong
 * with the request is in the reply. Threads: any, each its own call; the list is only read.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/api/api_call.h"
#include "scheduler/base/clock.h"

/* The list is answered as plimsoll.list/1. Of the names in the route's query, `cluster`, `limit`, `next`, `sort` and `q` have their
 * own meaning, and those in `not_filters` are the caller's; each other one is a member of the elements, which has to be equal: a
 * text, a number, true or false, "null" where there is none, or one of a list's elements. `q` stands somewhere in an element's
 * name, whatever the case. `sorts`: the members by which it may be sorted ("name cpu_used"), with "-" before it from the largest;
 * unknown ones come last. */
int api_list_reply(ApiCall *call, const char *cluster, const json_t *items, usec_t as_of, const char *sorts,
                   const char *not_filters) must_check;
