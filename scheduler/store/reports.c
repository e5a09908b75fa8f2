/* SPDX-License-Identifier: Apache-2.0 */
/* Reports: a key a host that expires. An agent writes its own key and no other, so that which hosts there are is looked
 * for: the keys with SCAN, and the set of those that ever reported, which the service keeps. */
#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_object.h"

/* Reports are read some at a time, so that the server serves others in between and hiredis holds only some in
 * its own memory. */
enum { READ_AT_ONCE = STORE_REPORTS_AT_ONCE };

int store_put_host_text(Store *s, StoreKey key, const char *host, StoredText text, usec_t expiry) {
        owned(reply_free) redisReply *reply = NULL;
        char buf[KEY_SIZE], ms[24];
        Command c = { 0 };
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, "SET");
        command_text(&c, key_print(buf, s->cluster, key, host));
        command_add(&c, text.text, text.n);
        if (expiry > 0) {
                command_text(&c, "PX");
                command_number(&c, ms, store_ms(expiry));
        }
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0 && reply->type != REDIS_REPLY_STATUS)
                k = -EPROTO;
        return store_end(s, k, "SET");
}

const Drops *store_drops(const Store *s, bool of_keys) {
        return of_keys ? &s->seen_drops : &s->drops;
}

int store_put_report(Store *s, const char *host, const char *text, size_t n, usec_t expiry) {
        s->seen_at = 0; /* who writes one and reads then finds it */
        return store_put_host_text(s, KEY_REPORT, host, (StoredText){ .text = text, .n = n }, expiry);
}

/* What an agent wrote may be any length: no more of it is fetched than is taken. */
static BoundId bound_of_text(StoreKey kind) {
        return kind == KEY_REPORT ? BOUND_REPORT_BYTES : BOUND_PULSE_BYTES;
}

int store_ask_host_texts(Store *s, StoreKey kind, const char *const *hosts, uint32_t n) {
        int k = 0;

        for (uint32_t i = 0; k == 0 && i < n; i++) {
                char key[KEY_SIZE], most[24];
                Command c = { 0 };

                command_text(&c, "GETRANGE");
                command_text(&c, key_print(key, s->cluster, kind, hosts[i]));
                command_text(&c, "0");
                command_number(&c, most,
                               bound_of(bound_of_text(kind))); /* one byte more: then it is too long */
                k = redis_send(&s->redis, &c);
        }
        return k;
}

int store_take_host_texts(Store *s, Arena *a, StoreKey kind, const char *const *hosts, uint32_t n,
                          StoredText *texts, uint32_t *n_texts) {
        for (uint32_t i = 0; i < n; i++) {
                owned(reply_free) redisReply *reply = NULL;
                StoredText *t = &texts[*n_texts];
                int k = redis_receive(&s->redis, &reply);

                if ((k == -EPROTO || k == -EMEDIUMTYPE) &&
                    s->redis.fd >= 0) { /* the server's word about this key alone */
                        drops_add(&s->drops, store_key_defs[kind].name, hosts[i], strlen(hosts[i]),
                                  "is not text");
                        continue;
                }
                if (k == 0)
                        k = reply_text(reply, a, &t->text, &t->n);
                if (k < 0)
                        return k;
                if (k == 0 && t->n > (size_t) bound_of(bound_of_text(kind)))
                        drops_add(&s->drops, store_key_defs[kind].name, hosts[i], strlen(hosts[i]),
                                  "exceeds its maximum size");
                else if (k == 0 && t->n > 0)
                        texts[(*n_texts)++].name = hosts[i];
        }
        return 0;
}

static uint32_t at_once(uint32_t left) {
        return left < READ_AT_ONCE ? left : READ_AT_ONCE;
}

int store_ask_reports(Store *s, Arena *a, ReportsAsked *ret) {
        ReportsAsked asked = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        s->drops = (Drops){ 0 };
        k = store_find_hosts(s, a, &asked.members, &asked.n_members);
        for (uint32_t i = 0; k == 0 && i < asked.n_members; i += READ_AT_ONCE)
                k = store_ask_host_texts(s, KEY_REPORT, asked.members + i, at_once(asked.n_members - i));
        if (k < 0)
                return store_end(s, k, "SCAN, SMEMBERS and GETRANGE");
        *ret = asked;
        return 0;
}

int store_next_reports(Store *s, ReportsAsked *asked, Arena *a, StoredText *texts, uint32_t *ret_n) {
        uint32_t n = at_once(asked->n_members - asked->at), got = 0;
        int k;

        if (n == 0)
                return 0;
        s->redis.patience.deadline =
                clock_monotonic() + s->timeout; /* the part's: others are worked on meanwhile */
        k = store_take_host_texts(s, a, KEY_REPORT, asked->members + asked->at, n, texts, &got);
        if (k < 0)
                return store_end(s, k, "GETRANGE");
        asked->at += n;
        *ret_n = got;
        return 1;
}

int store_get_host_texts(Store *s, Arena *a, StoreKey kind, const char *const *hosts, uint32_t n,
                         StoredText **ret, uint32_t *ret_n) {
        StoredText *texts = arena_new(a, StoredText, n);
        uint32_t asked = 0, all = 0;
        int k = texts ? store_begin(s) : -ENOMEM;

        for (; k == 0 && asked < n; asked += at_once(n - asked))
                k = store_ask_host_texts(s, kind, hosts + asked, at_once(n - asked));
        for (asked = 0; k == 0 && asked < n; asked += at_once(n - asked))
                k = store_take_host_texts(s, a, kind, hosts + asked, at_once(n - asked), texts, &all);
        if (k < 0)
                return store_end(s, k, "GETRANGE");
        *ret = texts;
        *ret_n = all;
        return 0;
}

int store_get_reports_of(Store *s, Arena *a, const char *const *hosts, uint32_t n_hosts, StoredText **ret,
                         uint32_t *ret_n) {
        return store_get_host_texts(s, a, KEY_REPORT, hosts, n_hosts, ret, ret_n);
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
        k = texts ? 1 : store_end(s, -ENOMEM, "GETRANGE");
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
