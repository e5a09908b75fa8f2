/* Pulses: one hash, host → a few numbers beside its newest report. */
#include <string.h>

#include "scheduler/store/store_object.h"

int store_put_pulse(Store *s, const char *host, const char *text, size_t n) {
        owned(reply_free) redisReply *reply = NULL;
        char pulses[KEY_SIZE];
        Command c = { 0 };
        int64_t added;
        int k = store_check_name(s, "host", host);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        command_text(&c, "HSET");
        command_text(&c, key_print(pulses, s->cluster, KEY_PULSES, NULL));
        command_text(&c, host);
        command_add(&c, text, n);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_number(reply, 0, &added);
        return store_end(s, k, "HSET");
}

int store_get_pulses(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        return store_read_hash(s, a, KEY_PULSES, ret, ret_n);
}
