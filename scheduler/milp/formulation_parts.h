/* SPDX-License-Identifier: Apache-2.0 */
/* Inside scheduler/milp: the parts of formulation_build(), and what they share.
 *
 * Units: the problem's own; Cost in the rows. Owner: the Formulation's arena. Errors: -ENOMEM, -EOVERFLOW.
 * Threads: one for each Formulation.
 */
#pragma once

#include "scheduler/milp/formulation.h"

int formulate_curves(Formulation *f) must_check; /* square terms */
int formulate_rules(Formulation *f) must_check;  /* rule terms */

/* A cost column of one tier, `weight` a unit. Its number, or a negative errno. */
int64_t formulation_column(Formulation *f, Tier tier, int64_t weight, int64_t lower,
                           int64_t upper) must_check;

/* What host may hold of r: its capacity, or what it held with every VM at home. */
int64_t formulation_host_room(const Formulation *f, uint32_t host, uint32_t r);

/* The range of host's load of r over all points. */
void formulation_load_range(const Formulation *f, uint32_t host, uint32_t r, int64_t *ret_least,
                            int64_t *ret_most);

static inline const int64_t *place_need(const Formulation *f, uint32_t place) {
        return problem_need(f->problem, f->free[f->kinds[f->places[place].kind].first]);
}

/* a·b within what rows may hold, or -EOVERFLOW. */
static inline int row_product(int64_t left, int64_t right, int64_t *ret) {
        return __builtin_mul_overflow(left, right, ret) || *ret > INT64_MAX / 4 || *ret < INT64_MIN / 4 ? -75
                                                                                                        : 0;
}
