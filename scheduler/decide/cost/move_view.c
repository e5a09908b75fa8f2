/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/move_view.h"

int64_t view_load(const MoveView *view, HostIx h, uint32_t r, bool after) {
        const int64_t need = problem_need(view->p, view->m->vm)[r];

        return assignment_load(view->e->x, h)[r] +
               (after ? need * ((h == view->m->to) - (h == view->m->from)) : 0);
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

Fact fact_room(const MoveView *view, HostIx h, uint32_t r) {
        const int64_t capacity = problem_capacity(view->p, h)[r];
        const FactUnit unit = view->words[r].unit;
        int64_t room = view_line(view, h, r) - view_load(view, h, r, false);

        if (unit == UNIT_CORES && capacity > 0)
                room = view_ratio(room, view->s->hosts[h].cpus * 10, capacity);
        return (Fact){ .kind = FACT_ROOM,
                       .host = h,
                       .r = r,
                       .value = room,
                       .unit = unit == UNIT_CORES && capacity <= 0 ? UNIT_PLAIN : unit };
}

Fact fact_level(Level level) {
        return (Fact){ .kind = FACT_LEVEL, .r = level, .text = level_names[level] };
}

Fact claim_gain(const MoveView *view) {
        return (Fact){ .kind = CLAIM_GAIN, .r = view->tier, .value = view->gain.tier[view->tier] };
}

void clause_target(const MoveView *view, uint32_t r, bool named, SentenceDraft *d) {
        static const char *const forms[] = { "{} has {} free below its load line",
                                             "{} has {} of memory free below its load line",
                                             "{} has {} free below its own",
                                             "{} has {} of memory free below its own" };
        const HostIx to = view->m->to;

        if (view_line(view, to, r) <= view_load(view, to, r, false))
                SENTENCE_CLAUSE(d, "{}'s is at {}", fact_host(view, to), fact_share(view, to, r, false));
        else
                SENTENCE_CLAUSE(d, forms[2 * named + (r == RES_MEMORY)], fact_host(view, to),
                                fact_room(view, to, r), { .kind = CLAIM_UNDER_LINE, .host = to, .r = r });
}

void clause_room(const MoveView *view, SentenceDraft *d) {
        const HostIx to = view->m->to;

        for (uint32_t r = 0; r < view->p->n_res; r++)
                if (view_load(view, to, r, false) > view_line(view, to, r)) {
                        SENTENCE_CLAUSE(d, "{} can take it, though its {} is at {}, above its load line",
                                        fact_host(view, to), fact_resource(view, r),
                                        fact_share(view, to, r, false),
                                        { .kind = CLAIM_OVER_LINE, .host = to, .r = r });
                        return;
                }
        if (view->p->n_res <= RES_MEMORY)
                SENTENCE_CLAUSE(d, "{} has {} free below its load line", fact_host(view, to),
                                fact_room(view, to, RES_CPU), { .kind = CLAIM_IN_LINE, .host = to });
        else
                SENTENCE_CLAUSE(d, "{} has {} and {} of memory free below its load line", fact_host(view, to),
                                fact_room(view, to, RES_CPU), fact_room(view, to, RES_MEMORY),
                                { .kind = CLAIM_IN_LINE, .host = to });
}
