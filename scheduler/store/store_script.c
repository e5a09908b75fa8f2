#include "scheduler/store/store_script.h"

void script_add(const Store *s, Command *c, const char *script, const StoreKey *keys, int n,
                ScriptKeys *buf) {
        assert(n <= SCRIPT_KEYS);
        command_text(c, "EVAL"); /* the server keeps the compiled script by its hash; sending it is cheap */
        command_text(c, script);
        command_number(c, buf->count, n);
        for (int i = 0; i < n; i++)
                command_text(c, key_print(buf->texts[i], s->cluster, keys[i], NULL));
}

int stream_read(Store *s, Arena *a, StoreKey stream, uint32_t most, StoredText **ret, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char key[KEY_SIZE], count[24];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "XREVRANGE");
        command_text(&c, key_print(key, s->cluster, stream, NULL));
        command_text(&c, "+");
        command_text(&c, "-");
        command_text(&c, "COUNT");
        command_number(&c, count, most);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_entries(reply, a, ret, ret_n);
        return store_end(s, k, "XREVRANGE");
}
