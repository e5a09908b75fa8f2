/* SPDX-License-Identifier: Apache-2.0 */
/* Which cases moves change, and which they may help: without judging any. */
#include "scheduler/decide/cost/reserve_parts.h"

static bool reserve_change_loses(const Reserve *k, uint32_t c, HostIx h) {
        const uint32_t domain = problem_domain(k->p, k->goal->level, h);

        for (uint32_t i = 0; i < k->goal->losses; i++)
                if (k->domains[(size_t) c * k->goal->losses + i] == domain)
                        return true;
        return false;
}

static uint32_t reserve_change_touch(const Reserve *k, Touched *t, uint32_t n, HostIx h) {
        for (uint32_t i = 0; i < n; i++)
                if (t[i].host == h)
                        return n;
        if (h == IX_NONE)
                return n;
        t[n] = (Touched){ .host = h };
        memcpy(t[n].was, k->room + (size_t) h * k->p->n_res, sizeof(int64_t) * k->p->n_res);
        return n + 1;
}

/* Makes the moves; the hosts they change. */
uint32_t reserve_moves_make(Reserve *k, const Move *moves, uint32_t n, Touched *t) {
        uint32_t n_touched = 0;

        assert(n <= TOUCHED_MAX / 2);
        for (uint32_t i = 0; i < n; i++) {
                n_touched = reserve_change_touch(k, t, n_touched, moves[i].from);
                n_touched = reserve_change_touch(k, t, n_touched, moves[i].to);
        }
        for (uint32_t i = 0; i < n; i++)
                reserve_vm_move(k, moves[i]);
        for (uint32_t i = 0; i < n_touched; i++) {
                const int64_t *now = k->room + (size_t) t[i].host * k->p->n_res;

                for (uint32_t r = 0; r < k->p->n_res; r++)
                        t[i].less |= now[r] < t[i].was[r];
                t[i].left = k->left[t[i].host];
        }
        return n_touched;
}

void reserve_moves_undo(Reserve *k, const Move *moves, uint32_t n) {
        for (uint32_t i = n; i-- > 0;)
                reserve_vm_move(k, (Move){ moves[i].vm, moves[i].to, moves[i].from });
}

static bool is_among(const Touched *t, uint32_t n, HostIx h) {
        for (uint32_t i = 0; i < n; i++)
                if (t[i].host == h)
                        return true;
        return h == IX_NONE;
}

/* A VM that has no place: is it nearer to one, or further from it? */
static bool lack_changes(const Lack *lack, const Change *change, const Touched *t, int64_t was, int64_t now) {
        const bool nearest = lack->nearest[0] == t->host || lack->nearest[1] == t->host;

        if (lack->far == 0)
                return false;
        if (now < lack->far || (change->kept && nearest && now != was))
                return true;
        return nearest && now > was && is_among(change->t, change->n, lack->nearest[0]) &&
               is_among(change->t, change->n, lack->nearest[1]);
}

/* Whether it matters to v, of the case, what became of a host on which it was not placed. */
static bool vm_changes(const Reserve *k, const Case *c, VmIx v, const Change *change, const Touched *t) {
        const int64_t *need = problem_need(k->p, v);
        const int64_t now = reserve_shortfall(need, k->room + (size_t) t->host * k->p->n_res, k->p->n_res);
        const int64_t was = reserve_shortfall(need, t->was, k->p->n_res);

        if (!reserve_is_refuge(k->p, t->host) || (now == was && (now > 0 || !c->both || !t->less)))
                return false;
        if (problem_class_denies(k->p, v, t->host) != REASON_NONE)
                return false;
        if (now == 0 && (was > 0 || (c->both && t->less && t->left <= c->fullest_left + LEFT_SLACK)))
                return true;
        return c->both && (lack_changes(&k->lacks[FIT_FIRST][v], change, t, was, now) ||
                           lack_changes(&k->lacks[FIT_BEST][v], change, t, was, now));
}

static bool host_changes(const Reserve *k, const Case *c, HostIx lost, const Change *change) {
        for (VmIx v = k->first[lost]; v != IX_NONE && reserve_may_be_lost(k->p, lost); v = k->next[v])
                for (uint32_t i = 0; i < change->n; i++)
                        if (steps_to(k, c, change->t[i].host) < c->reach &&
                            vm_changes(k, c, v, change, &change->t[i]))
                                return true;
        return false;
}

/* False: the case is as it was. */
bool reserve_case_changes(const Reserve *k, uint32_t c, const Change *change) {
        const Case *at = &k->cases[c];
        bool any = false;

        for (uint32_t i = 0; i < change->n; i++) {
                const uint32_t steps = steps_to(k, at, change->t[i].host);

                if (reserve_change_loses(k, c, change->t[i].host))
                        return true;
                if (steps >= at->reach)
                        continue;
                any = true;
                if (footprint_has(&at->first, steps) || (at->both && footprint_has(&at->fullest, steps)))
                        return true;
        }
        if (!any || (at->both && !k->lacks[FIT_FIRST]))
                return any;
        for (uint32_t i = 0; i < k->goal->losses; i++) {
                const uint32_t d = k->domains[(size_t) c * k->goal->losses + i];

                if (!k->hosts_start) {
                        if (host_changes(k, at, d, change))
                                return true;
                        continue;
                }
                for (uint32_t j = k->hosts_start[d]; j < k->hosts_start[d + 1]; j++)
                        if (host_changes(k, at, k->hosts[j], change))
                                return true;
        }
        return false;
}

/* A VM without a place is nearer to h with `more` of each resource there than it is to any host. */
static bool brings_nearer(const Reserve *k, HostIx lost, HostIx h, const int64_t *more) {
        int64_t room[PROBLEM_RES_MAX];

        for (uint32_t r = 0; r < k->p->n_res; r++)
                room[r] = k->room[(size_t) h * k->p->n_res + r] + more[r];
        for (VmIx v = k->first[lost]; v != IX_NONE && reserve_may_be_lost(k->p, lost); v = k->next[v]) {
                const Lack *first = &k->lacks[FIT_FIRST][v], *fullest = &k->lacks[FIT_BEST][v];
                const int64_t far = first->far > fullest->far ? first->far : fullest->far;

                if (far > 0 && reserve_shortfall(problem_need(k->p, v), room, k->p->n_res) < far &&
                    problem_class_denies(k->p, v, h) == REASON_NONE)
                        return true;
        }
        return false;
}

static bool case_hopes(const Reserve *k, uint32_t c, HostIx h, const int64_t *more) {
        if (reserve_change_loses(k, c, h))
                return true;
        if (!reserve_is_refuge(k->p, h))
                return false;
        for (uint32_t i = 0; i < k->goal->losses; i++) {
                const uint32_t d = k->domains[(size_t) c * k->goal->losses + i];

                if (!k->hosts_start && brings_nearer(k, d, h, more))
                        return true;
                for (uint32_t j = k->hosts_start ? k->hosts_start[d] : 0;
                     k->hosts_start && j < k->hosts_start[d + 1]; j++)
                        if (brings_nearer(k, k->hosts[j], h, more))
                                return true;
        }
        return false;
}

/* What leaves h, less what comes. */
static void balance_of(const Reserve *k, const Move *moves, uint32_t n, HostIx h, int64_t *more) {
        memset(more, 0, sizeof(*more) * k->p->n_res);
        for (uint32_t i = 0; i < n; i++)
                for (uint32_t r = 0; r < k->p->n_res; r++)
                        more[r] += problem_need(k->p, moves[i].vm)[r] *
                                   ((moves[i].from == h) - (moves[i].to == h));
}

Cost reserve_hope(const Reserve *k, const Move *moves, uint32_t n) {
        int64_t uncovered = 0, shortfall = 0, more[PROBLEM_RES_MAX];

        if (!k->lacks[FIT_FIRST] || k->lacking > 0)
                return reserve_cost(k);
        for (uint32_t i = 0; i < n && k->n_open > 0; i++) {
                if (moves[i].from == IX_NONE)
                        continue;
                balance_of(k, moves, n, moves[i].from, more);
                for (uint32_t o = 0; o < k->n_open; o++)
                        if (case_hopes(k, k->open[o], moves[i].from, more)) {
                                uncovered += k->cases[k->open[o]].uncovered;
                                shortfall += k->cases[k->open[o]].shortfall;
                        }
        }
        return cost_of(uncovered, shortfall, 0);
}
