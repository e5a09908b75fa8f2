/* SPDX-License-Identifier: Apache-2.0 */
/* What has changed from one picture of a cluster to the next, as the events that clients are sent.
 *
 * A picture is a JSON object of sections (event_picture.h). A section is one thing ("round"), or many by name ("hosts"). What
 * may be looked at anew after a change, and is not in the event itself, is the client's to read.
 *
 * Units: none. Owner: the list is the caller's. Errors: -ENOMEM. Threads: any. Pure.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Appends {"event": …, …} for each difference. */
int event_changes(const json_t *was, const json_t *is, json_t *to) __attribute__((warn_unused_result));

/* One more: the members of `about`, which may be NULL, after the event's name. */
int event_change_add(json_t *to, const char *event, const char *key, const char *name, const json_t *about)
        __attribute__((warn_unused_result));

/* Whether something may be read now that reads another way than before: more than the progress of moves. */
bool event_changes_matter(const json_t *list);

/* Whether a person may act by one of them: more than that a round was made or who leads, which happens all the time. */
bool event_changes_are_acted_upon(const json_t *list);

/* The names of all events, NULL-terminated. */
extern const char *const event_names[];
