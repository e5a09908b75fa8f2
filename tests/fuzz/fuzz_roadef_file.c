/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a model, and after a NUL an assignment: accepted or refused with token and words; what is
 * accepted keeps its costs exact through a short search. */
#include <stdlib.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/decide/search/search.h"
#include "scheduler/snapshot/import/roadef_file.h"

#define HOSTS_TRIED 64
#define VMS_TRIED   256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void search(Arena *a, const Problem *p) {
        const SearchBudget budget = {
                .evaluations = 20000, .max_moves = UINT32_MAX, .max_mib = INT64_MAX, .tasks = 1
        };
        SearchResult r;

        if (search_run(a, &(SearchInput){ p, policies_all(), NULL, budget, 1, &workers_none }, &r) < 0)
                return; /* the arena is small */
        if (costs_compare(&r.after, &r.before) > 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        const char *text = (const char *) data, *second = n ? memchr(text, 0, n) : NULL;
        const size_t first = second ? (size_t) (second - text) : n;
        TextFault fault;
        Problem *p;
        Arena a;
        int r;

        if (arena_open(16 << 20, &a) < 0)
                abort();
        r = roadef_model_parse(&a, text, first, &p, &fault);
        if (r == 0 && second)
                r = roadef_assignment_parse(&a, p, second + 1, n - first - 1, &p->home, &fault);
        if (r < 0 && !fault.what[0] && r != -12)
                abort();
        if (r == 0 && p->n_hosts <= HOSTS_TRIED && p->n_vms > 0 && p->n_vms <= VMS_TRIED)
                search(&a, p);
        arena_close(&a);
        return 0;
}
