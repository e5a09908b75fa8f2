/* SPDX-License-Identifier: Apache-2.0 */
/* The descent: tier by tier, hosts are visited from the one furthest off; each gives away, takes, or swaps
 * VMs with the hosts that complement it best (full where it is empty), the best change first, until nothing
 * gains. It ends when a pass over all hosts and tiers finds nothing.
 *
 * Tier by tier: while a rule is broken that a move could mend, no move is spent on less; under a cap that
 * matters.
 *
 * What a pass looks at depends on where VMs are, never on how they came there: so a search started from the
 * result, with every VM at home there, looks at the same changes, finds them at least as dear, and makes
 * none.
 *
 * Large clusters are first evened out in shards, each with hosts of all kinds, side by side on all cores:
 * what a shard does depends on nothing outside it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/search/descent.h"

#define SHARD_HOSTS 512 /* about so many hosts a shard; fewer hosts than two shards are not divided */

/* Names what this visit would look at: the hosts and when each last changed. */
static uint64_t visit_mark(const Descent *d, HostIx h) {
        uint64_t mark = (d->s->changed[h] + 1) * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t) d->phase;

        for (uint32_t k = 0; k < d->n_partners; k++) {
                mark ^= d->partners[k] + (d->s->changed[d->partners[k]] << 20);
                mark *= UINT64_C(0xff51afd7ed558ccd);
                mark ^= mark >> 29;
        }
        return mark | 1;
}

/* The best change the host can take part in is made. 1: one was made; 0: there is none. */
static int search_descend_visit(Descent *d, HostIx h) {
        Change best = { .vm = IX_NONE };
        const uint64_t reserved = d->s->refusals[REASON_RESERVE];
        uint64_t mark;
        int r;

        d->s->work += d->n / 4;
        descent_partners(d, h);
        mark = visit_mark(d, h);
        if (d->reserved[d->place[h]])
                mark ^= d->s->steps << 1;
        if (mark == d->visited[d->place[h]])
                return 0;
        descent_pairs(d, h, &best);
        if (best.vm != IX_NONE) {
                const HostIx from = d->s->e->x->host_of[best.vm];

                r = descent_move(d, (Move){ best.vm, from, best.to });
                if (r == 0 && best.other != IX_NONE)
                        r = descent_move(d, (Move){ best.other, best.to, from });
                return r < 0 ? r : 1;
        }
        if (d->phase == TIER_REPAIR || d->phase == TIER_EVACUATE)
                return descent_mend(d, h);
        d->reserved[d->place[h]] = d->s->refusals[REASON_RESERVE] != reserved;
        d->visited[d->place[h]] = mark;
        return 0;
}

/* Who has part in a broken rule, host by host. */
static int ails_count(Descent *d) {
        const Evaluator *e = d->s->e;
        const Problem *p = e->problem;

        d->needs_repair = NULL;
        if (d->shard || e->cost.tier[TIER_REPAIR] == 0)
                return 0;
        d->needs_repair = arena_new(d->arena, uint32_t, p->n_hosts);
        if (!d->needs_repair)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++) {
                const HostIx h = e->x->host_of[v];

                d->needs_repair[h] +=
                        (rule_counts_touch(&e->rules, v) && rule_counts_needs_repair(&e->rules, v, h)) ||
                        (e->misplaceable && problem_class_denies(p, v, h) == REASON_RULE_HOSTS);
        }
        return 0;
}

/* Is there anything to be done in this tier? */
static bool phase_calls(const Descent *d) {
        return d->phase == TIER_BALANCE || d->shard || d->s->e->cost.tier[d->phase] > 0;
}

/* One pass over the hosts. 1: something was made; 0; -ENOMEM. */
static int phase_run(Descent *d) {
        int any = 0;

        d->n_heap = 0;
        for (uint32_t i = 0; i < d->n; i++)
                d->in_heap[i] = IX_NONE;
        for (uint32_t i = 0; i < d->n; i++)
                descent_heap_touch(d, d->mine[i]);
        while (d->n_heap > 0 && !search_state_stopped(d->s)) {
                const int r = search_descend_visit(d, d->mine[d->heap[0]]);

                if (r < 0)
                        return r;
                if (r == 0)
                        descent_heap_drop(d, d->heap[0]);
                any |= r;
        }
        return any;
}

/* The tiers from first to last, until a pass finds nothing. 0 or -ENOMEM. */
static int search_descend_descend(Descent *d, Tier first, Tier last) {
        int r = 1;

        while (r > 0 && !search_state_stopped(d->s)) {
                r = 0;
                for (int t = (int) first; t <= (int) last && r >= 0; t++) {
                        int any;

                        d->phase = (Tier) t;
                        if (!phase_calls(d))
                                continue;
                        any = ails_count(d);
                        if (any == 0)
                                any = phase_run(d);
                        r = any < 0 ? any : r | any;
                }
        }
        return r;
}

static int descent_build(Descent *d, Arena *a, SearchState *s, Columns *columns, uint32_t n) {
        const Problem *p = s->e->problem;

        *d = (Descent){ .s = s, .columns = columns, .arena = a, .n = n };
        for (uint32_t r = 0; r < p->n_res; r++)
                if ((p->balance_weight && p->balance_weight[r] > 0) ||
                    (p->load_weight && p->load_weight[r] > 0))
                        d->off_r[d->n_shares++] = r;
        d->n_off = d->n_shares + s->e->n_deviations;
        d->mine = arena_new(a, HostIx, n);
        d->off = arena_new(a, float, (size_t) n * d->n_off);
        d->visited = arena_new(a, uint64_t, n);
        d->reserved = arena_new(a, bool, n);
        d->priority = arena_new(a, Priority, n);
        d->heap = arena_new(a, uint32_t, n);
        d->in_heap = arena_new(a, uint32_t, n);
        return d->mine && d->off && d->visited && d->reserved && d->priority && d->heap && d->in_heap
                       ? 0
                       : -ENOMEM;
}

/* After `mine` is written. */
static void descent_place(Descent *d) {
        for (uint32_t i = 0; i < d->n; i++)
                d->place[d->mine[i]] = i;
        for (uint32_t i = 0; i < d->n; i++)
                descent_off_update(d, d->mine[i]);
}

static void means_set(Descent *d) {
        const Problem *p = d->s->e->problem;

        for (uint32_t k = 0; k < d->n_shares; k++) {
                const uint32_t r = d->off_r[k];
                double load = 0, capacity = 0;

                for (HostIx h = 0; h < p->n_hosts; h++) {
                        load += (double) assignment_load(d->s->e->x, h)[r];
                        capacity += (double) problem_capacity(p, h)[r];
                }
                d->mean[k] = capacity > 0 ? load / capacity : 0;
        }
        for (uint32_t k = d->n_shares; k < d->n_off; k++) {
                const DeviationSums *sums = &d->s->e->deviations[k - d->n_shares];

                if (sums->n > 0)
                        d->mean[k] = (double) sums->sum / (double) SHARE_ONE / (double) sums->n;
        }
}

/* A gain of less than this share of the cheapest move is left: it would take many passes to collect all such,
 * and without them the plan has fewer moves. */
#define CRUMB_PERCENT 30

static Cost min_gain_of(const Columns *c) {
        return (Cost) (c->least_price * CRUMB_PERCENT / 100);
}

/* ---- shards ---- */

typedef struct Shard {
        Arena arena;
        Evaluator e; /* shares all that belongs to hosts and VMs with the others */
        SearchState s;
        Descent d;
        int failed;
} Shard;

typedef struct Shards {
        Shard *at;
        uint32_t n;
} Shards;

static void shard_run(void *arg, unsigned i) {
        Shard *shard = &((Shards *) arg)->at[i];

        descent_place(&shard->d);
        shard->failed = search_descend_descend(&shard->d, TIER_LOAD, problem_last_tier(shard->e.problem));
}

typedef struct ShardOrder {
        HostIx host;
        double off;
} ShardOrder;

static int by_off(const void *left, const void *right) {
        const ShardOrder *x = left, *y = right;

        if (x->off != y->off)
                return x->off > y->off ? -1 : 1;
        return x->host < y->host ? -1 : x->host > y->host;
}

/* Each shard is given hosts of all kinds: the host furthest from the mean goes where it evens out most. */
static int shards_deal(const Descent *d, Arena *a, Shards *shards) {
        const uint32_t most = (d->n + shards->n - 1) / shards->n;
        ShardOrder *order = arena_new(a, ShardOrder, d->n);
        double *sum = arena_new(a, double, (size_t) shards->n * d->n_off);

        if (!order || !sum)
                return -ENOMEM;
        for (uint32_t i = 0; i < d->n; i++)
                order[i] = (ShardOrder){ d->mine[i], d->priority[i].off };
        qsort(order, d->n, sizeof(ShardOrder), by_off);
        for (uint32_t i = 0; i < d->n; i++) {
                const uint32_t at = d->place[order[i].host];
                uint32_t best = IX_NONE;
                double least = 0;

                for (uint32_t k = 0; k < shards->n; k++) {
                        double key = 0;

                        if (shards->at[k].d.n == most)
                                continue;
                        for (uint32_t r = 0; r < d->n_off; r++)
                                key += sum[(size_t) k * d->n_off + r] *
                                       (double) d->off[(size_t) r * d->n + at];
                        if (best == IX_NONE || key < least) {
                                best = k;
                                least = key;
                        }
                }
                for (uint32_t r = 0; r < d->n_off; r++)
                        sum[(size_t) best * d->n_off + r] += (double) d->off[(size_t) r * d->n + at];
                shards->at[best].d.mine[shards->at[best].d.n++] = order[i].host;
        }
        for (uint32_t k = 0; k < shards->n; k++)
                qsort(shards->at[k].d.mine, shards->at[k].d.n, sizeof(HostIx), compare_uint32);
        return 0;
}

static int shards_build(Descent *d, Shards *shards) {
        const uint32_t most = (d->n + shards->n - 1) / shards->n;
        Arena *a = d->arena;
        int r = 0;

        shards->at = arena_new(a, Shard, shards->n);
        if (!shards->at)
                return -ENOMEM;
        for (uint32_t i = 0; i < shards->n && r == 0; i++) {
                Shard *shard = &shards->at[i];

                shard->e = *d->s->e;
                shard->e.cost = (Costs){ 0 };
                shard->s = *d->s;
                shard->s.e = &shard->e;
                shard->s.evaluations = shard->s.work = shard->s.asked = 0;
                memset(shard->s.refusals, 0, sizeof(shard->s.refusals));
                r = descent_build(&shard->d, a, &shard->s, d->columns, most);
                memcpy(shard->d.mean, d->mean, sizeof(d->mean));
                shard->d.place = d->place;
                shard->d.min_gain = d->min_gain;
                shard->d.shard = true;
                shard->d.n = 0;
        }
        return r == 0 ? shards_deal(d, a, shards) : r;
}

/* Room for hosts that come to hold many more VMs than they held: each shard has its own, so that none waits
 * for another. */
static int shards_arenas(Descent *d, Shards *shards) {
        const size_t each = (d->arena->limit - d->arena->used) / 2 / shards->n & ~(size_t) 4095;
        int r = 0;

        for (uint32_t i = 0; i < shards->n && r == 0; i++) {
                r = arena_split(d->arena, each, &shards->at[i].arena);
                shards->at[i].d.arena = &shards->at[i].arena;
        }
        return r;
}

static int shards_merge(Descent *d, const Shards *shards) {
        SearchState *s = d->s;
        const int64_t away = s->e->n_away, mib = s->e->mib_away;

        for (uint32_t i = 0; i < shards->n; i++) {
                const Shard *shard = &shards->at[i];

                if (shard->failed < 0)
                        return shard->failed;
                s->e->cost = costs_add(s->e->cost, shard->e.cost);
                s->e->n_away = (uint32_t) (s->e->n_away + (int64_t) shard->e.n_away - away);
                s->e->mib_away += shard->e.mib_away - mib;
                s->steps = s->steps > shard->s.steps ? s->steps : shard->s.steps;
                s->evaluations += shard->s.evaluations;
                s->guard_fired |= shard->s.guard_fired;
                for (int k = 0; k < REASON_N; k++)
                        s->refusals[k] += shard->s.refusals[k];
        }
        return 0;
}

/* A cap is for all; so are counts of services, and the reserve. */
static bool search_descend_divides(const Descent *d) {
        const SearchBudget *b = &d->s->budget;

        return d->n >= 2 * SHARD_HOSTS && b->max_moves == UINT32_MAX && b->max_mib == INT64_MAX &&
               d->s->e->terms->n_service_moves == 0 && !d->s->e->reserve && d->columns->whole && d->n_off > 0;
}

static int shards_descend(Descent *d) {
        Shards shards = { .n = d->n / SHARD_HOSTS };
        int r;

        if (!search_descend_divides(d))
                return 0;
        for (HostIx h = 0; h < d->n; h++)
                descent_priority_set(d, h);
        r = shards_build(d, &shards);
        if (r == 0)
                r = shards_arenas(d, &shards);
        if (r < 0)
                return r;
        if (d->s->workers)
                d->s->workers->run(d->s->workers, shards.n, shard_run, &shards);
        for (uint32_t i = 0; !d->s->workers && i < shards.n; i++)
                shard_run(&shards, i);
        r = shards_merge(d, &shards);
        descent_place(d);
        return r;
}

int search_descend(SearchState *s) {
        const Problem *p = s->e->problem;
        const ArenaMark mark = arena_mark(s->arena);
        Columns columns;
        Descent d = { 0 };
        int r = columns_build(s->arena, s->e, &columns);

        if (r == 0)
                r = descent_build(&d, s->arena, s, &columns, p->n_hosts);
        if (r != 0)
                return r;
        d.place = arena_new(s->arena, uint32_t, p->n_hosts);
        if (!d.place)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                d.mine[h] = h;
        d.min_gain = min_gain_of(&columns);
        means_set(&d);
        descent_place(&d);
        r = search_descend_descend(&d, TIER_REPAIR, TIER_EVACUATE);
        if (r >= 0 && problem_last_tier(p) >= TIER_LOAD)
                r = shards_descend(&d);
        if (r >= 0)
                r = search_descend_descend(&d, TIER_REPAIR, problem_last_tier(p));
        arena_rewind(s->arena, mark);
        return r;
}
