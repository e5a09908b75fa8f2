/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/problem.h"

#include <errno.h>
#include <string.h>

const char *const tier_names[TIER_N] = { "repair", "evacuate", "load", "balance" };

int assignment_build(Arena *a, const Problem *p, Assignment **ret) {
        Assignment *x = arena_new(a, Assignment, 1);

        if (!x)
                return -ENOMEM;
        x->problem = p;
        x->host_of = arena_new(a, HostIx, p->n_vms);
        x->load = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
        if (p->reserve)
                x->spare = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
        if (!x->host_of || !x->load || (p->reserve && !x->spare))
                return -ENOMEM;
        if (p->base)
                memcpy(x->load, p->base, sizeof(int64_t) * p->n_hosts * p->n_res);
        for (VmIx v = 0; v < p->n_vms; v++) {
                const int64_t *need = problem_need(p, v);
                int64_t *load;

                x->host_of[v] = p->home[v];
                if (p->home[v] == IX_NONE)
                        continue;
                load = x->load + (size_t) p->home[v] * p->n_res;
                for (uint32_t r = 0; r < p->n_res; r++)
                        load[r] += need[r];
        }
        *ret = x;
        return 0;
}

void assignment_move(Assignment *x, Move m) {
        const Problem *p = x->problem;
        const int64_t *need = problem_need(p, m.vm);

        assert(x->host_of[m.vm] == m.from);
        x->host_of[m.vm] = m.to;
        for (uint32_t r = 0; m.from != IX_NONE && r < p->n_res; r++)
                x->load[(size_t) m.from * p->n_res + r] -= need[r];
        for (uint32_t r = 0; m.to != IX_NONE && r < p->n_res; r++)
                x->load[(size_t) m.to * p->n_res + r] += need[r];
}

int64_t problem_mean_capacity(const Problem *p, uint32_t r) {
        int64_t sum = 0;

        for (HostIx h = 0; h < p->n_hosts; h++)
                sum += problem_capacity(p, h)[r];
        sum = p->n_hosts ? sum / p->n_hosts : 0;
        return sum > 0 ? sum : 1;
}

#define PERMILLE_MAX 1000000

int64_t load_permille(int64_t load, int64_t capacity) {
        int64_t scaled;

        if (capacity <= 0)
                return load > 0 ? PERMILLE_MAX : 0;
        if (__builtin_mul_overflow(load, 1000, &scaled) || scaled / capacity > PERMILLE_MAX)
                return PERMILLE_MAX;
        return (scaled + capacity / 2) / capacity;
}
