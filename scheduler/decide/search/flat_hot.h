/* SPDX-License-Identifier: Apache-2.0 */
/* What a row costs when VMs come and go, inlined into the searches on flat columns: flat.h says what a row
 * is. Constant widths and no branches, so that the compiler uses the widest registers there are.
 *
 * Units: Cost: no unit. Owner: nothing is kept. Errors: none. Threads: as the Flat's: one.
 */
#pragma once

#include "scheduler/decide/cost/evaluator_hot.h"
#include "scheduler/decide/search/flat.h"

inlined int64_t above_zero(int64_t value) {
        return value > 0 ? value : 0;
}

/* Σ max(0, over + sign × step). */
inlined Cost row_cost(const int64_t *over, const int64_t *step, int64_t sign, uint32_t width) {
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += above_zero(over[k] + sign * step[k]);
        return sum;
}

inlined Cost row_cost_swap(const int64_t *over, const int64_t *in, const int64_t *out, uint32_t width) {
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += above_zero(over[k] + in[k] - out[k]);
        return sum;
}

/* A transient resource is still held for a VM that comes home, and goes on being held when it leaves: then
 * its columns are masked. */
inlined const int64_t *row_mask(const Flat *f, HostIx h, VmIx v) {
        return f->e->problem->home[v] == h ? f->at_home : f->elsewhere;
}

inlined bool row_fits(const Flat *f, HostIx h, VmIx in, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *keep = row_mask(f, h, in);
        int64_t low = 0;

        for (uint32_t k = 0; k < width; k++)
                low |= room[k] - (need[k] & keep[k]);
        return low >= 0;
}

inlined bool row_fits_swap(const Flat *f, HostIx h, VmIx in, VmIx out, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *gone = flat_need(f, out);
        const int64_t *keep = row_mask(f, h, in), *keep_out = row_mask(f, h, out);
        int64_t low = 0;

        for (uint32_t k = 0; k < width; k++)
                low |= room[k] + (gone[k] & keep_out[k]) - (need[k] & keep[k]);
        return low >= 0;
}

/* How far h would be over its room. */
inlined Cost row_excess(const Flat *f, HostIx h, VmIx in, int64_t sign, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *keep = row_mask(f, h, in);
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += above_zero(sign * (need[k] & keep[k]) - room[k]);
        return sum;
}

inlined Cost row_excess_swap(const Flat *f, HostIx h, VmIx in, VmIx out, uint32_t width) {
        const int64_t *room = flat_room(f, h), *need = flat_need(f, in), *gone = flat_need(f, out);
        const int64_t *keep = row_mask(f, h, in), *keep_out = row_mask(f, h, out);
        Cost sum = 0;

        for (uint32_t k = 0; k < width; k++)
                sum += above_zero((need[k] & keep[k]) - (gone[k] & keep_out[k]) - room[k]);
        return sum;
}
