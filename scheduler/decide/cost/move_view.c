/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/move_view.h"

int64_t view_load(const MoveView *view, HostIx h, uint32_t r, bool after) {
        const int64_t need = problem_need(view->p, view->m->vm)[r];

        return assignment_load(view->e->x, h)[r] +
               (after ? need * ((h == view->m->to) - (h == view->m->from)) : 0);
}

int64_t view_end_load(const MoveView *view, HostIx h, uint32_t r) {
        return view->ends ? assignment_load(view->ends, h)[r] : view_load(view, h, r, true);
}

bool view_relief_lasts(const MoveView *view, uint32_t r) {
        const HostIx from = view->m->from;

        return view->passing || view_end_load(view, from, r) < view_load(view, from, r, false);
}

static int64_t view_line(const MoveView *view, HostIx h, uint32_t r) {
        return view->p->limit[(size_t) h * view->p->n_res + r];
}

Fact fact_vm(const MoveView *view, VmIx vm) {
        return (Fact){ .kind = FACT_VM, .vm = vm, .text = view->s->vms[vm].name };
}

Fact fact_host(const MoveView *view, HostIx h) {
        return (Fact){ .kind = FACT_HOST, .host = h, .text = view->s->hosts[h].name };
}

Fact fact_resource(const MoveView *view, uint32_t r) {
        return (Fact){ .kind = FACT_RESOURCE, .r = r, .text = view->words[r].title };
}

Fact fact_share(const MoveView *view, HostIx h, uint32_t r, bool after) {
        return (Fact){ .kind = FACT_SHARE,
                       .host = h,
                       .r = r,
                       .after = after,
                       .value = share_ppm(view_load(view, h, r, after), problem_capacity(view->p, h)[r]) };
}

Fact fact_line(const MoveView *view, HostIx h, uint32_t r) {
        return (Fact){ .kind = FACT_LINE,
                       .host = h,
                       .r = r,
                       .value = share_ppm(view_line(view, h, r), problem_capacity(view->p, h)[r]) };
}

/* a × b ÷ c without overflow; c > 0. */
static int64_t view_ratio(int64_t left, int64_t right, int64_t c) {
        int64_t product;

        return __builtin_mul_overflow(left, right, &product) ? left / c * right : product / c;
}

Fact fact_share_end(const MoveView *view, HostIx h, uint32_t r) {
        return (Fact){ .kind = FACT_SHARE,
                       .host = h,
                       .r = r,
                       .end = true,
                       .value = share_ppm(view_end_load(view, h, r), problem_capacity(view->p, h)[r]) };
}

Fact fact_room_end(const MoveView *view, HostIx h, uint32_t r) {
        const int64_t capacity = problem_capacity(view->p, h)[r];
        const FactUnit unit = view->words[r].unit;
        int64_t room = view_line(view, h, r) - view_end_load(view, h, r);

        if (unit == UNIT_CORES && capacity > 0)
                room = view_ratio(room, view->s->hosts[h].cpus * 10, capacity);
        return (Fact){ .kind = FACT_ROOM,
                       .host = h,
                       .r = r,
                       .end = true,
                       .value = room,
                       .unit = unit == UNIT_CORES && capacity <= 0 ? UNIT_PLAIN : unit };
}

Fact fact_level(Level level) {
        return (Fact){ .kind = FACT_LEVEL, .r = level, .text = level_names[level] };
}

Fact claim_gain(const MoveView *view) {
        return (Fact){ .kind = CLAIM_GAIN, .r = view->tier, .value = view->gain.tier[view->tier] };
}

Fact claim_most(uint32_t part, Cost gain) {
        return (Fact){ .kind = CLAIM_MOST, .r = part, .value = gain };
}

bool view_looks_same(const MoveView *view, HostIx h, uint32_t r) {
        return fact_share(view, h, r, false).value == fact_share(view, h, r, true).value;
}

void clause_target(const MoveView *view, uint32_t r, SentenceDraft *d) {
        const HostIx to = view->m->to;
        const int64_t ends = view_end_load(view, to, r), line = view_line(view, to, r);

        if (ends > line)
                SENTENCE_CLAUSE(d, "{} ends at {}, above its load line", fact_host(view, to),
                                fact_share_end(view, to, r),
                                { .kind = CLAIM_OVER_LINE, .host = to, .r = r, .end = true });
        else if (ends == line)
                SENTENCE_CLAUSE(d, "{} ends at {}, its load line", fact_host(view, to),
                                fact_share_end(view, to, r));
        else
                SENTENCE_CLAUSE(d,
                                r == RES_MEMORY ? "{} keeps {} of memory free below its load line"
                                                : "{} keeps {} free below its load line",
                                fact_host(view, to), fact_room_end(view, to, r),
                                { .kind = CLAIM_UNDER_LINE, .host = to, .r = r, .end = true });
}

void clause_room(const MoveView *view, SentenceDraft *d) {
        const HostIx to = view->m->to;

        for (uint32_t r = 0; r < view->p->n_res; r++)
                if (view_end_load(view, to, r) > view_line(view, to, r)) {
                        SENTENCE_CLAUSE(
                                d,
                                problem_need(view->p, view->m->vm)[r] > 0
                                        ? "{} has room, but its {} ends at {}, above its load line"
                                        : "{} has room, although its {} ends at {}, above its load line",
                                fact_host(view, to), fact_resource(view, r), fact_share_end(view, to, r),
                                { .kind = CLAIM_OVER_LINE, .host = to, .r = r, .end = true });
                        return;
                }
        if (view->p->n_res <= RES_MEMORY)
                SENTENCE_CLAUSE(d, "{} keeps {} free below its load line", fact_host(view, to),
                                fact_room_end(view, to, RES_CPU),
                                { .kind = CLAIM_IN_LINE, .host = to, .end = true });
        else
                SENTENCE_CLAUSE(d, "{} keeps {} and {} of memory free below its load line",
                                fact_host(view, to), fact_room_end(view, to, RES_CPU),
                                fact_room_end(view, to, RES_MEMORY),
                                { .kind = CLAIM_IN_LINE, .host = to, .end = true });
}
