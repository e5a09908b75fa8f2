/* Reports: a key a host that expires, and the set of all hosts that ever reported. */
#include <errno.h>
#include <string.h>

#include "scheduler/store/store_object.h"

/* Reports are read some at a time, so that the server serves others in between and hiredis holds only some in
 * its own memory. */
enum { READ_AT_ONCE = 256 };
static_assert((int) READ_AT_ONCE < (int) COMMAND_WORDS, "MGET and its keys");

/* The replies to n commands must be of this type. */
static int expect(Store *s, int type, unsigned n) {
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
                k = expect(s, REDIS_REPLY_STATUS, 2);
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

static int get_reports(Store *s, Arena *a, const char *const *hosts, uint32_t n, StoredText *texts,
                       uint32_t *ret_n) {
        uint32_t got = 0;

        for (uint32_t i = 0; i < n; i += READ_AT_ONCE) {
                int k = ask_reports(s, a, hosts + i, at_once(n - i));

                if (k < 0)
                        return k;
        }
        for (uint32_t i = 0; i < n; i += READ_AT_ONCE) {
                owned(reply_free) redisReply *reply = NULL;
                int k = redis_receive(&s->redis, &reply);

                if (k == 0)
                        k = reply_named_texts(reply, a, hosts + i, at_once(n - i), texts, &got);
                if (k < 0)
                        return k;
        }
        *ret_n = got;
        return 0;
}

int store_get_reports(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n, const char *const **ret_members,
                      uint32_t *ret_n_members) {
        const char *const *hosts = NULL;
        StoredText *texts = NULL;
        uint32_t n_hosts = 0, n = 0;
        int k = store_begin(s);

        if (k < 0)
                return k;
        k = get_hosts(s, a, &hosts, &n_hosts);
        if (k == 0) {
                texts = arena_new(a, StoredText, n_hosts);
                k = texts ? get_reports(s, a, hosts, n_hosts, texts, &n) : -ENOMEM;
        }
        if (k < 0)
                return store_end(s, k, "SMEMBERS and MGET");
        *ret = texts;
        *ret_n = n;
        *ret_members = hosts;
        *ret_n_members = n_hosts;
        return 0;
}
