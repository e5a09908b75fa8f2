/* SPDX-License-Identifier: Apache-2.0 */
/* SCAN: goes through all keys of a server, some at a time, and holds nobody up. */
#include <errno.h>
#include <string.h>

#include "scheduler/store/store_object.h"

#define AT_ONCE    "5000"
#define CURSOR_MAX 32

/* [cursor, [key …]] */
static int scan_take_keys(const redisReply *reply, char cursor[CURSOR_MAX], StoreKeyTake take, void *arg) {
        if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
            reply->element[0]->type != REDIS_REPLY_STRING || reply->element[0]->len >= CURSOR_MAX ||
            reply->element[1]->type != REDIS_REPLY_ARRAY)
                return -EPROTO;
        memcpy(cursor, reply->element[0]->str, reply->element[0]->len + 1);
        for (size_t i = 0; i < reply->element[1]->elements; i++) {
                const redisReply *key = reply->element[1]->element[i];
                int k = key->type == REDIS_REPLY_STRING ? take(arg, key) : -EPROTO;

                if (k < 0)
                        return k;
        }
        return 0;
}

int store_scan(Redis *r, usec_t timeout, const char *match, StoreKeyTake take, void *arg) {
        char cursor[CURSOR_MAX] = "0";
        int k;

        do {
                owned(reply_free) redisReply *reply = NULL;
                Command c = { 0 };

                k = redis_begin(r, clock_monotonic() + timeout);
                if (k < 0)
                        return k;
                command_text(&c, "SCAN");
                command_text(&c, cursor);
                command_text(&c, "MATCH");
                command_text(&c, match);
                command_text(&c, "COUNT");
                command_text(&c, AT_ONCE);
                k = redis_call(r, &c, &reply);
                if (k == 0)
                        k = scan_take_keys(reply, cursor, take, arg);
        } while (k == 0 && strcmp(cursor, "0") != 0);
        return k;
}
