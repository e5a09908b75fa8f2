/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/access/api_sessions.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define SESSIONS_MAX 256

typedef struct ApiSession {
        char sha256[SHA256_HEX], token[SHA256_HEX]; /* "": none */
        usec_t until;
} ApiSession;

static ApiSession api_sessions_kept[SESSIONS_MAX];
static pthread_mutex_t api_sessions_lock = PTHREAD_MUTEX_INITIALIZER;

int api_session_begin(const ApiToken *token, usec_t now, char ret_id[SECRET_HEX]) {
        ApiSession *place = &api_sessions_kept[0], made = { .until = now + API_SESSION_FOR };
        int r = secret_make(ret_id);

        if (r < 0)
                return r;
        sha256_print(ret_id, strlen(ret_id), made.sha256);
        (void) snprintf(made.token, sizeof(made.token), "%s", token->sha256);
        (void) pthread_mutex_lock(&api_sessions_lock);
        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                if (api_sessions_kept[i].until < place->until)
                        place = &api_sessions_kept[i];
        *place = made;
        (void) pthread_mutex_unlock(&api_sessions_lock);
        return 0;
}

/* Compared are hashes: how far two of them are the same says nothing about what was hashed. */
static ApiSession *api_session_of(const char *id) {
        char hash[SHA256_HEX];

        if (strnlen(id, SECRET_HEX) != SECRET_HEX - 1)
                return NULL;
        sha256_print(id, strlen(id), hash);
        for (unsigned i = 0; i < SESSIONS_MAX; i++)
                if (strcmp(api_sessions_kept[i].sha256, hash) == 0)
                        return &api_sessions_kept[i];
        return NULL;
}

bool api_session_find(const char *id, usec_t now, char ret_token[SHA256_HEX], usec_t *ret_until) {
        const ApiSession *found;
        bool good;

        (void) pthread_mutex_lock(&api_sessions_lock);
        found = api_session_of(id);
        good = found && now < found->until;
        if (good) {
                (void) snprintf(ret_token, SHA256_HEX, "%s", found->token);
                *ret_until = found->until;
        }
        (void) pthread_mutex_unlock(&api_sessions_lock);
        return good;
}

void api_session_end(const char *id) {
        ApiSession *found;

        (void) pthread_mutex_lock(&api_sessions_lock);
        found = api_session_of(id);
        if (found)
                *found = (ApiSession){ 0 };
        (void) pthread_mutex_unlock(&api_sessions_lock);
}
