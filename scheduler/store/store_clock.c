/* SPDX-License-Identifier: Apache-2.0 */
/* The server's time, and how long the reports of hosts still stay: so that clocks can be told from silence. */
#include <string.h>

#include "scheduler/store/store_script.h"

int store_get_time(Store *s, usec_t *ret) {
        owned(reply_free) redisReply *reply = NULL;
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "TIME");
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_time(reply, ret);
        return store_end(s, k, "TIME");
}

static int expiry_ask(Store *s, const char *host) {
        char key[KEY_SIZE];
        Command c = { 0 };

        command_text(&c, "PTTL");
        command_text(&c, key_print(key, s->cluster, KEY_REPORT, host));
        return redis_send(&s->redis, &c);
}

int store_get_report_expiries(Store *s, const char *const *hosts, uint32_t n, usec_t *ret) {
        int k = store_begin(s);

        assert(n <= STORE_REPORTS_AT_ONCE);
        for (uint32_t i = 0; k == 0 && i < n; i++)
                k = expiry_ask(s, hosts[i]);
        for (uint32_t i = 0; k == 0 && i < n; i++) {
                owned(reply_free) redisReply *reply = NULL;
                int64_t ms = 0;

                k = redis_receive(&s->redis, &reply);
                if (k == 0)
                        k = reply_number(reply, -2, &ms);
                ret[i] = ms > 0 ? ms * USEC_PER_MSEC : 0;
        }
        return store_end(s, k, "PTTL");
}
