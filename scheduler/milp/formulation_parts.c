/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of a formulation share: columns, and what a host may hold. */
#include "scheduler/milp/formulation_parts.h"

/* What host may hold of r: its capacity, or what it held with every VM at home. */
int64_t formulation_host_room(const Formulation *f, uint32_t host, uint32_t r) {
        const int64_t capacity = problem_fill(f->problem, f->hosts[host])[r];
        const int64_t home = f->home_load[host * f->problem->n_res + r];

        return capacity > home ? capacity : home;
}

void formulation_load_range(const Formulation *f, uint32_t host, uint32_t r, int64_t *ret_least,
                            int64_t *ret_most) {
        int64_t least = f->fixed[host * f->problem->n_res + r], most = least;

        for (uint32_t i = f->places_of.from[host]; i < f->places_of.from[host + 1]; i++)
                most += place_need(f, f->places_of.at[i])[r] * f->program->upper[f->places_of.at[i]];
        if (f->task->terms->capacity && most > formulation_host_room(f, host, r))
                most = formulation_host_room(f, host, r);
        *ret_least = least;
        *ret_most = most > least ? most : least;
}

int64_t formulation_column(Formulation *f, Tier tier, int64_t weight, int64_t lower, int64_t upper) {
        const int64_t col = program_column(f->program, lower, upper, false);

        if (col < 0)
                return col;
        assert((uint32_t) col < f->costs_room);
        f->cost[col].tier[tier] = weight;
        return col;
}
