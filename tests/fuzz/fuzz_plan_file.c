/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a plan file: accepted, or refused in words; what is accepted has whole moves. */
#include <stdint.h>
#include <stdlib.h>

#include "scheduler/snapshot/files/plan_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Arena arena;
        const PlanFile *p = NULL;
        TextFault fault = { 0 };
        ArenaMark mark;
        int r;

        if (!arena.limit && arena_open((size_t) 64 << 20, &arena) < 0)
                abort();
        mark = arena_mark(&arena);
        r = plan_file_parse(&arena, (const char *) data, n, &p, &fault);
        if ((r < 0) != (p == NULL) || (r < 0 && !fault.what[0]))
                abort();
        for (uint32_t i = 0; p && i < p->n_moves; i++)
                if (!p->moves[i].vm || !p->moves[i].from || !p->moves[i].to || !p->moves[i].why ||
                    p->moves[i].wave >= p->n_waves)
                        abort();
        arena_rewind(&arena, mark);
        return 0;
}
