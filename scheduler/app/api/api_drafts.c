/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_drafts.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/secret.h"
#include "scheduler/snapshot/json/json_value.h"

#define DRAFTS_MAX   32
#define DRAFTS_BYTES ((size_t) 32 << 20) /* of all of them, as texts */
#define DRAFT_FOR    (900 * USEC_PER_SEC)

typedef struct Draft {
        char id[DRAFT_ID_SIZE];
        char *cluster, *text; /* text NULL: none */
        size_t n;
        usec_t at;
} Draft;

static Draft api_drafts_kept[DRAFTS_MAX];
static pthread_mutex_t api_drafts_lock = PTHREAD_MUTEX_INITIALIZER;

static void api_draft_drop(Draft *draft) {
        free(draft->cluster);
        free(draft->text);
        *draft = (Draft){ 0 };
}

/* Those whose time is over; and the oldest, until there is room for one of so many bytes. A free place. */
static Draft *api_drafts_room(size_t n, usec_t now) {
        while (true) {
                Draft *empty = NULL, *oldest = NULL;
                size_t bytes = n;

                for (unsigned i = 0; i < DRAFTS_MAX; i++) {
                        Draft *draft = &api_drafts_kept[i];

                        if (draft->text && now >= draft->at + DRAFT_FOR)
                                api_draft_drop(draft);
                        bytes += draft->n;
                        if (!draft->text)
                                empty = draft;
                        else if (!oldest || draft->at < oldest->at)
                                oldest = draft;
                }
                if (empty && (bytes <= DRAFTS_BYTES || !oldest))
                        return empty;
                api_draft_drop(oldest);
        }
}

static json_t *api_draft_json(const char *cluster, const char *id, const json_t *value, usec_t as_of,
                              usec_t until) {
        json_t *what_if = json_object_get(value, "what_if"),
               *plan = what_if ? json_object_get(value, "plan") : (json_t *) value;

        return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:O?, s:O?}", "schema", "plimsoll.draft/1", "id", id,
                         "state", "draft", "cluster", cluster, "as_of", json_instant(as_of), "until",
                         json_instant(until), "plan", plan, "what_if", what_if);
}

int api_draft_keep(const char *cluster, const json_t *value, usec_t as_of, json_t **ret) {
        const usec_t now = clock_now();
        char secret[SECRET_HEX] = "";
        Draft draft = { .at = now, .cluster = strdup(cluster) }, *place;
        json_t *o;

        if (secret_make(secret) < 0)
                (void) snprintf(secret, sizeof(secret), "%llx", (unsigned long long) now);
        (void) snprintf(draft.id, sizeof(draft.id), DRAFT_PREFIX "%.12s", secret);
        o = api_draft_json(cluster, draft.id, value, as_of, now + DRAFT_FOR);
        draft.text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;
        if (!draft.cluster || !draft.text) {
                json_decref(o);
                api_draft_drop(&draft);
                return -ENOMEM;
        }
        draft.n = strlen(draft.text);
        (void) pthread_mutex_lock(&api_drafts_lock);
        place = api_drafts_room(draft.n, now);
        *place = draft;
        (void) pthread_mutex_unlock(&api_drafts_lock);
        *ret = o;
        return 0;
}

json_t *api_draft_find(const char *cluster, const char *id) {
        const usec_t now = clock_now();
        json_t *found = NULL;

        (void) pthread_mutex_lock(&api_drafts_lock);
        for (unsigned i = 0; i < DRAFTS_MAX && !found; i++) {
                const Draft *draft = &api_drafts_kept[i];

                if (draft->text && now < draft->at + DRAFT_FOR && strcmp(draft->id, id) == 0 &&
                    strcmp(draft->cluster, cluster) == 0)
                        found = json_loadb(draft->text, draft->n, 0, NULL);
        }
        (void) pthread_mutex_unlock(&api_drafts_lock);
        return found;
}
