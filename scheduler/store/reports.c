/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: a key a host that expires, and the set of all hosts that ever reported. */
#include <errno.h>
#include <string.h>

#include "scheduler/store/store_object.h"

/* Reports are read some at a time, so that the server serves others in between and hiredis holds only some in
 * its own memory. */
enum { READ_AT_ONCE = STORE_REPORTS_AT_ONCE };
static_assert((int) READ_AT_ONCE < (int) COMMAND_WORDS, "MGET and its keys");

/* The replies to n commands must be of this type. */
static int samples_expect(Store *s, int type, unsigned n) {
        for (unsigned i = 0; i < n; i++) {
                owned(reply_free) redisReply *reply = NULL;
                int k = redis_receive(&s->redis, &reply);

                if (k < 0)
                        return k;
                if (reply->type != (i == 0 ? type : REDIS_REPLY_INTEGER))
                        return -EPROTO;
        }
        return 0;
}

int store_put_report(Store *s, const char *host, const char *text, size_t n, usec_t expiry) {
        char report[KEY_SIZE], hosts[KEY_SIZE], ms[24];
        Command set = { 0 }, add = { 0 };
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&set, "SET");
        command_text(&set, key_print(report, s->cluster, KEY_REPORT, host));
        command_add(&set, text, n);
        command_text(&set, "PX");
        command_number(&set, ms, store_ms(expiry));
        command_text(&add, "SADD");
        command_text(&add, key_print(hosts, s->cluster, KEY_HOSTS, NULL));
        command_text(&add, host);
        k = redis_send(&s->redis, &set);
        if (k == 0)
                k = redis_send(&s->redis, &add);
        if (k == 0)
                k = samples_expect(s, REDIS_REPLY_STATUS, 2);
        return store_end(s, k, "SET and SADD");
}

static int get_hosts(Store *s, Arena *a, const char *const **ret, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char hosts[KEY_SIZE];
        Command c = { 0 };
        int k;

        command_text(&c, "SMEMBERS");
        command_text(&c, key_print(hosts, s->cluster, KEY_HOSTS, NULL));
        k = redis_call(&s->redis, &c, &reply);
        return k < 0 ? k : reply_names(reply, a, ret, ret_n);
}

static int ask_reports(Store *s, Arena *a, const char *const *hosts, uint32_t n) {
        ArenaMark mark = arena_mark(a); /* the keys: the command copies them */
        Command c = { 0 };
        int k;

        command_text(&c, "MGET");
        for (uint32_t i = 0; i < n; i++) {
                char buf[KEY_SIZE];
                const char *key;

                (void) key_print(buf, s->cluster, KEY_REPORT, hosts[i]);
                key = text_copy(a, buf, strlen(buf));
                if (!key)
                        return -ENOMEM;
                command_text(&c, key);
        }
        k = redis_send(&s->redis, &c);
        arena_rewind(a, mark);
        return k;
}

static uint32_t at_once(uint32_t left) {
        return left < READ_AT_ONCE ? left : READ_AT_ONCE;
}

int store_ask_reports(Store *s, Arena *a, ReportsAsked *ret) {
        ReportsAsked asked = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        k = get_hosts(s, a, &asked.members, &asked.n_members);
        for (uint32_t i = 0; k == 0 && i < asked.n_members; i += READ_AT_ONCE)
                k = ask_reports(s, a, asked.members + i, at_once(asked.n_members - i));
        if (k < 0)
                return store_end(s, k, "SMEMBERS and MGET");
        *ret = asked;
        return 0;
}

int store_next_reports(Store *s, ReportsAsked *asked, Arena *a, StoredText *texts, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        uint32_t n = at_once(asked->n_members - asked->at), got = 0;
        int k;

        if (n == 0)
                return 0;
        s->redis.deadline = clock_monotonic() + s->timeout; /* the part's: others are worked on meanwhile */
        k = redis_receive(&s->redis, &reply);
        if (k == 0)
                k = reply_named_texts(reply, a, asked->members + asked->at, n, texts, &got);
        if (k < 0)
                return store_end(s, k, "MGET");
        asked->at += n;
        *ret_n = got;
        return 1;
}

int store_get_reports(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n, const char *const **ret_members,
                      uint32_t *ret_n_members) {
        ReportsAsked asked = { 0 };
        StoredText *texts;
        uint32_t n = 0, got = 0;
        int k = store_ask_reports(s, a, &asked);

        if (k < 0)
                return k;
        texts = arena_new(a, StoredText, asked.n_members);
        k = texts ? 1 : store_end(s, -ENOMEM, "MGET");
        for (; k > 0 && asked.at < asked.n_members; n += got)
                k = store_next_reports(s, &asked, a, texts + n, &got);
        if (k < 0)
                return k;
        *ret = texts;
        *ret_n = n;
        *ret_members = asked.members;
        *ret_n_members = asked.n_members;
        return 0;
}
