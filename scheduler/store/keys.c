/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/keys.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/base/text.h"

const StoreKeyDef store_key_defs[KEY_N] = {
#define KEY(id, name, part, type, expiry, writes, reads, loss, holds)                                        \
        [KEY_##id] = { name, part, type, expiry, holds, ROLE_##writes, ROLE_##reads, LOSS_##loss },
        STORE_KEYS(KEY)
#undef KEY
};

const char *store_loss_text(enum StoreLoss loss) {
        switch (loss) {
        case LOSS_REWRITTEN:
                return "written again";
        case LOSS_MADE_ANEW:
                return "created again";
        case LOSS_LOST:
                return "gone";
        default:
                return "unknown";
        }
}

const char *key_print(char buf[KEY_SIZE], const char *cluster, StoreKey key, const char *part) {
        const StoreKeyDef *def = &store_key_defs[key];
        int n;

        assert(!part == !def->part[0]);
        n = snprintf(buf, KEY_SIZE, "plimsoll:{%s}:%s%s%s", cluster, def->name, part ? ":" : "",
                     part ? part : "");
        assert(n > 0 && n < KEY_SIZE);
        (void) n;
        return buf;
}

bool key_is_cluster(const char *name) {
        return text_is_name(name, strnlen(name, 256)) && !strpbrk(name, "{}");
}
