/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of a server → hiredis' reader → every decoder: no reply may crash one, and what a decoder accepts
 * holds what it promises. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/store/redis/redis_reply.h"

static unsigned char memory[1 << 20];

static void check(bool ok) {
        if (!ok)
                abort();
}

static void check_texts(const StoredText *texts, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                check(text_is_name(texts[i].name, strlen(texts[i].name)));
                check(texts[i].text[texts[i].n] == '\0');
        }
}

static void decode(const redisReply *r) {
        Drops drops = { 0 };
        Arena a = arena_over(memory, sizeof(memory));
        const char *const *members;
        StoredText *texts;
        uint32_t n;
        const char *text;
        LeaseReply lease;
        RedisUrl node = { .host = "here" };
        int64_t number;
        size_t length;

        if (r->type == REDIS_REPLY_ERROR)
                check(reply_error(r) < 0);
        if (reply_moved(r, &node) == 0)
                check(node.port > 0 && text_is_name(node.host, strlen(node.host)));
        if (reply_text(r, &a, &text, &length) == 0)
                check(text[length] == '\0');
        if (reply_names(r, &a, &drops, &members, &n) == 0)
                for (uint32_t i = 0; i < n; i++)
                        check(i == 0 || strcmp(members[i - 1], members[i]) <= 0);
        if (reply_pairs(r, &a, &drops, &texts, &n) == 0)
                check_texts(texts, n);
        if (reply_entries(r, &a, &drops, &texts, &n) == 0)
                check_texts(texts, n);
        if (reply_number(r, 0, &number) == 0)
                check(number >= 0);
        if (reply_time(r, &number) == 0)
                check(number >= 0);
        if (reply_lease(r, &lease) == 0)
                check(lease.ours ? lease.token > 0 && text_is_name(lease.holder, strlen(lease.holder))
                                 : strlen(lease.holder) < sizeof(lease.holder));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        ReplyReader reader;
        void *reply = NULL;

        check(reply_reader_open(&reader) == 0);
        if (redisReaderFeed(reader.bytes, (const char *) data, n) == REDIS_OK)
                while (redisReaderGetReply(reader.bytes, &reply) == REDIS_OK && reply) {
                        decode(reply);
                        freeReplyObject(reply);
                        reply = NULL;
                }
        reply_reader_close(&reader);
        return 0;
}
