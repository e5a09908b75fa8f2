/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/bound.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef __int128 Wide;

/* Between what and what each host's loads can be, and the totals. */
typedef struct Ranges {
        const Terms *terms;
        const Problem *p;
        int64_t *least, *most; /* [host × res] */
        Wide total[PROBLEM_RES_MAX];
        bool *leaves; /* [vm] it may be moved */
} Ranges;

static Cost cost_of(Wide sum) {
        return sum <= 0 ? 0 : sum < INT64_MAX ? (Cost) sum : INT64_MAX;
}

static int64_t bound_larger(int64_t left, int64_t right) {
        return left > right ? left : right;
}

static int64_t bound_smaller(int64_t left, int64_t right) {
        return left < right ? left : right;
}

static int ranges_find(Arena *a, const Terms *t, Ranges *g) {
        const Problem *p = t->problem;
        const size_t n = (size_t) p->n_hosts * p->n_res;

        *g = (Ranges){ .terms = t,
                       .p = p,
                       .least = arena_new(a, int64_t, n),
                       .most = arena_new(a, int64_t, n),
                       .leaves = arena_new(a, bool, p->n_vms) };
        if (!g->least || !g->most || !g->leaves)
                return -ENOMEM;
        if (p->base) {
                memcpy(g->least, p->base, sizeof(int64_t) * n);
                memcpy(g->most, p->base, sizeof(int64_t) * n);
        }
        for (VmIx v = 0; v < p->n_vms; v++) {
                const size_t row = (size_t) p->home[v] * p->n_res;
                const int64_t *need = problem_need(p, v);

                g->leaves[v] = t->n_alloweds == 0 ||
                               ((!p->pinned || p->pinned[v] == REASON_NONE) && !p->roles[p->home[v]].no_exit);
                for (uint32_t r = 0; r < p->n_res; r++) {
                        g->most[row + r] += need[r]; /* as it is at home */
                        g->least[row + r] += g->leaves[v] ? 0 : need[r];
                }
        }
        for (size_t i = 0; i < n; i++)
                g->total[i % p->n_res] += g->most[i];
        for (size_t i = 0; i < n; i++) {
                const bool closed = t->n_alloweds > 0 && p->roles[i / p->n_res].no_entry != REASON_NONE;

                if (!closed)
                        g->most[i] = t->capacity ? bound_larger(g->most[i], p->capacity[i])
                                                 : cost_of(g->total[i % p->n_res]);
        }
        return 0;
}

/* Every unit of load above the hosts' lines costs the same, so hosts are filled to their lines first. */
static Cost bound_line(const Ranges *g, const LineCost *term) {
        const Problem *p = g->p;
        Wide cheap = 0, forced = 0;

        for (size_t i = term->r; i < (size_t) p->n_hosts * p->n_res; i += p->n_res) {
                const int64_t line = term->line[i];

                forced += bound_larger(0, g->least[i] - line);
                cheap += bound_smaller(g->most[i], bound_larger(g->least[i], line));
        }
        if (g->total[term->r] > cheap)
                forced += g->total[term->r] - cheap;
        return cost_of(forced * term->weight);
}

static Cost bound_pair(const Ranges *g, const PairCost *term) {
        const Problem *p = g->p;
        Wide free1 = -g->total[term->pair.r1], free2 = -g->total[term->pair.r2];

        for (HostIx h = 0; h < p->n_hosts; h++) {
                free1 += problem_capacity(p, h)[term->pair.r1];
                free2 += problem_capacity(p, h)[term->pair.r2];
        }
        return cost_of(term->pair.weight * (term->pair.target * free1 - free2));
}

/* A host in a square term: its share in whole grains has cost ≥ factor·share²/2^16 − 1 and load ≤ line +
 * (share + grain + 1)·capacity/2^16. */
typedef struct Basin {
        int64_t line, capacity, factor, grain;
        int64_t low, high; /* shares at the ends of its range */
        int64_t most;      /* load at the upper end */
        bool clamped;      /* its cost stops growing within the range */
} Basin;

static Basin basin_of(const Ranges *g, const SquareCost *term, HostIx h, int64_t mean) {
        const size_t i = (size_t) h * g->p->n_res + term->r;
        Basin b = { .line = term->line ? term->line[i] : 0,
                    .capacity = g->p->capacity[i],
                    .factor = share_factor(term->weight, g->p->capacity[i], mean),
                    .grain = term->grain,
                    .most = g->most[i] };
        const uint64_t reciprocal = share_reciprocal(b.capacity);

        b.low = g->least[i] > b.line ? share_of(g->least[i] - b.line, reciprocal) & -b.grain : 0;
        b.high = b.most > b.line ? share_of(b.most - b.line, reciprocal) & -b.grain : 0;
        b.clamped = b.high >= SHARE_MAX;
        return b;
}

/* λ = lambda / 2^shift, a price on each unit of load. The share at which cost − λ·load is least. */
static int64_t basin_share(const Basin *b, int64_t lambda, int shift) {
        const Wide share = (Wide) lambda * b->capacity / ((Wide) 2 * b->factor) >> shift;

        return share < b->low ? b->low : share > b->high ? b->high : (int64_t) share;
}

/* A lower bound on 2^shift·(cost − λ·load) over the basin's range. As a function of a real share it is a
 * parabola; its least value over all reals is used where the least share is inside the range. */
static Wide basin_least(const Basin *b, int64_t lambda, int shift) {
        const Wide slope = (Wide) lambda * b->capacity, one = (Wide) 1 << shift;
        const Wide rest = (one << 16) +
                          (Wide) lambda * ((Wide) b->line * SHARE_ONE + (b->grain + 1) * (Wide) b->capacity);
        const Wide curve = (Wide) b->factor << shift;
        Wide least;

        if (b->factor == 0)
                return -(Wide) lambda * b->most;
        if (slope <= 2 * curve * b->low)
                least = (curve * b->low - slope) * b->low;
        else if (slope >= 2 * curve * b->high)
                least = (curve * b->high - slope) * b->high;
        else /* −slope²/(4·curve) = −share·slope/2, with the share in 16ths, rounded so that it is below */
                least = -((((slope << 4) / (2 * curve) + 1) * (slope / 2 + 1) >> 4) + 1);
        least = (least - rest) >> 16;
        if (b->clamped) {
                const Wide flat =
                        (((Wide) SHARE_MAX * SHARE_MAX * b->factor) >> 16) * one - (Wide) lambda * b->most;

                least = flat < least ? flat : least;
        }
        return least;
}

/* About what the hosts hold together when each is filled until more would cost lambda a unit. */
static Wide load_at(const Basin *basins, uint32_t n, int64_t lambda, int shift, const Ranges *g, uint32_t r) {
        Wide sum = 0;

        for (uint32_t h = 0; h < n; h++) {
                const Basin *b = &basins[h];
                const int64_t least = g->least[(size_t) h * g->p->n_res + r];
                int64_t share, load;

                if (b->factor == 0) {
                        sum += b->most;
                        continue;
                }
                share = basin_share(b, lambda, shift);
                load = b->line + (int64_t) ((Wide) share * b->capacity >> 16);
                sum += share == b->low ? least : bound_smaller(b->most, bound_larger(least, load));
        }
        return sum;
}

/* The price at which the hosts together would hold the total, by halving. Any price gives a valid bound; near
 * the right one the bound changes with the square of the error, so a thousandth is near enough. */
static int64_t fair_price(const Basin *basins, const Ranges *g, uint32_t r, int shift) {
        int64_t low = 0, high = INT64_MAX / 4;

        while (high - low > 1 && high - low > high >> 12) {
                const int64_t mid = low + (high - low) / 2;

                if (load_at(basins, g->p->n_hosts, mid, shift, g, r) <= g->total[r])
                        low = mid;
                else
                        high = mid;
        }
        return low;
}

static int bound_square(Arena *a, const Ranges *g, const SquareCost *term, Cost *ret) {
        const ArenaMark mark = arena_mark(a);
        const uint32_t n = g->p->n_hosts;
        const int64_t mean = problem_mean_capacity(g->p, term->r);
        Basin *basins = arena_new(a, Basin, n);
        int64_t steepest = 0, price;
        int shift = 60;
        Wide sum;

        if (!basins)
                return -ENOMEM;
        for (HostIx h = 0; h < n; h++) {
                basins[h] = basin_of(g, term, h, mean);
                if (basins[h].factor > 0)
                        steepest = bound_larger(
                                steepest,
                                2 * basins[h].factor * (basins[h].high + 1) / basins[h].capacity + 1);
        }
        /* Prices, up to the steepest there is, stay below 2^61. */
        while (shift > 0 && steepest >> (60 - shift) > 0)
                shift--;
        price = fair_price(basins, g, term->r, shift);
        sum = price * g->total[term->r];
        for (HostIx h = 0; h < n; h++)
                sum += basin_least(&basins[h], price, shift);
        arena_rewind(a, mark);
        *ret = cost_of(-(-sum >> shift));
        return 0;
}

/* Whether a VM of v's class could enter any host, and the cheapest weight of one it could. */
typedef struct ClassEntry {
        bool any;
        int64_t cheapest;
} ClassEntry;

static ClassEntry entry_of(const Ranges *g, VmIx v, const int64_t *weight) {
        ClassEntry entry = { false, 0 };

        for (HostIx h = 0; h < g->p->n_hosts; h++) {
                const bool passes =
                        weight && problem_passes(g->p, v, h); /* to leave a host, not to be where it may */

                if (g->terms->n_alloweds > 0 &&
                    (g->p->roles[h].no_entry != REASON_NONE ||
                     (!passes && problem_class_denies(g->p, v, h) != REASON_NONE)))
                        continue;
                entry.cheapest = entry.any ? bound_smaller(entry.cheapest, weight ? weight[h] : 0)
                                 : weight  ? weight[h]
                                           : 0;
                entry.any = true;
        }
        return entry;
}

/* [class] of VMs. */
static ClassEntry *entries_of(Arena *a, const Ranges *g, const int64_t *weight) {
        const uint32_t n = g->p->n_classes > 0 && g->p->class_of ? g->p->n_classes : 1;
        ClassEntry *entries = arena_new(a, ClassEntry, n);
        bool *known = arena_new(a, bool, n);

        for (VmIx v = 0; entries && known && v < g->p->n_vms; v++) {
                const uint32_t c = n > 1 ? g->p->class_of[v] : 0;

                if (!known[c])
                        entries[c] = entry_of(g, v, weight);
                known[c] = true;
        }
        return known ? entries : NULL;
}

static ClassEntry entry_at(const Ranges *g, const ClassEntry *entries, VmIx v) {
        return entries[g->p->n_classes > 0 && g->p->class_of ? g->p->class_of[v] : 0];
}

/* A VM that could leave a host that lets none in: what that would save, and what it needs elsewhere. */
typedef struct Leaver {
        int64_t gain, need;
} Leaver;

/* Most gain per need first. */
static int leaver_compare(const void *first, const void *second) {
        const Leaver *a = first, *b = second;
        const Wide left = (Wide) a->gain * b->need, right = (Wide) b->gain * a->need;

        return left > right ? -1 : left < right;
}

/* Of all gains, what at least is lost because the other hosts have no room for all of r that would come:
 * nothing enters the hosts left, so the others hold what they hold now and what comes. Fractional knapsack.
 */
static Wide gain_lost(const Ranges *g, const int64_t *weight, Leaver *leavers, uint32_t n, uint32_t r) {
        const Problem *p = g->p;
        Wide room = 0, lost = 0;

        for (HostIx h = 0; h < p->n_hosts; h++)
                if (p->roles[h].no_entry == REASON_NONE || weight[h] == 0)
                        room += g->most[(size_t) h * p->n_res + r] -
                                (p->base ? p->base[(size_t) h * p->n_res + r] : 0);
        for (VmIx v = 0; v < p->n_vms; v++)
                if (p->roles[p->home[v]].no_entry == REASON_NONE || weight[p->home[v]] == 0)
                        room -= problem_need(p, v)[r];
        qsort(leavers, n, sizeof(*leavers), leaver_compare);
        for (uint32_t i = 0; i < n; i++) {
                if (leavers[i].need <= room) {
                        room -= leavers[i].need;
                        continue;
                }
                lost += leavers[i].gain - (room > 0 ? room * leavers[i].gain / leavers[i].need : 0);
                room = 0;
        }
        return lost;
}

static int64_t sit_price(const HostCost *term, VmIx v) {
        return term->price ? term->price[v] : 1;
}

static int bound_host_cost(Arena *a, const Ranges *g, const HostCost *term, Cost *ret) {
        const ArenaMark mark = arena_mark(a);
        const Problem *p = g->p;
        const ClassEntry *entries = entries_of(a, g, term->weight);
        Leaver *leavers = arena_new(a, Leaver, p->n_vms);
        Wide sum = 0, lost = 0;

        if (!entries || !leavers)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++) {
                const int64_t now = term->weight[p->home[v]], price = sit_price(term, v);
                const ClassEntry entry = entry_at(g, entries, v);

                sum += (Wide) price * (g->leaves[v] && entry.any ? bound_smaller(now, entry.cheapest) : now);
        }
        for (uint32_t r = 0; g->terms->capacity && g->terms->n_alloweds > 0 && r < p->n_res; r++) {
                uint32_t n = 0;
                Wide less;

                for (VmIx v = 0; v < p->n_vms; v++) {
                        const int64_t now = term->weight[p->home[v]], price = sit_price(term, v);
                        const ClassEntry entry = entry_at(g, entries, v);

                        if (p->roles[p->home[v]].no_entry != REASON_NONE && g->leaves[v] && entry.any &&
                            price > 0 && entry.cheapest < now)
                                leavers[n++] =
                                        (Leaver){ price * (now - entry.cheapest), problem_need(p, v)[r] };
                }
                less = gain_lost(g, term->weight, leavers, n, r);
                lost = less > lost ? less : lost;
        }
        arena_rewind(a, mark);
        *ret = cost_of(sum + lost);
        return 0;
}

/* VMs where a rule forbids them that cannot leave. */
static int bound_allowed(Arena *a, const Ranges *g, const AllowedCost *term, Cost *ret) {
        const ArenaMark mark = arena_mark(a);
        const Problem *p = g->p;
        const ClassEntry *entries = entries_of(a, g, NULL);
        Wide sum = 0;

        if (!entries)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                if ((!g->leaves[v] || !entry_at(g, entries, v).any) &&
                    problem_class_denies(p, v, p->home[v]) == REASON_RULE_HOSTS)
                        sum += term->weight;
        arena_rewind(a, mark);
        *ret = cost_of(sum);
        return 0;
}

/* What cannot leave costs what it costs. */
static Cost bound_placement_cost(const Ranges *g, const PlacementCost *term) {
        Wide sum = 0;

        for (VmIx v = 0; v < g->p->n_vms; v++) {
                const int64_t *row = term->cost[term->class_of[v]];

                sum += !g->leaves[v] && row ? row[g->p->home[v]] : 0;
        }
        return cost_of(sum * term->weight);
}

static int most_first(const void *left, const void *right) {
        const int64_t a = *(const int64_t *) left, b = *(const int64_t *) right;

        return a > b ? -1 : a < b;
}

/* Hosts whose VMs cannot leave are in use; what else is needed of r fills the largest of the others. Hosts
 * that are worth nothing empty are filled first. */
static int uses_needed(Arena *a, const Ranges *g, const UseCost *term, uint32_t r, uint32_t *ret) {
        const Problem *p = g->p;
        const ArenaMark mark = arena_mark(a);
        int64_t *most = arena_new(a, int64_t, p->n_hosts);
        bool *held = arena_new(a, bool, p->n_hosts);
        uint32_t n = 0, used = 0;
        Wide rest = g->total[r];

        if (!most || !held)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++)
                held[p->home[v]] |= !g->leaves[v];
        for (HostIx h = 0; h < p->n_hosts; h++) {
                const size_t i = (size_t) h * p->n_res + r;
                const int64_t own = p->base ? p->base[i] : 0;

                rest -= own;
                if (held[h] || term->weight[h] == 0)
                        rest -= g->most[i] - own;
                else
                        most[n++] = g->most[i] - own;
                used += held[h] && term->weight[h] > 0;
        }
        qsort(most, n, sizeof(*most), most_first);
        for (uint32_t k = 0; k < n && rest > 0; k++, used++)
                rest -= most[k];
        arena_rewind(a, mark);
        *ret = used;
        return 0;
}

static int bound_use_cost(Arena *a, const Ranges *g, const UseCost *term, Cost *ret) {
        int64_t least = INT64_MAX;
        uint32_t most = 0;

        for (HostIx h = 0; h < g->p->n_hosts; h++)
                if (term->weight[h] > 0)
                        least = bound_smaller(least, term->weight[h]);
        for (uint32_t r = 0; r < g->p->n_res && least < INT64_MAX; r++) {
                uint32_t n = 0;

                if (uses_needed(a, g, term, r, &n) < 0)
                        return -ENOMEM;
                most = n > most ? n : most;
        }
        *ret = most > 0 ? cost_of((Wide) least * most) : 0;
        return 0;
}

static Cost bound_rule(const Ranges *g, const RuleCost *term) {
        const int64_t n = g->p->groups[term->rule->group].n_vms;
        const int64_t domains =
                term->rule->level == LEVEL_HOST ? g->p->n_hosts : g->p->n_domains[term->rule->level];
        const int64_t reach = bound_smaller(n, domains);

        if (term->rule->kind == RULE_APART)
                return cost_of((Wide) term->weight * (n - reach));
        if (term->rule->kind == RULE_SPREAD && n > 0)
                return cost_of((Wide) term->weight * (term->rule->k - reach));
        return 0;
}

static int bound_terms(Arena *a, const Ranges *g, Costs *sum) {
        static_assert(sizeof(Terms) == 17 * sizeof(void *) + 14 * sizeof(uint32_t),
                      "a new kind of term: say here what it costs at least (0 is right), and in milp/");
        const Terms *t = g->terms;
        Cost least;
        int r = 0;

        for (uint32_t i = 0; i < t->n_lines; i++)
                sum->tier[t->lines[i].tier] += bound_line(g, &t->lines[i]);
        for (uint32_t i = 0; i < t->n_pairs; i++)
                sum->tier[t->pairs[i].tier] += bound_pair(g, &t->pairs[i]);
        for (uint32_t i = 0; i < t->n_rules; i++)
                sum->tier[t->rules[i].tier] += bound_rule(g, &t->rules[i]);
        for (uint32_t i = 0; i < t->n_placement_costs; i++)
                sum->tier[t->placement_costs[i].tier] += bound_placement_cost(g, &t->placement_costs[i]);
        for (uint32_t i = 0; r == 0 && i < t->n_squares; i++) {
                r = bound_square(a, g, &t->squares[i], &least);
                sum->tier[t->squares[i].tier] += r == 0 ? least : 0;
        }
        for (uint32_t i = 0; r == 0 && i < t->n_host_costs; i++) {
                r = bound_host_cost(a, g, &t->host_costs[i], &least);
                sum->tier[t->host_costs[i].tier] += r == 0 ? least : 0;
        }
        for (uint32_t i = 0; r == 0 && i < t->n_use_costs; i++) {
                r = bound_use_cost(a, g, &t->use_costs[i], &least);
                sum->tier[t->use_costs[i].tier] += r == 0 ? least : 0;
        }
        for (uint32_t i = 0; r == 0 && i < t->n_alloweds; i++) {
                r = bound_allowed(a, g, &t->alloweds[i], &least);
                sum->tier[t->alloweds[i].tier] += r == 0 ? least : 0;
        }
        return r;
}

int bound_aggregate(Arena *a, const Terms *t, Costs *ret) {
        const ArenaMark mark = arena_mark(a);
        Costs sum = { 0 };
        Ranges g;
        int r = ranges_find(a, t, &g);

        if (r == 0)
                r = bound_terms(a, &g, &sum);
        arena_rewind(a, mark);
        if (r == 0)
                *ret = sum;
        return r;
}
