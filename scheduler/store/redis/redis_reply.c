/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/redis/redis_reply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

#define ELEMENTS_MAX (1 << 20) /* more than HOSTS_MAX pairs, or any stream we cap */

#if HIREDIS_MAJOR >= 1 /* Debian 13 */
typedef size_t ReplyElements;
#else
typedef int ReplyElements;
#endif

/* The reader's privdata is hiredis' own table, which it does not export by name. NULL counts as no memory. */
static void *array_bounded(const redisReadTask *task, ReplyElements elements) {
        const redisReplyObjectFunctions *own = task->privdata;

        return elements <= ELEMENTS_MAX ? own->createArray(task, elements) : NULL;
}

int reply_reader_open(ReplyReader *ret) {
        ret->bytes = redisReaderCreate();
        if (!ret->bytes)
                return -ENOMEM;
        ret->functions = *ret->bytes->fn;
        ret->functions.createArray = array_bounded;
        ret->bytes->privdata = ret->bytes->fn;
        ret->bytes->fn = &ret->functions;
        ret->bytes->maxbuf = 1 << 20; /* kept between replies: large reports come in a row */
        return 0;
}

void reply_reader_close(ReplyReader *reader) {
        if (reader->bytes)
                redisReaderFree(reader->bytes);
        reader->bytes = NULL;
}

int reply_error(const redisReply *r) {
        static const struct {
                const char *word;
                int error;
        } errors[] = {
                { "NOAUTH", -EACCES },         { "WRONGPASS", -EACCES },   { "NOPERM", -EACCES },
                { "DENIED", -EACCES },         { "LOADING", -EAGAIN },     { "READONLY", -EAGAIN },
                { "MASTERDOWN", -EAGAIN },     { "CLUSTERDOWN", -EAGAIN }, { "TRYAGAIN", -EAGAIN },
                { "BUSY", -EAGAIN },           { "OOM", -EAGAIN },         { "MISCONF", -EAGAIN },
                { "NOREPLICAS", -EAGAIN },     { "MOVED", -EAGAIN },       { "ASK", -EAGAIN },
                { "WRONGTYPE", -EMEDIUMTYPE },
        };
        size_t n = strcspn(r->str, " ");

        for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
                if (strlen(errors[i].word) == n && memcmp(r->str, errors[i].word, n) == 0)
                        return errors[i].error;
        return -EPROTO;
}

int reply_moved(const redisReply *r, RedisUrl *node) {
        const char *host = r->type == REDIS_REPLY_ERROR ? strrchr(r->str, ' ') : NULL, *colon;
        int64_t port;

        if (!host || strncmp(r->str, "MOVED ", 6) != 0)
                return -EPROTO;
        host++;
        colon = strrchr(host, ':'); /* an IPv6 address has more */
        if (!colon || text_to_int(colon + 1, strlen(colon + 1), 1, 65535, &port) < 0)
                return -EPROTO;
        return redis_url_move(node, host, (size_t) (colon - host), (int) port);
}

int reply_text(const redisReply *r, Arena *a, const char **ret, size_t *ret_n) {
        char *text;

        if (r->type == REDIS_REPLY_NIL)
                return 1;
        if (r->type != REDIS_REPLY_STRING)
                return -EPROTO;
        text = text_copy(a, r->str, r->len);
        if (!text)
                return -ENOMEM;
        *ret = text;
        *ret_n = r->len;
        return 0;
}

/* Names go on as C strings: what holds a zero byte or a control character is none. */
static int reply_name(const redisReply *r, Arena *a, const char **ret) {
        if (r->type != REDIS_REPLY_STRING || !text_is_name(r->str, r->len))
                return -EPROTO;
        *ret = text_copy(a, r->str, r->len);
        return *ret ? 0 : -ENOMEM;
}

/* 1: it was left out. */
static int reply_name_or_drop(const redisReply *r, Arena *a, Drops *drops, const char **ret) {
        const int k = reply_name(r, a, ret);

        if (k != -EPROTO)
                return k;
        drops_add(drops, "a name in the store", r->type == REDIS_REPLY_STRING ? r->str : "",
                  r->type == REDIS_REPLY_STRING ? r->len : 0, "is not valid");
        return 1;
}

int reply_names(const redisReply *r, Arena *a, Drops *drops, const char *const **ret, uint32_t *ret_n) {
        const char **names;
        uint32_t n = 0;

        if (r->type != REDIS_REPLY_ARRAY)
                return -EPROTO;
        names = arena_new(a, const char *, r->elements);
        if (!names)
                return -ENOMEM;
        for (size_t i = 0; i < r->elements; i++) {
                const int k = reply_name_or_drop(r->element[i], a, drops, &names[n]);

                if (k < 0)
                        return k;
                n += k == 0;
        }
        if (n > 0)
                qsort(names, n, sizeof(*names), compare_strings);
        *ret = names;
        *ret_n = n;
        return 0;
}

static int text_compare(const void *left, const void *right) {
        const StoredText *a = left, *b = right;

        return strcmp(a->name, b->name);
}

int reply_pairs(const redisReply *r, Arena *a, Drops *drops, StoredText **ret, uint32_t *ret_n) {
        StoredText *texts;
        uint32_t n = 0;

        if (r->type != REDIS_REPLY_ARRAY || r->elements % 2 != 0)
                return -EPROTO;
        texts = arena_new(a, StoredText, r->elements / 2);
        if (!texts)
                return -ENOMEM;
        for (size_t i = 0; i < r->elements / 2; i++) {
                int k = reply_name_or_drop(r->element[2 * i], a, drops, &texts[n].name);

                if (k == 0)
                        k = reply_text(r->element[2 * i + 1], a, &texts[n].text, &texts[n].n);
                if (k < 0)
                        return k;
                n += k == 0;
        }
        if (n > 0)
                qsort(texts, n, sizeof(*texts), text_compare);
        *ret = texts;
        *ret_n = n;
        return 0;
}

static int reply_entry(const redisReply *r, Arena *a, StoredText *ret) {
        const redisReply *fields;
        int k;

        if (r->type != REDIS_REPLY_ARRAY || r->elements != 2)
                return -EPROTO;
        fields = r->element[1];
        if (fields->type != REDIS_REPLY_ARRAY || fields->elements < 2)
                return -EPROTO;
        k = reply_name(r->element[0], a, &ret->name);
        if (k == 0)
                k = reply_text(fields->element[1], a, &ret->text, &ret->n);
        return k > 0 ? -EPROTO : k;
}

int reply_entries(const redisReply *r, Arena *a, Drops *drops, StoredText **ret, uint32_t *ret_n) {
        StoredText *texts;
        uint32_t n = 0;

        if (r->type != REDIS_REPLY_ARRAY)
                return -EPROTO;
        texts = arena_new(a, StoredText, r->elements);
        if (!texts)
                return -ENOMEM;
        for (size_t i = 0; i < r->elements; i++) {
                const int k = reply_entry(r->element[i], a, &texts[n]);

                if (k == -EPROTO)
                        drops_add(drops, "a stream in the store", "", 0, "has an invalid entry");
                else if (k < 0)
                        return k;
                n += k == 0;
        }
        *ret = texts;
        *ret_n = n;
        return 0;
}

int reply_number(const redisReply *r, int64_t min, int64_t *ret) {
        if (r->type != REDIS_REPLY_INTEGER || r->integer < min)
                return -EPROTO;
        *ret = r->integer;
        return 0;
}

int reply_time(const redisReply *r, int64_t *ret) {
        int64_t part[2];

        if (r->type != REDIS_REPLY_ARRAY || r->elements != 2)
                return -EPROTO;
        for (int i = 0; i < 2; i++)
                if (r->element[i]->type != REDIS_REPLY_STRING ||
                    text_to_int(r->element[i]->str, r->element[i]->len, 0,
                                i == 0 ? INT64_MAX / 1000000 - 1 : 999999, &part[i]) < 0)
                        return -EPROTO;
        *ret = part[0] * 1000000 + part[1];
        return 0;
}

int reply_lease(const redisReply *r, LeaseReply *ret) {
        const redisReply *token, *holder;
        LeaseReply lease = { .ours = false };
        int64_t refused, number, healed;

        if (r->type != REDIS_REPLY_ARRAY || r->elements != 4)
                return -EPROTO;
        token = r->element[1];
        holder = r->element[2];
        if (reply_number(r->element[0], 0, &refused) < 0 || refused > 1 ||
            reply_number(r->element[3], 0, &healed) < 0 || healed > UINT16_MAX)
                return -EPROTO;
        if (token->type != REDIS_REPLY_STRING ||
            text_to_int(token->str, token->len, refused ? 0 : 1, INT64_MAX, &number) < 0)
                return -EPROTO;
        if (holder->type != REDIS_REPLY_STRING)
                return -EPROTO;
        lease.ours = refused == 0;
        lease.token = (uint64_t) number;
        lease.healed = (unsigned) healed;
        if (text_is_name(holder->str, holder->len)) /* at most 255 bytes */
                memcpy(lease.holder, holder->str, holder->len);
        else if (lease.ours)
                return -EPROTO;
        *ret = lease;
        return 0;
}
