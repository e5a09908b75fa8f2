/* SPDX-License-Identifier: Apache-2.0 */
/* Shifts and swaps between two hosts. Where all that can change is balance, the columns say roughly what each
 * would bring, and only what would be the best so far is looked at exactly. */
#include "scheduler/base/saturate.h"
#include "scheduler/decide/search/descent.h"

#define SWAP_PARTNERS 6
#define WINDOW        2048 /* hosts among which partners are looked for */

int64_t descent_urgency(const Descent *d, HostIx h) {
        const SearchState *s = d->s;
        const Terms *t = s->e->terms;
        const Costs *c = &s->e->hosts[h];

        if (d->needs_repair && d->needs_repair[h] > 0)
                return INT64_MAX;
        for (uint32_t i = 0; i < t->n_host_costs; i++)
                if (t->host_costs[i].weight[h] > 0 && s->n_on[h] > 0)
                        return INT64_MAX;
        if (c->tier[TIER_REPAIR] > 0)
                return INT64_MAX;
        return c->tier[TIER_EVACUATE] + c->tier[TIER_LOAD];
}

bool descent_gains(const Descent *d, const Costs *delta) {
        for (int t = 0; t <= (int) d->phase; t++)
                if (delta->tier[t] != 0)
                        return delta->tier[t] < (t == TIER_BALANCE ? -d->min_gain : 0);
        return false;
}

static bool descent_pairs_evacuates(const Descent *d, HostIx h) {
        return d->s->e->problem->roles[h].evacuate > 0;
}

typedef struct Wanted {
        float mine[OFF_MAX];
        HostIx host;
        uint32_t most;
        bool leave; /* h is to be emptied */
} Wanted;

static void partner_put(Descent *d, uint32_t most, float key, HostIx other) {
        uint32_t at = d->n_partners < most ? d->n_partners++ : most - 1;

        for (; at > 0 && (d->keys[at - 1] > key || (d->keys[at - 1] == key && d->partners[at - 1] > other));
             at--) {
                d->keys[at] = d->keys[at - 1];
                d->partners[at] = d->partners[at - 1];
        }
        d->keys[at] = key;
        d->partners[at] = other;
}

/* A block of hosts at once: the compiler uses wide registers, and mostly none is among the best. */
#define BLOCK 8

inlined void partners_block(Descent *d, const Wanted *w, uint32_t first, uint32_t n, const uint32_t n_off) {
        const HostRole *roles = d->s->e->problem->roles;
        const bool full = d->n_partners == w->most;
        const float worst = full ? d->keys[w->most - 1] : 0;
        float keys[BLOCK] = { 0 };
        int any = !full;

        for (uint32_t k = 0; k < n_off; k++) {
                const float *off = d->off + (size_t) k * d->n + first;

                for (uint32_t i = 0; i < n; i++)
                        keys[i] += w->mine[k] * off[i];
        }
        for (uint32_t i = 0; i < n; i++)
                any |= keys[i] <= worst;
        for (uint32_t i = 0; any && i < n; i++) {
                const HostIx other = d->mine[first + i];

                if (d->n_partners == w->most &&
                    (keys[i] > d->keys[w->most - 1] ||
                     (keys[i] == d->keys[w->most - 1] && other > d->partners[w->most - 1])))
                        continue;
                if (other != w->host && !(w->leave && roles[other].no_entry != REASON_NONE))
                        partner_put(d, w->most, keys[i], other);
        }
}

static void partners_among(Descent *d, const Wanted *w, uint32_t first, uint32_t end) {
        for (; first + BLOCK <= end; first += BLOCK)
                if (d->n_off == 2)
                        partners_block(d, w, first, BLOCK, 2);
                else
                        partners_block(d, w, first, BLOCK, d->n_off);
        for (; first < end; first++)
                partners_block(d, w, first, 1, d->n_off);
}

void descent_partners(Descent *d, HostIx h) {
        const uint32_t window = d->n < WINDOW ? d->n : WINDOW;
        const uint32_t first = d->n <= WINDOW ? 0 : (uint32_t) (((uint64_t) h * 2654435761u) % d->n);
        const bool few = d->phase == TIER_BALANCE && d->n > PARTNERS_MAX;
        Wanted w = { .host = h,
                     .most = few ? PARTNERS_MAX / 2 : PARTNERS_MAX,
                     .leave = descent_pairs_evacuates(d, h) };

        d->n_partners = 0;
        for (uint32_t k = 0; k < d->n_off; k++)
                w.mine[k] = w.leave ? 1 : d->off[(size_t) k * d->n + d->place[h]];
        partners_among(d, &w, first, first + window < d->n ? first + window : d->n);
        if (first + window > d->n)
                partners_among(d, &w, 0, first + window - d->n);
}

/* ---- exactly ---- */

static bool descent_pairs_refused(SearchState *s, Reason why) {
        s->refusals[why]++;
        return why != REASON_NONE;
}

static void descent_pairs_consider(const Descent *d, Change *best, const Costs *delta, VmIx vm, HostIx to,
                                   VmIx other) {
        if (costs_compare(delta, &best->delta) < 0 && descent_gains(d, delta))
                *best = (Change){ *delta, vm, other, to };
}

/* The reserve is asked last, and only about what would be the best otherwise: it costs a thousand times more.
 * Adds what it changes; false: it forbids the moves, or they cannot be the best. */
static bool reserve_lets(SearchState *s, const Move *moves, uint32_t n, const Change *best, Costs *d) {
        Costs least = *d;

        if (!s->e->reserve)
                return true;
        if (costs_compare(&least, &best->delta) >= 0)
                least.tier[TIER_LOAD] -= reserve_hope(s->e->reserve, moves, n);
        return costs_compare(&least, &best->delta) < 0 &&
               !descent_pairs_refused(s, evaluator_reserve(s->e, moves, n, d));
}

/* To empty a host is no reason to fill another above its load line, not by a grain. */
static bool descent_pairs_overfills(const Descent *d, VmIx v, HostIx to) {
        const Problem *p = d->s->e->problem;
        const int64_t *need = problem_need(p, v), *load = assignment_load(d->s->e->x, to);

        for (uint32_t r = 0; p->pack && d->phase == TIER_BALANCE && r < p->n_res; r++)
                if (need[r] > 0 && load[r] + need[r] > p->limit[(size_t) to * p->n_res + r])
                        return true;
        return false;
}

static bool descent_pairs_stays(const Descent *d, VmIx v) {
        return d->shard && rule_counts_touch(&d->s->e->rules, v);
}

void descent_try_shift(Descent *d, VmIx v, HostIx to, Change *best) {
        SearchState *s = d->s;
        const Move m = { v, s->e->x->host_of[v], to };
        Costs delta;

        s->evaluations++;
        if (descent_pairs_stays(d, v) || descent_pairs_overfills(d, v, to))
                return;
        if (!search_state_affords(s, v)) {
                s->refusals[REASON_BUDGET]++;
                return;
        }
        if (descent_pairs_refused(s, hot_refuse(s->e, m)))
                return;
        delta = hot_delta(s->e, m);
        if (reserve_lets(s, &m, 1, best, &delta))
                descent_pairs_consider(d, best, &delta, v, to, IX_NONE);
}

/* Both caps hold after the two moves together, not only after each. */
static bool affords_swap(const SearchState *s, VmIx v, VmIx w) {
        const Problem *p = s->e->problem;

        if (!search_state_affords(s, v) || !search_state_affords(s, w))
                return false;
        if (s->e->x->host_of[v] != p->home[v] || s->e->x->host_of[w] != p->home[w])
                return true;
        if (s->e->n_away + 2 > s->budget.max_moves)
                return false;
        return p->n_res <= RES_MEMORY ||
               problem_mib(p, v) + problem_mib(p, w) <= s->budget.max_mib - s->e->mib_away;
}

void descent_try_swap(Descent *d, VmIx v, VmIx w, Change *best) {
        SearchState *s = d->s;
        const HostIx a = s->e->x->host_of[v], b = s->e->x->host_of[w];
        Costs delta;

        s->evaluations++;
        if (descent_pairs_stays(d, v) || descent_pairs_stays(d, w))
                return;
        if (!affords_swap(s, v, w)) {
                s->refusals[REASON_BUDGET]++;
                return;
        }
        if (descent_pairs_refused(s, hot_swap_refuse(s->e, v, w)))
                return;
        delta = hot_swap_delta(s->e, v, w);
        if (reserve_lets(s, (Move[]){ { v, a, b }, { w, b, a } }, 2, best, &delta))
                descent_pairs_consider(d, best, &delta, v, b, w);
}

static void shifts_exact(Descent *d, HostIx from, HostIx to, Change *best) {
        const VmsOnHost *vms_on_host = &d->columns->vms_on_host[from];

        for (uint32_t i = 0; i < vms_on_host->n; i++)
                descent_try_shift(d, vms_on_host->at[i].vm, to, best);
}

static void swaps_exact(Descent *d, HostIx first, HostIx second, Change *best) {
        const VmsOnHost *left = &d->columns->vms_on_host[first], *right = &d->columns->vms_on_host[second];

        for (uint32_t i = 0; i < left->n; i++)
                for (uint32_t k = 0; k < right->n; k++)
                        descent_try_swap(d, left->at[i].vm, right->at[k].vm, best);
}

/* ---- by the columns ---- */

/* What evening out a and b by moving need from a to b would change. */
typedef struct Pair {
        HostIx a, b;
        double bend[PROBLEM_RES_MAX], tilt[PROBLEM_RES_MAX];
        const double *spare_a, *spare_b;
        double shift_gain, swap_gain; /* at most, if VMs came in all sizes */
} Pair;

static void pair_set(const Columns *c, HostIx left, HostIx right, Pair *ret) {
        const size_t at_a = (size_t) left * c->n, at_b = (size_t) right * c->n;

        ret->a = left;
        ret->b = right;
        ret->spare_a = c->spare + at_a;
        ret->spare_b = c->spare + at_b;
        ret->shift_gain = ret->swap_gain = 0;
        for (uint32_t k = 0; k < c->n; k++) {
                const double bend = c->curve[at_a + k] + c->curve[at_b + k];
                const double tilt = c->slope[at_b + k] - c->slope[at_a + k];
                const double gain = bend > 0 ? tilt * tilt / (4 * bend) : 0;

                ret->bend[k] = bend;
                ret->tilt[k] = tilt;
                ret->swap_gain += gain;
                ret->shift_gain += tilt < 0 ? gain : 0;
        }
}

static Pair pair_turned(const Columns *c, const Pair *pair) {
        Pair turned = { .a = pair->b,
                        .b = pair->a,
                        .spare_a = pair->spare_b,
                        .spare_b = pair->spare_a,
                        .shift_gain = pair->swap_gain - pair->shift_gain,
                        .swap_gain = pair->swap_gain };

        for (uint32_t k = 0; k < c->n; k++) {
                turned.bend[k] = pair->bend[k];
                turned.tilt[k] = -pair->tilt[k];
        }
        return turned;
}

/* A VM that comes home gives back what leaving it cost. */
static double descent_pairs_homecoming(const Columns *c, const VmOnHost *seat, HostIx to) {
        return c->away && seat->home == to ? (double) c->away[seat->vm] : 0;
}

/* What a change must stay below to be looked at. */
inlined double least_of(const Descent *d, const Change *best) {
        return best->vm == IX_NONE ? (double) -d->min_gain : (double) best->delta.tier[TIER_BALANCE];
}

/* `n` is c->n: a constant where this is inlined. */
inlined void shifts_sift(Descent *d, const Pair *pair, const uint32_t n, Change *best) {
        const Columns *c = d->columns;
        const VmsOnHost *vms_on_host = &c->vms_on_host[pair->a];
        const double *row = vms_on_host->row;

        for (uint32_t i = 0; i < vms_on_host->n; i++, row += n + 1) {
                double change = row[n];
                bool fits = true;

                for (uint32_t k = 0; k < n; k++) {
                        change += row[k] * (pair->bend[k] * row[k] + pair->tilt[k]);
                        fits &= row[k] <= pair->spare_b[k];
                }
                if (!fits ||
                    change - descent_pairs_homecoming(c, &vms_on_host->at[i], pair->b) >= least_of(d, best))
                        continue;
                descent_try_shift(d, vms_on_host->at[i].vm, pair->b, best);
        }
        d->s->evaluations += vms_on_host->n / 8; /* for the guard: eight of these take the time of one */
}

inlined void swaps_sift(Descent *d, const Pair *pair, const uint32_t n, Change *best) {
        const Columns *c = d->columns;
        const VmsOnHost *left = &c->vms_on_host[pair->a], *right = &c->vms_on_host[pair->b];
        const double *v = left->row;

        for (uint32_t i = 0; i < left->n; i++, v += n + 1) {
                const double price = v[n] - descent_pairs_homecoming(c, &left->at[i], pair->b);
                const double *w = right->row;

                for (uint32_t j = 0; j < right->n; j++, w += n + 1) {
                        double change = price + w[n];
                        bool fits = true;

                        for (uint32_t k = 0; k < n; k++) {
                                const double more = v[k] - w[k];

                                change += more * (pair->bend[k] * more + pair->tilt[k]);
                                fits &= more <= pair->spare_b[k] && -more <= pair->spare_a[k];
                        }
                        if (!fits ||
                            change - descent_pairs_homecoming(c, &right->at[j], pair->a) >= least_of(d, best))
                                continue;
                        descent_try_swap(d, left->at[i].vm, right->at[j].vm, best);
                }
        }
        d->s->evaluations += (uint64_t) left->n * right->n / 8;
}

static void descent_pairs_shifts(Descent *d, const Pair *pair, Change *best) {
        const Columns *c = d->columns;

        if (!c->wishes && pair->shift_gain <= (c->vms_on_host[pair->a].n_away > 0 ? 0 : c->least_price) +
                                                      (double) d->min_gain)
                return;
        if (c->n == 2)
                shifts_sift(d, pair, 2, best);
        else if (c->n == 4)
                shifts_sift(d, pair, 4, best);
        else
                shifts_sift(d, pair, c->n, best);
}

static void descent_pairs_swaps(Descent *d, const Pair *pair, Change *best) {
        const Columns *c = d->columns;
        const bool all_home = c->vms_on_host[pair->a].n_away + c->vms_on_host[pair->b].n_away == 0;

        if (!c->wishes && pair->swap_gain <= (all_home ? 2 * c->least_price : 0) + (double) d->min_gain)
                return;
        if (c->n == 2)
                swaps_sift(d, pair, 2, best);
        else if (c->n == 4)
                swaps_sift(d, pair, 4, best);
        else
                swaps_sift(d, pair, c->n, best);
}

/* Between these two, can only balance change? */
static bool is_calm(const Descent *d, HostIx left, HostIx right) {
        const Evaluator *e = d->s->e;

        return d->phase == TIER_BALANCE && d->columns->whole &&
               !(e->reserve && reserve_cost(e->reserve) > 0) && descent_urgency(d, left) == 0 &&
               descent_urgency(d, right) == 0;
}

/* ---- of a host above its load line ---- */

/* VMs that leave h relieve it by so much, wherever they go: what is asked is who goes, and then which host
 * comes out most even of those that stay below their lines. */
static void reliefs_sift(Descent *d, HostIx h, Change *best) {
        const Columns *c = d->columns;
        const VmsOnHost *vms_on_host = &c->vms_on_host[h];

        for (uint32_t i = 0; i < vms_on_host->n; i++) {
                const double *row = vms_on_host->row + (size_t) i * c->stride;
                const Costs relief =
                        host_change(d->s->e, h, problem_need(d->s->e->problem, vms_on_host->at[i].vm), -1);

                if (!descent_gains(d, &relief))
                        continue;
                for (uint32_t k = 0; k < d->n_partners; k++) {
                        const size_t at = (size_t) d->partners[k] * c->n, mine = (size_t) h * c->n;
                        double change = row[c->n];
                        Costs rough = relief;
                        bool fits = true;

                        for (uint32_t r = 0; r < c->n; r++) {
                                change += row[r] * ((c->curve[mine + r] + c->curve[at + r]) * row[r] +
                                                    c->slope[at + r] - c->slope[mine + r]);
                                fits &= row[r] <= c->spare[at + r];
                        }
                        rough.tier[TIER_BALANCE] = saturating_int(change);
                        if (fits && costs_compare(&rough, &best->delta) < 0)
                                descent_try_shift(d, vms_on_host->at[i].vm, d->partners[k], best);
                }
        }
}

void descent_pairs(Descent *d, HostIx h, Change *best) {
        Pair pairs[SWAP_PARTNERS];
        bool calm[SWAP_PARTNERS];

        if (d->phase == TIER_LOAD && d->columns->whole)
                reliefs_sift(d, h, best);
        if (best->vm != IX_NONE)
                return;
        for (uint32_t k = 0; k < d->n_partners; k++) {
                const HostIx other = d->partners[k];
                const bool is_quiet = is_calm(d, h, other);
                Pair pair, turned;

                if (k < SWAP_PARTNERS)
                        calm[k] = is_quiet;
                if (!is_quiet) {
                        shifts_exact(d, h, other, best);
                        shifts_exact(d, other, h, best);
                        continue;
                }
                pair_set(d->columns, h, other, &pair);
                turned = pair_turned(d->columns, &pair);
                descent_pairs_shifts(d, &pair, best);
                descent_pairs_shifts(d, &turned, best);
                if (k < SWAP_PARTNERS)
                        pairs[k] = pair;
        }
        for (uint32_t k = 0; best->vm == IX_NONE && k < d->n_partners && k < SWAP_PARTNERS; k++)
                if (!calm[k])
                        swaps_exact(d, h, d->partners[k], best);
                else
                        descent_pairs_swaps(d, &pairs[k], best);
}
