/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/arena_pair.h"

#include <errno.h>

void arena_pair_close(ArenaPair *pair) {
        for (size_t i = 0; i < ARRAY_SIZE(pair->arenas); i++)
                arena_close(&pair->arenas[i]);
        *pair = (ArenaPair){ 0 };
}

int arena_pair_next(ArenaPair *pair, size_t limit, Arena **ret) {
        Arena *next = &pair->arenas[!pair->current];

        if (!next->base && arena_open(limit, next) < 0)
                return -ENOMEM;
        arena_rewind(next, 0);
        *ret = next;
        return 0;
}

void arena_pair_keep(ArenaPair *pair) {
        pair->current = !pair->current;
}
