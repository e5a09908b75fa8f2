/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/store_unread.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/store/store_object.h"

static bool store_unread_has(const Drops *all, const char *words) {
        for (uint32_t i = 0; i < drops_named(all); i++)
                if (strcmp(all->words[i], words) == 0)
                        return true;
        return false;
}

void store_unread_add(Store *s, StoreKey key, const char *name, const char *then) {
        char where[64], why[DROPS_WORDS];
        Drops one = { 0 };

        (void) snprintf(where, sizeof(where), "the store's %s", store_key_defs[key].name);
        (void) snprintf(why, sizeof(why), "cannot be read; %s", then);
        drops_add(&one, where, name ? name : "", name ? strlen(name) : 0, why);
        if (store_unread_has(&s->unread, one.words[0]))
                return;
        if (s->unread.n < DROPS_NAMED)
                memcpy(s->unread.words[s->unread.n], one.words[0], DROPS_WORDS);
        s->unread.n++;
}

const Drops *store_unread(const Store *s) {
        return &s->unread;
}

void store_unread_begin(Store *s) {
        s->unread = (Drops){ 0 };
}
