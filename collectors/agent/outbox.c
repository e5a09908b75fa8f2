/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/agent/outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/log.h"

#define PAUSE_FIRST (500 * USEC_PER_MSEC)
#define PAUSE_MOST  (30 * USEC_PER_SEC)

void outbox_open(Outbox *o, const StoreOptions *options, usec_t expiry, uint64_t seed) {
        *o = (Outbox){ .options = *options, .expiry = expiry, .prng = prng_seeded(seed) };
}

void outbox_close(Outbox *o) {
        o->store = store_free(o->store);
        free(o->text);
        o->text = NULL;
}

int outbox_put(Outbox *o, const char *text, size_t n) {
        char *copy = malloc(n + 1);

        if (!copy)
                return -ENOMEM;
        memcpy(copy, text, n);
        copy[n] = '\0';
        o->waited += o->text != NULL;
        free(o->text);
        o->text = copy;
        o->n = n;
        return 0;
}

/* Half of the pause is certain, half is chance: agents that lost Redis at once do not come back at once. */
static void pause_grow(Outbox *o, usec_t now) {
        usec_t half;

        o->pause = o->pause == 0 ? PAUSE_FIRST : o->pause * 2;
        if (o->pause > PAUSE_MOST)
                o->pause = PAUSE_MOST;
        half = o->pause / 2;
        o->retry_at = now + half + (usec_t) prng_below(&o->prng, (uint32_t) half + 1);
}

static void say_away(Outbox *o, int error, const char *words) {
        char quoted[512];

        if (o->away)
                return;
        log_event(LOG_WARNING, "redis.away", "error=%s why=%s", strerrorname_np(-error),
                  log_quote(words, quoted, sizeof(quoted)));
        o->away = true;
}

static void say_back(Outbox *o) {
        if (o->away)
                log_event(LOG_INFO, "redis.back", "url=%s reports_replaced=%llu", store_url(o->store),
                          (unsigned long long) o->waited);
        o->away = false;
        o->waited = 0;
}

int outbox_send(Outbox *o, const char *host, usec_t now, TextFault *reterr_fault) {
        TextFault fault = { 0 };
        int r = 0;

        if (!o->text)
                return 0;
        if (o->pause > 0 && now < o->retry_at)
                return 1;
        if (!o->store)
                r = store_open(&o->options, &o->store, &fault);
        if (r == -EINVAL) {
                *reterr_fault = fault;
                return r;
        }
        if (r == 0)
                r = store_put_report(o->store, host, o->text, o->n, o->expiry);
        if (r < 0) {
                say_away(o, r, o->store ? store_error(o->store) : fault.what);
                pause_grow(o, now);
                return 1;
        }
        say_back(o);
        free(o->text);
        o->text = NULL;
        o->pause = 0;
        return 0;
}
