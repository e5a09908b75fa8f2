/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/api_kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "scheduler/base/sha256.h"

#define GZIP_LEAST ((size_t) 1024) /* of less nothing is gained */
#define GZIP_LEVEL 1               /* JSON becomes a tenth by it, and a fifteenth by the slowest */
#define GZIP_BITS  (15 + 16)       /* zlib's word for a gzip header */

void api_kept_open(ApiKept *kept) {
        memset(kept->places, 0, sizeof(kept->places));
        kept->changes = 0;
        (void) pthread_mutex_init(&kept->lock, NULL);
}

/* ---- replies ---- */

static void api_kept_free(KeptReply *reply) {
        if (!reply)
                return;
        free(reply->body);
        free(reply->gzip);
        free(reply);
}

/* Under the lock: one user fewer; what is left over is returned. */
static KeptReply *api_kept_drop(KeptReply *reply) {
        return reply && --reply->users == 0 ? reply : NULL;
}

static char *api_kept_gzip(const char *body, size_t n, size_t *ret_n) {
        z_stream z = { 0 };
        char *out = NULL;
        size_t most;
        int r;

        if (n < GZIP_LEAST || n > UINT32_MAX ||
            deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
                return NULL;
        most = deflateBound(&z, n);
        out = malloc(most);
        z.next_in = (Bytef *) body;
        z.avail_in = (uInt) n;
        z.next_out = (Bytef *) out;
        z.avail_out = (uInt) most;
        r = out ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
        *ret_n = z.total_out;
        (void) deflateEnd(&z);
        if (r != Z_STREAM_END) {
                free(out);
                return NULL;
        }
        return out;
}

static KeptReply *api_kept_new(const ApiReply *from) {
        KeptReply *reply = calloc(1, sizeof(*reply));
        char hash[SHA256_HEX];

        if (!reply)
                return NULL;
        reply->body = malloc(from->n > 0 ? from->n : 1);
        if (!reply->body) {
                free(reply);
                return NULL;
        }
        memcpy(reply->body, from->body, from->n);
        reply->n = from->n;
        reply->type = from->type;
        reply->users = 1;
        reply->gzip = api_kept_gzip(from->body, from->n, &reply->n_gzip);
        sha256_print(from->body, from->n, hash);
        (void) snprintf(reply->etag, sizeof(reply->etag), "W/\"%.32s\"", hash); /* weak: gzipped or not */
        return reply;
}

KeptReply *api_kept_leave(ApiKept *kept, KeptReply *reply) {
        KeptReply *over;

        if (!reply)
                return NULL;
        (void) pthread_mutex_lock(&kept->lock);
        over = api_kept_drop(reply);
        (void) pthread_mutex_unlock(&kept->lock);
        api_kept_free(over);
        return NULL;
}

/* ---- places ---- */

/* Under the lock. */
static KeptReply *api_kept_empty(KeptPlace *place) {
        KeptReply *over = api_kept_drop(place->reply);

        free(place->key);
        *place = (KeptPlace){ 0 };
        return over;
}

uint64_t api_kept_changes(ApiKept *kept) {
        uint64_t changes;

        (void) pthread_mutex_lock(&kept->lock);
        changes = kept->changes;
        (void) pthread_mutex_unlock(&kept->lock);
        return changes;
}

void api_kept_forget(ApiKept *kept) {
        (void) pthread_mutex_lock(&kept->lock);
        kept->changes++;
        (void) pthread_mutex_unlock(&kept->lock);
        for (size_t i = 0; i < API_KEPT_MAX; i++) {
                KeptReply *over;

                (void) pthread_mutex_lock(&kept->lock);
                over = api_kept_empty(&kept->places[i]);
                (void) pthread_mutex_unlock(&kept->lock);
                api_kept_free(over);
        }
}

void api_kept_close(ApiKept *kept) {
        api_kept_forget(kept);
        (void) pthread_mutex_destroy(&kept->lock);
}

static KeptPlace *api_kept_place(ApiKept *kept, const char *key) {
        for (size_t i = 0; i < API_KEPT_MAX; i++)
                if (kept->places[i].key && strcmp(kept->places[i].key, key) == 0)
                        return &kept->places[i];
        return NULL;
}

KeptReply *api_kept_find(ApiKept *kept, const char *key, usec_t now, bool *ret_make) {
        KeptReply *reply = NULL;
        KeptPlace *place;

        *ret_make = false;
        (void) pthread_mutex_lock(&kept->lock);
        place = api_kept_place(kept, key);
        if (place)
                place->asked = now;
        if (place && now < place->until) {
                reply = place->reply;
                reply->users++;
                *ret_make = now >= place->fresh_until && !place->is_made;
                place->is_made = place->is_made || *ret_make;
        }
        (void) pthread_mutex_unlock(&kept->lock);
        return reply;
}

void api_kept_failed(ApiKept *kept, const char *key) {
        KeptPlace *place;

        (void) pthread_mutex_lock(&kept->lock);
        place = api_kept_place(kept, key);
        if (place)
                place->is_made = false;
        (void) pthread_mutex_unlock(&kept->lock);
}

/* Under the lock: where it stood, an empty one, or the one that nobody has asked for for longest. */
static KeptPlace *api_kept_room(ApiKept *kept, const char *key) {
        KeptPlace *place = api_kept_place(kept, key), *oldest = &kept->places[0];

        for (size_t i = 0; !place && i < API_KEPT_MAX; i++) {
                if (!kept->places[i].key)
                        place = &kept->places[i];
                else if (kept->places[i].asked < oldest->asked)
                        oldest = &kept->places[i];
        }
        return place ? place : oldest;
}

void api_kept_put(ApiKept *kept, const char *key, const ApiCall *call, usec_t now, usec_t grace,
                  uint64_t changes, KeptReply **ret) {
        const bool keeps = call->reply.status == 200 && call->fresh_until > now;
        KeptReply *reply = keeps ? api_kept_new(&call->reply) : NULL, *over = NULL;
        char *copy = reply ? strdup(key) : NULL;
        KeptPlace *place;

        *ret = NULL;
        (void) pthread_mutex_lock(&kept->lock);
        if (copy && kept->changes == changes) {
                place = api_kept_room(kept, key);
                over = api_kept_empty(place);
                *place = (KeptPlace){ .key = copy,
                                      .reply = reply,
                                      .asked = now,
                                      .fresh_until = call->fresh_until,
                                      .until = call->fresh_until + grace };
                reply->users++;
                *ret = reply;
                reply = NULL;
                copy = NULL;
        }
        (void) pthread_mutex_unlock(&kept->lock);
        api_kept_free(over);
        api_kept_free(reply);
        free(copy);
        if (!*ret)
                api_kept_failed(kept, key);
}
