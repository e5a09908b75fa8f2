/* SPDX-License-Identifier: Apache-2.0 */
/* Status words of Redfish resources (DSP0268, Resource.v1_x: Status). Pure. Internal to collectors/parse.
 *
 * Units: none. Owner: texts are the document's. Errors: none but the sink's from redfish_unread(). Threads:
 * any, a document belongs to one.
 */
#pragma once

#include <jansson.h>

#include "collectors/read/sample_list.h"

typedef enum RedfishHealth {
        REDFISH_NOT_TOLD, /* left out, or null */
        REDFISH_OK,
        REDFISH_WARNING,
        REDFISH_CRITICAL,
        REDFISH_ODD, /* a word that is none of these */
} RedfishHealth;

RedfishHealth redfish_health(const json_t *resource, const char *path);
/* Status.State is told and is none of the words there are. */
bool redfish_state_is_odd(const json_t *resource);

const char *redfish_text(const json_t *j, const char *path);          /* "" for none */
bool redfish_is(const json_t *j, const char *path, const char *word); /* whatever its capitals */
/* The last part of a link: "/redfish/v1/Systems/1" → "1". "" of NULL. */
const char *redfish_name(const char *link);
/* Some BMCs end links with a slash, which is none of the name. */
int redfish_name_length(const char *name);
bool redfish_links_are_one(const char *left, const char *right);

/* "Id" of a resource, or the last part of its link. */
const char *redfish_id(const json_t *j);

/* item.unread of what of its Status is not understood, and of `more` ("": nothing). 0 or a negative errno. */
int redfish_unread(SampleSink *sink, const char *subject, const json_t *resource,
                   const char *more) must_check;
