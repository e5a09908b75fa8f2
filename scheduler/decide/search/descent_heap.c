/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts to be visited, the one furthest off first; and a move, after which both its hosts are to be. */
#include "scheduler/decide/search/descent.h"

void descent_off_update(Descent *d, HostIx h) {
        const Problem *p = d->s->e->problem;
        const int64_t *load = assignment_load(d->s->e->x, h), *capacity = problem_capacity(p, h);

        for (uint32_t k = 0; k < d->n_shares; k++) {
                const uint32_t r = d->off_r[k];
                const double share = capacity[r] > 0 ? (double) load[r] / (double) capacity[r] : 0;

                d->off[(size_t) k * d->n + d->place[h]] = (float) ((share < 16 ? share : 16) - d->mean[k]);
        }
        for (uint32_t k = d->n_shares; k < d->n_off; k++) {
                const DeviationSums *sums = &d->s->e->deviations[k - d->n_shares];

                if (sums->reciprocal[h] != 0)
                        d->off[(size_t) k * d->n + d->place[h]] =
                                (float) ((double) sums->share[h] / (double) SHARE_ONE - d->mean[k]);
        }
}

/* ---- the heap of hosts to be visited ---- */

static bool descent_heap_hotter(const Descent *d, uint32_t left, uint32_t right) {
        const Priority *x = &d->priority[left], *y = &d->priority[right];

        if (x->urgent != y->urgent)
                return x->urgent > y->urgent;
        return x->off != y->off ? x->off > y->off : left < right;
}

static void heap_put(Descent *d, uint32_t at, uint32_t i) {
        d->heap[at] = i;
        d->in_heap[i] = at;
}

static void heap_up(Descent *d, uint32_t at) {
        const uint32_t i = d->heap[at];

        for (; at > 0 && descent_heap_hotter(d, i, d->heap[(at - 1) / 2]); at = (at - 1) / 2)
                heap_put(d, at, d->heap[(at - 1) / 2]);
        heap_put(d, at, i);
}

static void heap_down(Descent *d, uint32_t at) {
        const uint32_t i = d->heap[at];

        for (uint32_t child; (child = 2 * at + 1) < d->n_heap; at = child) {
                if (child + 1 < d->n_heap && descent_heap_hotter(d, d->heap[child + 1], d->heap[child]))
                        child++;
                if (!descent_heap_hotter(d, d->heap[child], i))
                        break;
                heap_put(d, at, d->heap[child]);
        }
        heap_put(d, at, i);
}

void descent_heap_drop(Descent *d, uint32_t i) {
        const uint32_t at = d->in_heap[i], last = d->heap[--d->n_heap];

        d->in_heap[i] = IX_NONE;
        if (i == last)
                return;
        heap_put(d, at, last);
        heap_up(d, at);
        heap_down(d, d->in_heap[last]);
}

/* What the host costs in the tier of the phase. */
static int64_t phase_urgency(const Descent *d, HostIx h) {
        const SearchState *s = d->s;
        const Terms *t = s->e->terms;
        int64_t sum = s->e->hosts[h].tier[d->phase];

        if (d->phase == TIER_BALANCE)
                return descent_urgency(d, h);
        if (d->phase == TIER_REPAIR)
                return sum + (d->needs_repair ? d->needs_repair[h] : 0);
        for (uint32_t i = 0; i < t->n_host_costs; i++)
                if (t->host_costs[i].tier == d->phase && s->n_on[h] > 0)
                        sum += t->host_costs[i].weight[h];
        return sum;
}

void descent_priority_set(Descent *d, HostIx h) {
        const uint32_t i = d->place[h];
        Priority priority = { .urgent = phase_urgency(d, h) };

        for (uint32_t k = 0; k < d->n_off; k++) {
                const double o = (double) d->off[(size_t) k * d->n + i];

                priority.off += o * o;
        }
        d->priority[i] = priority;
}

/* h has changed, or is to be looked at again. */
void descent_heap_touch(Descent *d, HostIx h) {
        const uint32_t i = d->place[h];

        descent_priority_set(d, h);
        if (d->phase != TIER_BALANCE && d->priority[i].urgent <= 0) {
                if (d->in_heap[i] != IX_NONE)
                        descent_heap_drop(d, i);
                return;
        }
        if (d->in_heap[i] == IX_NONE)
                heap_put(d, d->n_heap++, i);
        heap_up(d, d->in_heap[i]);
        heap_down(d, d->in_heap[i]);
}

/* ---- visits ---- */

int descent_move(Descent *d, Move m) {
        search_state_move(d->s, m);
        descent_off_update(d, m.from);
        descent_off_update(d, m.to);
        descent_heap_touch(d, m.from);
        descent_heap_touch(d, m.to);
        return columns_move(d->columns, d->arena, m);
}
