/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/columns.h"

#include <errno.h>
#include <string.h>

/* Below any gain: a VM in a soft rule is always worth an exact look. */
#define ALWAYS (-1e300)

static bool has_wish(const RuleCounts *k, VmIx v) {
        for (uint32_t i = k->start[v]; i < k->start[v + 1]; i++) {
                const Counter *c = &k->counters[k->of[i]];

                for (uint32_t u = 0; u < c->n_uses; u++)
                        if (!c->uses[u].must)
                                return true;
        }
        return false;
}

static bool has_want(const Terms *t, VmIx v) {
        for (uint32_t i = 0; i < t->n_placement_costs; i++)
                if (t->placement_costs[i].cost[t->placement_costs[i].class_of[v]])
                        return true;
        return false;
}

static int wishes_build(Arena *a, Columns *c) {
        const Evaluator *e = c->e;
        bool any = false;

        for (uint32_t i = 0; i < e->terms->n_rules; i++)
                any |= !e->terms->rules[i].rule->must && e->rules.start;
        if (!any && e->terms->n_placement_costs == 0)
                return 0;
        c->wishes = arena_new(a, bool, e->problem->n_vms);
        if (!c->wishes)
                return -ENOMEM;
        for (VmIx v = 0; v < e->problem->n_vms; v++)
                c->wishes[v] = (e->rules.start && has_wish(&e->rules, v)) || has_want(e->terms, v);
        return 0;
}

/* Squares of balance have one line at most, below all loads (Problem.unsteady): there they are curves without a kink. */
static const int64_t *columns_unsteady(const Evaluator *e) {
        return e->problem->unsteady;
}

static bool columns_evens(const Evaluator *e, const SquareFamily *f) {
        return f->tier == TIER_BALANCE && (!f->line || f->line == columns_unsteady(e));
}

/* What the columns cannot say costs an exact look each time. */
static bool is_whole(const Evaluator *e) {
        const Terms *t = e->terms;

        for (uint32_t i = 0; i < e->n_lines; i++)
                if (e->lines[i].tier == TIER_BALANCE)
                        return false;
        for (uint32_t i = 0; i < e->n_squares; i++)
                if (e->squares[i].tier == TIER_BALANCE && !columns_evens(e, &e->squares[i]))
                        return false;
        return e->n_deviations == 0 && e->n_pairs == 0 && t->n_distance_costs == 0 && t->n_service_moves == 0;
}

static uint32_t column_of(Columns *c, uint32_t r) {
        uint32_t k = 0;

        while (k < c->n && c->r[k] != r)
                k++;
        if (k == c->n)
                c->r[c->n++] = r;
        return k;
}

static int curves_build(Arena *a, Columns *c) {
        const Evaluator *e = c->e;
        const Problem *p = e->problem;

        for (uint32_t i = 0; i < e->n_squares; i++)
                for (uint32_t k = 0; columns_evens(e, &e->squares[i]) && k < e->squares[i].n; k++)
                        (void) column_of(c, e->squares[i].r[k]);
        c->stride = c->n + 1;
        c->curve = arena_new(a, double, (size_t) p->n_hosts * c->n);
        c->slope = arena_new(a, double, (size_t) p->n_hosts * c->n);
        c->spare = arena_new(a, double, (size_t) p->n_hosts * c->n);
        if (!c->curve || !c->slope || !c->spare)
                return -ENOMEM;
        for (uint32_t i = 0; i < e->n_squares; i++) {
                const SquareFamily *f = &e->squares[i];

                for (uint32_t k = 0; columns_evens(e, f) && k < f->n; k++) {
                        const uint32_t at = column_of(c, f->r[k]);

                        for (HostIx h = 0; h < p->n_hosts; h++) {
                                const double capacity = (double) problem_capacity(p, h)[f->r[k]];
                                const double factor = (double) f->factor[(size_t) h * p->n_res + f->r[k]];

                                if (capacity > 0)
                                        c->curve[(size_t) h * c->n + at] +=
                                                factor * (double) SHARE_ONE / (capacity * capacity);
                        }
                }
        }
        return 0;
}

/* After h's load has changed. */
static void host_follow(Columns *c, HostIx h) {
        const Evaluator *e = c->e;
        const Problem *p = e->problem;
        const int64_t *load = assignment_load(e->x, h);
        const size_t row = (size_t) h * p->n_res;
        const int64_t *unsteady = columns_unsteady(e);

        for (uint32_t k = 0; k < c->n; k++) {
                const uint32_t r = c->r[k];
                int64_t spare = e->terms->capacity ? e->room[row + r] : INT64_MAX;

                for (uint32_t i = 0; i < e->n_lines; i++)
                        if (e->lines[i].weight[r] > 0 && e->lines[i].line[row + r] - load[r] < spare)
                                spare = e->lines[i].line[row + r] - load[r];
                for (uint32_t i = 0; i < e->n_squares; i++)
                        if (e->squares[i].line && !columns_evens(e, &e->squares[i]) &&
                            e->squares[i].line[row + r] - load[r] < spare)
                                spare = e->squares[i].line[row + r] - load[r];
                c->spare[(size_t) h * c->n + k] = (double) spare;
                c->slope[(size_t) h * c->n + k] = 2 * c->curve[(size_t) h * c->n + k] *
                                                  (double) (load[r] - (unsteady ? unsteady[row + r] : 0));
        }
}

static int vms_on_host_grow(Columns *c, Arena *a, VmsOnHost *s, uint32_t size) {
        VmOnHost *at = arena_new(a, VmOnHost, size);
        double *row = arena_new(a, double, (size_t) size * c->stride);

        if (!at || !row)
                return -ENOMEM;
        if (s->n > 0) {
                memcpy(at, s->at, sizeof(VmOnHost) * s->n);
                memcpy(row, s->row, sizeof(double) * s->n * c->stride);
        }
        s->at = at;
        s->row = row;
        s->size = size;
        return 0;
}

/* They are in the order of VMs: what is found first of equals does not depend on how they came there. */
static int seat_take(Columns *c, Arena *a, VmIx v, HostIx h) {
        const Problem *p = c->e->problem;
        const int64_t *need = problem_need(p, v);
        const HostIx home = p->home[v];
        VmsOnHost *s = &c->vms_on_host[h];
        uint32_t at = s->n;
        double *row;

        if (s->n == s->size && vms_on_host_grow(c, a, s, 2 * s->size + 8) < 0)
                return -ENOMEM;
        while (at > 0 && s->at[at - 1].vm > v)
                at--;
        row = s->row + (size_t) at * c->stride;
        memmove(&s->at[at + 1], &s->at[at], sizeof(VmOnHost) * (s->n - at));
        memmove(row + c->stride, row, sizeof(double) * c->stride * (s->n - at));
        for (uint32_t k = 0; k < c->n; k++)
                row[k] = (double) need[c->r[k]];
        row[c->n] = c->wishes && c->wishes[v] ? ALWAYS : c->away && h == home ? (double) c->away[v] : 0;
        s->at[at] = (VmOnHost){ v, home };
        s->n++;
        s->n_away += h != home;
        return 0;
}

static void seat_leave(Columns *c, VmIx v, HostIx h) {
        VmsOnHost *s = &c->vms_on_host[h];
        uint32_t at = 0;
        double *row;

        while (s->at[at].vm != v)
                at++;
        row = s->row + (size_t) at * c->stride;
        s->n--;
        s->n_away -= h != s->at[at].home;
        memmove(&s->at[at], &s->at[at + 1], sizeof(VmOnHost) * (s->n - at));
        memmove(row, row + c->stride, sizeof(double) * c->stride * (s->n - at));
}

/* Has it a seat at all? One that may never move needs none. */
static bool may_move(const Evaluator *e, VmIx v) {
        const Problem *p = e->problem;

        if (e->terms->n_alloweds == 0)
                return true;
        return !(p->pinned && p->pinned[v] != REASON_NONE) && !p->roles[e->x->host_of[v]].no_exit;
}

static int vms_on_host_build(Arena *a, Columns *c) {
        const Evaluator *e = c->e;
        const Problem *p = e->problem;
        int r = 0;

        c->vms_on_host = arena_new(a, VmsOnHost, p->n_hosts);
        if (!c->vms_on_host)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                c->vms_on_host[e->x->host_of[v]].size++;
        for (HostIx h = 0; h < p->n_hosts && r == 0; h++)
                r = vms_on_host_grow(c, a, &c->vms_on_host[h],
                                     c->vms_on_host[h].size + c->vms_on_host[h].size / 2 + 8);
        for (VmIx v = 0; v < p->n_vms && r == 0; v++)
                if (may_move(e, v))
                        r = seat_take(c, a, v, e->x->host_of[v]);
        return r;
}

int columns_build(Arena *a, const Evaluator *e, Columns *ret) {
        Columns c = { .e = e, .away = e->away[TIER_BALANCE], .whole = is_whole(e) };
        int r = curves_build(a, &c);

        if (r == 0)
                r = wishes_build(a, &c);
        if (r == 0)
                r = vms_on_host_build(a, &c);
        if (r < 0)
                return r;
        for (HostIx h = 0; h < e->problem->n_hosts; h++)
                host_follow(&c, h);
        for (VmIx v = 0; v < e->problem->n_vms && c.away; v++)
                if (v == 0 || (double) c.away[v] < c.least_price)
                        c.least_price = (double) c.away[v];
        *ret = c;
        return 0;
}

int columns_move(Columns *c, Arena *a, Move m) {
        int r;

        seat_leave(c, m.vm, m.from); /* who moves had a seat */
        r = seat_take(c, a, m.vm, m.to);
        host_follow(c, m.from);
        host_follow(c, m.to);
        return r;
}
