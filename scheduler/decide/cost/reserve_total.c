/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve's cost from its definition: every case, every VM by size, every host in its turn. */
#include "scheduler/decide/cost/reserve_cover.h"

typedef struct LostCase {
        const Problem *p;
        const Assignment *x; /* spare: what the case has placed so far */
        uint32_t domains[RESERVE_LOSSES_MAX];
        HostIx start; /* the host after the lowest lost one */
        int64_t uncovered, shortfall;
} LostCase;

static bool reserve_total_is_lost(const LostCase *c, HostIx h) {
        const ReserveGoal *goal = c->p->reserve;

        for (uint32_t i = 0; i < goal->losses; i++)
                if (problem_domain(c->p, goal->level, h) == c->domains[i])
                        return true;
        return false;
}

static bool may_take(const LostCase *c, VmIx v, HostIx h) {
        return reserve_is_refuge(c->p, h) && !reserve_total_is_lost(c, h) &&
               problem_class_denies(c->p, v, h) == REASON_NONE;
}

static void reserve_total_room_of(const LostCase *c, HostIx h, int64_t *ret) {
        for (uint32_t r = 0; r < c->p->n_res; r++) {
                const size_t i = (size_t) h * c->p->n_res + r;

                ret[r] = c->p->capacity[i] - c->x->load[i] - c->x->spare[i];
        }
}

/* The first host with room, or the one it fills most; IX_NONE: none has. */
static HostIx reserve_total_find_place(const LostCase *c, VmIx v, bool fullest, int64_t *ret_shortfall) {
        const int64_t *need = problem_need(c->p, v);
        int64_t room[PROBLEM_RES_MAX], least = 0;
        HostIx best = IX_NONE;

        *ret_shortfall = RESERVE_FAR;
        for (uint32_t i = 0; i < c->p->n_hosts; i++) {
                const HostIx h = (c->start + i) % c->p->n_hosts;
                int64_t far, left;

                if (!may_take(c, v, h))
                        continue;
                reserve_total_room_of(c, h, room);
                far = reserve_shortfall(need, room, c->p->n_res);
                *ret_shortfall = far < *ret_shortfall ? far : *ret_shortfall;
                if (far > 0)
                        continue;
                if (!fullest)
                        return h;
                left = reserve_left(need, room, c->p->reserve->mean, c->p->n_res);
                if (best == IX_NONE || left < least) {
                        least = left;
                        best = h;
                }
        }
        return best;
}

static void reserve_total_place_all(LostCase *c, bool fullest) {
        const Problem *p = c->p;

        c->uncovered = c->shortfall = 0;
        for (uint32_t i = 0; i < p->n_vms; i++) {
                const VmIx v = p->reserve->by_size[i];
                const HostIx from = c->x->host_of[v];
                int64_t shortfall;
                HostIx to;

                if (from == IX_NONE || !p->reserve->counts[v] || !reserve_may_be_lost(p, from) ||
                    !reserve_total_is_lost(c, from))
                        continue;
                to = reserve_total_find_place(c, v, fullest, &shortfall);
                if (to == IX_NONE) {
                        c->uncovered++;
                        c->shortfall += shortfall;
                }
                for (uint32_t r = 0; r < p->n_res && to != IX_NONE; r++)
                        c->x->spare[(size_t) to * p->n_res + r] += problem_need(p, v)[r];
        }
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                c->x->spare[i] = 0;
}

static void add_case(LostCase *c, ReserveMeasure *m, Cost *cost) {
        int64_t uncovered, shortfall;
        HostIx lowest = 0;

        while (!reserve_total_is_lost(c, lowest))
                lowest++;
        c->start = (lowest + 1) % c->p->n_hosts;
        reserve_total_place_all(c, false);
        uncovered = c->uncovered;
        shortfall = c->shortfall;
        if (uncovered > 0) {
                reserve_total_place_all(c, true);
                if (c->uncovered < uncovered || (c->uncovered == uncovered && c->shortfall < shortfall)) {
                        uncovered = c->uncovered;
                        shortfall = c->shortfall;
                }
        }
        m->uncovered += uncovered;
        *cost += uncovered * RESERVE_UNCOVERED + shortfall * RESERVE_SHORTFALL;
}

/* Of the share, in one domain and one resource. */
static int64_t lacking_in(const Assignment *x, uint32_t domain, uint32_t r) {
        const Problem *p = x->problem;
        const ReserveGoal *goal = p->reserve;
        int64_t free = 0, all = 0, wanted;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                const int64_t capacity = problem_capacity(p, h)[r],
                              room = capacity - assignment_load(x, h)[r];

                if (!reserve_is_refuge(p, h) ||
                    (goal->share_level < LEVEL_N && problem_domain(p, goal->share_level, h) != domain))
                        continue;
                free += room > 0 ? room : 0;
                all += capacity;
        }
        wanted = all / 1000 * goal->share_permille + all % 1000 * goal->share_permille / 1000;
        if (free >= wanted)
                return 0;
        return ((wanted - free) * 1024 + goal->mean[r] - 1) / goal->mean[r];
}

Cost reserve_total(const Problem *p, const Assignment *x, ReserveMeasure *ret) {
        const ReserveGoal *goal = p->reserve;
        LostCase c = { .p = p, .x = x };
        uint32_t set[RESERVE_LOSSES_MAX] = { 0, 1, 2, 3 };
        ReserveMeasure m = { 0 };
        Cost cost = 0;
        bool more = goal->losses > 0 && goal->n_domains >= goal->losses;

        for (; more; more = combination_next(set, goal->losses, goal->n_domains)) {
                for (uint32_t i = 0; i < goal->losses; i++)
                        c.domains[i] = goal->domains[set[i]];
                add_case(&c, &m, &cost);
        }
        for (uint32_t d = 0; d < (goal->share_level < LEVEL_N ? p->n_domains[goal->share_level] : 1); d++)
                for (uint32_t r = 0; goal->share_permille > 0 && r < p->n_res && r <= RES_MEMORY; r++)
                        m.lacking += lacking_in(x, d, r);
        if (ret)
                *ret = m;
        return cost + m.lacking * RESERVE_LACKING;
}
