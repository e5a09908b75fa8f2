/* SPDX-License-Identifier: Apache-2.0 */
/* The walk through a BMC's resources: systems with their storage, chassis with their drives, heat and power.
 *
 * One odd resource (an error of the BMC, no JSON, a word that is not known) is named in item.unread, and the walk goes on.
 * Where it cannot go on (its time is over, there are too many), what was read counts and the rest is named: a device that
 * is not told of keeps its grade.
 *
 * Units: as metrics.def says of each metric; usec_t, in microseconds. Owner: the arena is scratch; the list
 * is the caller's. Errors: a negative errno, as said below. Threads: any, each its own arena.
 */
#pragma once

#include <jansson.h>

#include "collectors/read/sample_list.h"

typedef struct RedfishSource {
        /* 0: *ret is the caller's, by json_decref(). 1: there is none. -EBADMSG: this one cannot be read, others may;
         * any other negative errno ends the walk. */
        int (*get)(void *arg, const char *path, json_t **ret);
        void *arg;
} RedfishSource;

#define REDFISH_PAGES_MOST 50 /* of one collection: Members@odata.nextLink */

/* From the service root on. Samples go to `list`; `a` is scratch. 0; the errno that ended it before anything was read. */
int redfish_walk(const RedfishSource *source, const json_t *root, Arena *a, SampleList *list) must_check;
