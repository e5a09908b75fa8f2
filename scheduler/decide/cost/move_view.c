/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/cost/move_view.h"

int64_t view_load(const MoveView *v, HostIx h, uint32_t r, bool after) {
        const int64_t need = problem_need(v->p, v->m->vm)[r];

        return assignment_load(v->e->x, h)[r] + (after ? need * ((h == v->m->to) - (h == v->m->from)) : 0);
}

static int64_t view_line(const MoveView *v, HostIx h, uint32_t r) {
        return v->p->limit[(size_t) h * v->p->n_res + r];
}

Fact fact_vm(const MoveView *v, VmIx vm) {
        return (Fact){ .kind = FACT_VM, .vm = vm, .text = v->s->vms[vm].name };
}

Fact fact_host(const MoveView *v, HostIx h) {
        return (Fact){ .kind = FACT_HOST, .host = h, .text = v->s->hosts[h].name };
}

Fact fact_resource(const MoveView *v, uint32_t r) {
        return (Fact){ .kind = FACT_RESOURCE, .r = r, .text = v->words[r].title };
}

Fact fact_share(const MoveView *v, HostIx h, uint32_t r, bool after) {
        return (Fact){ .kind = FACT_SHARE,
                       .host = h,
                       .r = r,
                       .after = after,
                       .value = share_ppm(view_load(v, h, r, after), problem_capacity(v->p, h)[r]) };
}

Fact fact_line(const MoveView *v, HostIx h, uint32_t r) {
        return (Fact){ .kind = FACT_LINE,
                       .host = h,
                       .r = r,
                       .value = share_ppm(view_line(v, h, r), problem_capacity(v->p, h)[r]) };
}

/* a × b ÷ c without overflow; c > 0. */
static int64_t view_ratio(int64_t a, int64_t b, int64_t c) {
        int64_t product;

        return __builtin_mul_overflow(a, b, &product) ? a / c * b : product / c;
}

Fact fact_room(const MoveView *v, HostIx h, uint32_t r) {
        const int64_t capacity = problem_capacity(v->p, h)[r];
        const FactUnit unit = v->words[r].unit;
        int64_t room = view_line(v, h, r) - view_load(v, h, r, false);

        if (unit == UNIT_CORES && capacity > 0)
                room = view_ratio(room, v->s->hosts[h].cpus * 10, capacity);
        return (Fact){ .kind = FACT_ROOM,
                       .host = h,
                       .r = r,
                       .value = room,
                       .unit = unit == UNIT_CORES && capacity <= 0 ? UNIT_PLAIN : unit };
}

Fact fact_level(Level level) {
        return (Fact){ .kind = FACT_LEVEL, .r = level, .text = level_names[level] };
}

Fact claim_gain(const MoveView *v) {
        return (Fact){ .kind = CLAIM_GAIN, .r = v->tier, .value = v->gain.tier[v->tier] };
}

void clause_target(const MoveView *v, uint32_t r, bool named, SentenceDraft *d) {
        static const char *const forms[] = { "{} has {} free below its load line",
                                             "{} has {} of memory free below its load line",
                                             "{} has {} free below its own",
                                             "{} has {} of memory free below its own" };
        const HostIx to = v->m->to;

        if (view_line(v, to, r) <= view_load(v, to, r, false))
                SENTENCE_CLAUSE(d, "{}'s is at {}", fact_host(v, to), fact_share(v, to, r, false));
        else
                SENTENCE_CLAUSE(d, forms[2 * named + (r == RES_MEMORY)], fact_host(v, to),
                                fact_room(v, to, r), { .kind = CLAIM_UNDER_LINE, .host = to, .r = r });
}

void clause_room(const MoveView *v, SentenceDraft *d) {
        const HostIx to = v->m->to;

        for (uint32_t r = 0; r < v->p->n_res; r++)
                if (view_load(v, to, r, false) > view_line(v, to, r)) {
                        SENTENCE_CLAUSE(d, "{} can take it, though its {} is at {}, above its load line",
                                        fact_host(v, to), fact_resource(v, r), fact_share(v, to, r, false),
                                        { .kind = CLAIM_OVER_LINE, .host = to, .r = r });
                        return;
                }
        if (v->p->n_res <= RES_MEMORY)
                SENTENCE_CLAUSE(d, "{} has {} free below its load line", fact_host(v, to),
                                fact_room(v, to, RES_CPU), { .kind = CLAIM_IN_LINE, .host = to });
        else
                SENTENCE_CLAUSE(d, "{} has {} and {} of memory free below its load line", fact_host(v, to),
                                fact_room(v, to, RES_CPU), fact_room(v, to, RES_MEMORY),
                                { .kind = CLAIM_IN_LINE, .host = to });
}
