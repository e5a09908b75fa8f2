/* SPDX-License-Identifier: Apache-2.0 */
/* A cluster as the store shows it to any instance: read each second as long as somebody listens, in a few small texts; hosts,
 * which take longer, where a round or an operator has changed something. Nothing is written.
 *
 * What has begun and ended between two looks is in streams of the store: each entry since the last look becomes an event.
 *
 * Units: usec_t: microseconds. Owner: event_picture_free(). Errors: a negative errno of the store, -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/app/api/api_call.h"
#include "scheduler/app/api/event_changes.h"
#include "scheduler/store/store.h"

typedef struct EventPicture {
        json_t *now;        /* by section; NULL: never read */
        json_t *unanswered; /* plans that are gone, and of which it is not known yet how they were answered */
        char journal[RECORD_NAME_SIZE], faults[RECORD_NAME_SIZE]; /* the newest entries seen; "": none */
        uint64_t settings;
} EventPicture;

/* Reads anew, and appends to changes what has changed since; of the first look nothing has. `call`: of the server, with its
 * arena, for what commands say of hosts. 0; 1: more has happened than the store still knows: clients read all anew; a
 * negative errno: the picture is as it was. */
int event_picture_look(EventPicture *picture, Store *store, ApiCall *call, const char *cluster,
                       json_t *changes) must_check;
void event_picture_free(EventPicture *picture);
