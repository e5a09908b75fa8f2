/* The descent: hosts are visited from the one furthest off; each gives away, takes, or swaps VMs with the
 * hosts that complement it best (full where it is empty), the best change first, until nothing gains. It ends
 * when a pass over all hosts finds nothing.
 *
 * What a pass looks at depends on where VMs are, never on how they came there: so a search started from the
 * result, with every VM at home there, looks at the same changes, finds them at least as dear, and makes
 * none.
 */
#include <errno.h>

#include "scheduler/decide/evaluator_hot.h"
#include "scheduler/decide/search_state.h"

#define PARTNERS 16 /* complementary hosts a host deals with; of 1,000 hosts, more change nothing */
#define SWAP_PARTNERS                                                                                        \
        4 /* swaps cost most: of 1,000 hosts, 10 give half a permille less spread in twice the time */
#define WINDOW 2048 /* hosts among which partners are looked for */

typedef struct Visit {
        uint64_t mark; /* of what was looked at in vain; 0: nothing yet */
        bool reserved; /* … and what came of it hung on the reserve, that is on all hosts */
} Visit;

typedef struct Heat {
        int64_t urgent, off; /* cost above balance; distance from the mean */
} Heat;

typedef struct Descent {
        SearchState *s;
        int32_t *off;         /* [host × res] share of use less the mean share */
        uint64_t *reciprocal; /* [host × res] */
        int64_t mean[PROBLEM_RES_MAX];
        bool counts[PROBLEM_RES_MAX]; /* resources that any term looks at */
        Visit *visits;                /* [host] */
        Heat *heat;                   /* [host] */
        HostIx *heap;                 /* hosts to deal with, the hottest first: a binary heap */
        uint32_t *place;              /* [host] in the heap; IX_NONE: not in it */
        uint32_t n_heap;
        HostIx partners[WINDOW];
        int64_t keys[WINDOW];
        uint32_t n_partners;
        int64_t least_gain; /* BALANCE: two hosts that could not gain this together are left alone; 0: all
                               dealt */
} Descent;

typedef struct Change {
        Costs delta;
        VmIx vm, other; /* other: IX_NONE, or who comes back */
        HostIx to;
} Change;

static bool gains(const Costs *d) {
        static const Costs nothing = { 0 };

        return costs_compare(d, &nothing) < 0;
}

static void off_update(Descent *d, HostIx h) {
        const Problem *p = d->s->e->problem;
        const int64_t *load = assignment_load(d->s->e->x, h);

        for (uint32_t r = 0; r < p->n_res; r++) {
                const size_t i = (size_t) h * p->n_res + r;

                d->off[i] = d->counts[r] ? (int32_t) (share_of(load[r], d->reciprocal[i]) - d->mean[r]) : 0;
        }
}

/* Above balance: host terms, and what VMs that sit there cost. */
static int64_t urgency(const SearchState *s, HostIx h) {
        const Terms *t = s->e->terms;
        const Costs *c = &s->e->hosts[h];
        int64_t sum = 0;

        for (uint32_t i = 0; i < t->n_sits; i++)
                if (t->sits[i].weight[h] > 0 && s->n_on[h] > 0)
                        return INT64_MAX;
        if (c->tier[TIER_REPAIR] > 0)
                return INT64_MAX - 1;
        sum = c->tier[TIER_EVACUATE] + c->tier[TIER_LOAD];
        return sum < INT64_MAX - 2 ? sum : INT64_MAX - 2;
}

static bool evacuates(const SearchState *s, HostIx h) {
        return s->e->problem->roles[h].evacuate > 0;
}

/* The hosts best suited to deal with h: least Σ off(h) × off(partner). Sorted, ties by index. */
static void partners_find(Descent *d, HostIx h) {
        const Problem *p = d->s->e->problem;
        const uint32_t n_res = p->n_res, window = p->n_hosts < WINDOW ? p->n_hosts : WINDOW;
        const uint32_t want = p->n_hosts <= 2 * PARTNERS || urgency(d->s, h) > 0 ? 2 * PARTNERS : PARTNERS;
        const int32_t *mine = d->off + (size_t) h * n_res;
        const bool leave = evacuates(d->s, h);
        HostIx other = (HostIx) (((uint64_t) h * 2654435761u) % p->n_hosts);

        d->n_partners = 0;
        for (uint32_t k = 0; k < window; k++, other = other + 1 == p->n_hosts ? 0 : other + 1) {
                const int32_t *theirs = d->off + (size_t) other * n_res;
                int64_t key = 0;
                uint32_t at;

                if (other == h || (leave && p->roles[other].no_entry != REASON_NONE))
                        continue;
                for (uint32_t r = 0; r < n_res; r++)
                        key += (leave ? SHARE_ONE : mine[r]) * (int64_t) theirs[r];
                at = d->n_partners;
                if (at == want &&
                    (key > d->keys[at - 1] || (key == d->keys[at - 1] && other > d->partners[at - 1])))
                        continue;
                if (at == want)
                        at--;
                else
                        d->n_partners++;
                for (; at > 0 &&
                       (d->keys[at - 1] > key || (d->keys[at - 1] == key && d->partners[at - 1] > other));
                     at--) {
                        d->keys[at] = d->keys[at - 1];
                        d->partners[at] = d->partners[at - 1];
                }
                d->keys[at] = key;
                d->partners[at] = other;
        }
}

/* Names what this visit would look at: the hosts and when each last changed. */
static uint64_t visit_mark(const Descent *d, HostIx h) {
        uint64_t mark = (d->s->changed[h] + 1) * UINT64_C(0x9e3779b97f4a7c15);

        for (uint32_t k = 0; k < d->n_partners; k++) {
                mark ^= d->partners[k] + (d->s->changed[d->partners[k]] << 20);
                mark *= UINT64_C(0xff51afd7ed558ccd);
                mark ^= mark >> 29;
        }
        return mark | 1;
}

/* What two hosts could gain at most by evening out: for factors f, g and shares apart by s, s²·f·g/(f+g) ≤
 * s²·(f+g)/4. */
static int64_t potential(const Descent *d, HostIx a, HostIx b) {
        const Evaluator *e = d->s->e;
        const uint32_t n_res = e->problem->n_res;
        int64_t sum = 0;

        for (uint32_t i = 0; i < e->n_squares; i++) {
                const SquareFamily *f = &e->squares[i];

                for (uint32_t k = 0; f->tier == TIER_BALANCE && k < f->n; k++) {
                        const size_t at_a = (size_t) a * n_res + f->r[k], at_b = (size_t) b * n_res + f->r[k];
                        const int64_t apart = d->off[at_a] - d->off[at_b];

                        sum += (apart * apart * (f->factor[at_a] + f->factor[at_b])) >> 18;
                }
        }
        return sum;
}

static bool refused(SearchState *s, Reason why) {
        s->refusals[why]++;
        return why != REASON_NONE;
}

static void consider(Change *best, Costs delta, VmIx vm, HostIx to, VmIx other) {
        if (costs_compare(&delta, &best->delta) < 0)
                *best = (Change){ delta, vm, other, to };
}

/* The reserve is asked last, and only about what would be the best otherwise: it costs a thousand times more.
 * Adds what it changes; false: it forbids the moves, or they cannot be the best. */
static bool reserve_lets(SearchState *s, const Move *moves, uint32_t n, const Change *best, Costs *d) {
        Costs least = *d;

        if (!s->e->reserve)
                return true;
        least.tier[TIER_LOAD] -= reserve_cost(s->e->reserve);
        return costs_compare(&least, &best->delta) < 0 && !refused(s, evaluator_reserve(s->e, moves, n, d));
}

static void try_shift(SearchState *s, VmIx v, HostIx to, Change *best) {
        const Move m = { v, s->e->x->host_of[v], to };
        Costs delta;

        s->evaluations++;
        if (!search_state_affords(s, v)) {
                s->refusals[REASON_BUDGET]++;
                return;
        }
        if (refused(s, hot_refuse(s->e, m)))
                return;
        delta = hot_delta(s->e, m);
        if (reserve_lets(s, &m, 1, best, &delta))
                consider(best, delta, v, to, IX_NONE);
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
        return p->n_res <= RES_MEMORY || problem_need(p, v)[RES_MEMORY] + problem_need(p, w)[RES_MEMORY] <=
                                                 s->budget.max_mib - s->e->mib_away;
}

static void try_swap(SearchState *s, VmIx v, VmIx w, Change *best) {
        const HostIx a = s->e->x->host_of[v], b = s->e->x->host_of[w];
        Costs delta;

        s->evaluations++;
        if (!affords_swap(s, v, w)) {
                s->refusals[REASON_BUDGET]++;
                return;
        }
        if (refused(s, hot_swap_refuse(s->e, v, w)))
                return;
        delta = hot_swap_delta(s->e, v, w);
        if (reserve_lets(s, (Move[]){ { v, a, b }, { w, b, a } }, 2, best, &delta))
                consider(best, delta, v, b, w);
}

static bool worth(const Descent *d, HostIx a, HostIx b, int64_t moves) {
        const SearchState *s = d->s;

        if (d->least_gain == 0 || (s->e->reserve && reserve_cost(s->e->reserve) > 0) || urgency(s, a) > 0 ||
            urgency(s, b) > 0)
                return true;
        return d->least_gain <= INT64_MAX / moves && potential(d, a, b) > moves * d->least_gain;
}

static void shifts_try(Descent *d, HostIx h, Change *best) {
        SearchState *s = d->s;

        for (uint32_t k = 0; k < d->n_partners; k++) {
                const HostIx other = d->partners[k];

                if (!worth(d, h, other, 1))
                        continue;
                for (VmIx v = s->first[h]; v != IX_NONE; v = s->next[v])
                        try_shift(s, v, other, best);
                for (VmIx v = s->first[other]; v != IX_NONE; v = s->next[v])
                        try_shift(s, v, h, best);
        }
}

static void swaps_try(Descent *d, HostIx h, Change *best) {
        SearchState *s = d->s;

        for (uint32_t k = 0; k < d->n_partners && k < SWAP_PARTNERS; k++) {
                const HostIx other = d->partners[k];

                if (!worth(d, h, other, 2))
                        continue;
                for (VmIx v = s->first[h]; v != IX_NONE; v = s->next[v])
                        for (VmIx w = s->first[other]; w != IX_NONE; w = s->next[w])
                                try_swap(s, v, w, best);
        }
}

static bool hotter(const Descent *d, HostIx a, HostIx b) {
        const Heat *x = &d->heat[a], *y = &d->heat[b];

        if (x->urgent != y->urgent)
                return x->urgent > y->urgent;
        return x->off != y->off ? x->off > y->off : a < b;
}

static void heap_put(Descent *d, uint32_t at, HostIx h) {
        d->heap[at] = h;
        d->place[h] = at;
}

static void heap_up(Descent *d, uint32_t at) {
        const HostIx h = d->heap[at];

        for (; at > 0 && hotter(d, h, d->heap[(at - 1) / 2]); at = (at - 1) / 2)
                heap_put(d, at, d->heap[(at - 1) / 2]);
        heap_put(d, at, h);
}

static void heap_down(Descent *d, uint32_t at) {
        const HostIx h = d->heap[at];

        for (uint32_t child; (child = 2 * at + 1) < d->n_heap; at = child) {
                if (child + 1 < d->n_heap && hotter(d, d->heap[child + 1], d->heap[child]))
                        child++;
                if (!hotter(d, d->heap[child], h))
                        break;
                heap_put(d, at, d->heap[child]);
        }
        heap_put(d, at, h);
}

static void heap_drop_first(Descent *d) {
        d->place[d->heap[0]] = IX_NONE;
        if (--d->n_heap > 0) {
                heap_put(d, 0, d->heap[d->n_heap]);
                heap_down(d, 0);
        }
}

/* h has changed, or is to be looked at again. */
static void heap_touch(Descent *d, HostIx h) {
        const Problem *p = d->s->e->problem;
        Heat heat = { .urgent = urgency(d->s, h) };

        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t o = d->off[(size_t) h * p->n_res + r];

                heat.off += o * o;
        }
        d->heat[h] = heat;
        if (d->place[h] == IX_NONE)
                heap_put(d, d->n_heap++, h);
        heap_up(d, d->place[h]);
        heap_down(d, d->place[h]);
}

static void change_make(Descent *d, const Change *c) {
        SearchState *s = d->s;
        const HostIx from = s->e->x->host_of[c->vm];

        search_state_move(s, (Move){ c->vm, from, c->to });
        if (c->other != IX_NONE)
                search_state_move(s, (Move){ c->other, c->to, from });
        off_update(d, from);
        off_update(d, c->to);
        heap_touch(d, from);
        heap_touch(d, c->to);
}

/* The best change the host can take part in is made. False: there is none. */
static bool visit(Descent *d, HostIx h) {
        const uint64_t reserved = d->s->refusals[REASON_RESERVE];
        Change best = { .vm = IX_NONE };
        uint64_t mark;

        partners_find(d, h);
        mark = visit_mark(d, h);
        if (d->visits[h].reserved)
                mark ^= (d->s->steps << 1);
        if (mark == d->visits[h].mark)
                return false;
        shifts_try(d, h, &best);
        if (best.vm == IX_NONE)
                swaps_try(d, h, &best);
        if (best.vm == IX_NONE || !gains(&best.delta)) {
                d->visits[h].reserved = d->s->refusals[REASON_RESERVE] != reserved;
                d->visits[h].mark = mark;
                return false;
        }
        change_make(d, &best);
        return true;
}

static void means_set(Descent *d) {
        const Problem *p = d->s->e->problem;

        for (uint32_t r = 0; r < p->n_res; r++) {
                int64_t load = 0, capacity = 0;

                d->counts[r] = (p->balance_weight && p->balance_weight[r] > 0) ||
                               (p->load_weight && p->load_weight[r] > 0);
                for (HostIx h = 0; h < p->n_hosts; h++) {
                        const int64_t c = problem_capacity(p, h)[r];

                        d->reciprocal[(size_t) h * p->n_res + r] = share_reciprocal(c);
                        load += assignment_load(d->s->e->x, h)[r];
                        capacity += c;
                }
                d->mean[r] = share_of(load, share_reciprocal(capacity));
        }
        for (HostIx h = 0; h < p->n_hosts; h++)
                off_update(d, h);
}

/* Pruning holds where balance is all there is: no soft rules, no pairs, no linear terms there. */
static int64_t least_gain(const Evaluator *e) {
        const int64_t *away = e->away[TIER_BALANCE];
        int64_t least = INT64_MAX;

        if (!away || e->n_pairs > 0)
                return 0;
        for (uint32_t i = 0; i < e->terms->n_rules; i++)
                if (e->terms->rules[i].tier == TIER_BALANCE)
                        return 0;
        for (uint32_t i = 0; i < e->n_lines; i++)
                if (e->lines[i].tier == TIER_BALANCE)
                        return 0;
        for (VmIx v = 0; v < e->problem->n_vms; v++)
                least = away[v] < least ? away[v] : least;
        return least;
}

int search_descend(SearchState *s) {
        const Problem *p = s->e->problem;
        const ArenaMark mark = arena_mark(s->arena);
        const size_t cells = (size_t) p->n_hosts * p->n_res;
        Descent *d = arena_new(s->arena, Descent, 1);
        bool any = true;

        if (!d)
                return -ENOMEM;
        d->s = s;
        d->off = arena_new(s->arena, int32_t, cells);
        d->reciprocal = arena_new(s->arena, uint64_t, cells);
        d->visits = arena_new(s->arena, Visit, p->n_hosts);
        d->heat = arena_new(s->arena, Heat, p->n_hosts);
        d->heap = arena_new(s->arena, HostIx, p->n_hosts);
        d->place = arena_new(s->arena, uint32_t, p->n_hosts);
        if (!d->off || !d->reciprocal || !d->visits || !d->heat || !d->heap || !d->place)
                return -ENOMEM;
        means_set(d);
        d->least_gain = least_gain(s->e);
        for (HostIx h = 0; h < p->n_hosts; h++)
                d->place[h] = IX_NONE;
        while (any && !search_state_stopped(s)) {
                any = false;
                for (HostIx h = 0; h < p->n_hosts; h++)
                        heap_touch(d, h);
                while (d->n_heap > 0 && !search_state_stopped(s)) {
                        const HostIx h = d->heap[0];

                        if (visit(d, h))
                                any = true;
                        else
                                heap_drop_first(d);
                }
        }
        arena_rewind(s->arena, mark);
        return 0;
}
