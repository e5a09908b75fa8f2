/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as zpool's answer, in both forms: refused, or pools that add up. */
#include "collectors/parse/zpool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void facts_check(const ZfsFacts *f) {
        for (uint32_t i = 0; i < f->n_pools; i++) {
                const ZfsPool *p = &f->pools[i];

                assert(p->name && p->level && p->state && p->action);
                assert(p->working >= 0 && p->working <= p->wanted && p->spares >= 0);
                assert(p->redundancy >= UNKNOWN && p->redundancy < p->wanted + 4);
                assert(p->progress_permille >= UNKNOWN && p->progress_permille <= 1000);
        }
        for (uint32_t i = 0; i < f->n_leaves; i++)
                assert(f->leaves[i].path && f->leaves[i].pool < f->n_pools &&
                       f->leaves[i].state < ZFS_LEAF_N && f->leaves[i].read >= UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));
        ZfsFacts f;

        if (zpool_text_parse(&a, (const char *) data, n, &f) == 0)
                facts_check(&f);
        if (zpool_json_parse(&a, (const char *) data, n, &f) == 0)
                facts_check(&f);
        return 0;
}
