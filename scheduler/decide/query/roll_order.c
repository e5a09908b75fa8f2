/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/query/roll_order.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"

typedef struct Sized {
        int64_t mib;
        VmIx vm;
} Sized;

/* One order weighed. */
typedef struct RollCost {
        uint32_t stuck; /* hosts that cannot be emptied */
        int64_t twice_mib, mib;
        uint32_t twice, moves, groups;
} RollCost;

typedef struct Roll {
        const Problem *p;
        uint32_t n, at_once;
        HostIx *order;   /* [n] the one being weighed */
        uint32_t *place; /* [host] 1 + its place in the order, or 0 */
        /* the walk through an order */
        HostIx *at;              /* [vm] */
        int64_t *load;           /* [host × res] */
        bool *moved;             /* [vm] */
        bool *closed;            /* [host] in the group that is emptied */
        Sized *vms, *undo;       /* of the group; */
        uint32_t *group;         /* [n] */
        bool *spills, *is_stuck; /* [n] by group; by place */
} Roll;

static int roll_order_by_size(const void *a, const void *b) {
        const Sized *x = a, *y = b;

        if (x->mib != y->mib)
                return x->mib > y->mib ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

static bool may_run(const Problem *p, VmIx v, HostIx h) {
        const uint32_t class = p->class_of ? p->class_of[v] : 0;

        if (p->roles[h].no_entry != REASON_NONE)
                return false;
        return !p->allowed || !p->allowed[class] || (p->allowed[class][h / 64] >> (h % 64) & 1);
}

static bool roll_order_has_room(const Roll *x, VmIx v, HostIx h) {
        const int64_t *need = problem_need(x->p, v), *load = x->load + (size_t) h * x->p->n_res;

        for (uint32_t r = 0; r < x->p->n_res; r++)
                if (need[r] > 0 && load[r] + need[r] > x->p->capacity[(size_t) h * x->p->n_res + r])
                        return false;
        return true;
}

static int64_t memory_left(const Roll *x, HostIx h) {
        const size_t at = (size_t) h * x->p->n_res + RES_MEMORY;

        return x->p->capacity[at] - x->load[at];
}

/* Of hosts that need not be emptied any more the fullest; else the last to be emptied. IX_NONE: no room. */
static HostIx roll_order_find_place(const Roll *x, VmIx v, uint32_t after, bool *ret_spills) {
        HostIx good = IX_NONE, late = IX_NONE;

        for (HostIx h = 0; h < x->p->n_hosts; h++) {
                const bool later = x->place[h] > after;

                if (x->closed[h] || h == x->at[v] || !may_run(x->p, v, h) || !roll_order_has_room(x, v, h))
                        continue;
                if (!later && (good == IX_NONE || memory_left(x, h) < memory_left(x, good)))
                        good = h;
                if (later && (late == IX_NONE || x->place[h] > x->place[late]))
                        late = h;
        }
        *ret_spills = good == IX_NONE && late != IX_NONE;
        return good != IX_NONE ? good : late;
}

static void roll_order_shift(Roll *x, VmIx v, HostIx to) {
        const int64_t *need = problem_need(x->p, v);
        int64_t *from = x->load + (size_t) x->at[v] * x->p->n_res,
                *onto = x->load + (size_t) to * x->p->n_res;

        for (uint32_t r = 0; r < x->p->n_res; r++) {
                from[r] -= need[r];
                onto[r] += need[r];
        }
        x->at[v] = to;
}

/* Empties the hosts order[first .. end): false, and as before, when a VM finds no room. */
static bool roll_order_empty(Roll *x, uint32_t first, uint32_t end, RollCost *c, bool *ret_spills) {
        RollCost before = *c;
        uint32_t n = 0, done = 0;
        bool all = true;

        *ret_spills = false;
        for (uint32_t i = first; i < end; i++)
                x->closed[x->order[i]] = true;
        for (VmIx v = 0; v < x->p->n_vms; v++)
                if (x->at[v] != IX_NONE && x->closed[x->at[v]])
                        x->vms[n++] = (Sized){ problem_need(x->p, v)[RES_MEMORY], v };
        qsort(x->vms, n, sizeof(*x->vms), roll_order_by_size);
        for (uint32_t i = 0; i < n && all; i++) {
                const VmIx v = x->vms[i].vm;
                bool spills = false;
                HostIx to =
                        x->p->pinned[v] == REASON_NONE ? roll_order_find_place(x, v, end, &spills) : IX_NONE;

                all = to != IX_NONE;
                if (!all)
                        break;
                x->undo[done++] = (Sized){ x->at[v] | (int64_t) x->moved[v] << 32, v };
                roll_order_shift(x, v, to);
                c->mib += x->vms[i].mib;
                c->moves++;
                c->twice += x->moved[v];
                c->twice_mib += x->moved[v] ? x->vms[i].mib : 0;
                x->moved[v] = true;
                *ret_spills |= spills;
        }
        for (; !all && done > 0; done--) {
                const Sized *u = &x->undo[done - 1];

                roll_order_shift(x, u->vm, (HostIx) (u->mib & UINT32_MAX));
                x->moved[u->vm] = u->mib >> 32 != 0;
        }
        if (!all)
                *c = before;
        for (uint32_t i = first; i < end; i++)
                x->closed[x->order[i]] = false;
        return all;
}

static RollCost roll_order_weigh(Roll *x) {
        const Problem *p = x->p;
        RollCost c = { 0 };

        memcpy(x->at, p->home, sizeof(*x->at) * p->n_vms);
        memset(x->moved, 0, sizeof(*x->moved) * p->n_vms);
        memset(x->is_stuck, 0, sizeof(*x->is_stuck) * x->n);
        memcpy(x->load, p->base, sizeof(*x->load) * p->n_hosts * p->n_res);
        for (VmIx v = 0; v < p->n_vms; v++)
                for (uint32_t r = 0; r < p->n_res && p->home[v] != IX_NONE; r++)
                        x->load[(size_t) p->home[v] * p->n_res + r] += problem_need(p, v)[r];
        for (uint32_t i = 0; i < x->n; i++)
                x->place[x->order[i]] = i + 1;
        for (uint32_t i = 0, end; i < x->n; i = end, c.groups++) {
                bool spills = false, whole = false;

                for (end = i + x->at_once < x->n ? i + x->at_once : x->n; end > i && !whole; end -= !whole)
                        whole = roll_order_empty(x, i, end, &c, &spills);
                if (!whole) { /* not even alone */
                        x->is_stuck[i] = true;
                        c.stuck++;
                        end = i + 1;
                }
                x->spills[c.groups] = spills;
                for (uint32_t k = i; k < end; k++)
                        x->group[k] = c.groups;
        }
        return c;
}

static int roll_order_compare(const RollCost *a, const RollCost *b) {
        if (a->stuck != b->stuck)
                return a->stuck < b->stuck ? -1 : 1;
        if (a->mib != b->mib)
                return a->mib < b->mib ? -1 : 1;
        if (a->twice != b->twice)
                return a->twice < b->twice ? -1 : 1;
        return a->groups < b->groups ? -1 : a->groups > b->groups;
}

static void roll_order_swap(HostIx *order, uint32_t a, uint32_t b) {
        HostIx keep = order[a];

        order[a] = order[b];
        order[b] = keep;
}

/* The next order in lexicographic sense (Knuth, The Art of Computer Programming 7.2.1.2, algorithm L). */
static bool next_order(HostIx *order, uint32_t n) {
        uint32_t j = n < 2 ? 0 : n - 1, k = n - 1;

        while (j > 0 && order[j - 1] >= order[j])
                j--;
        if (j == 0 || n < 2)
                return false;
        while (order[k] <= order[j - 1])
                k--;
        roll_order_swap(order, j - 1, k);
        for (uint32_t a = j, b = n - 1; a < b; a++, b--)
                roll_order_swap(order, a, b);
        return true;
}

static RollCost weigh_every(Roll *x, HostIx *best) {
        RollCost least, c;

        qsort(x->order, x->n, sizeof(*x->order), compare_uint32);
        least = roll_order_weigh(x);
        memcpy(best, x->order, sizeof(*best) * x->n);
        while (next_order(x->order, x->n)) {
                c = roll_order_weigh(x);
                if (roll_order_compare(&c, &least) < 0) {
                        least = c;
                        memcpy(best, x->order, sizeof(*best) * x->n);
                }
        }
        return least;
}

static RollCost roll_order_exchange(Roll *x, HostIx *best, RollCost least) {
        uint32_t tries = 0;
        bool better = true;

        while (better && tries < ROLL_TRIES) {
                better = false;
                for (uint32_t i = 0; i < x->n && tries < ROLL_TRIES; i++)
                        for (uint32_t k = i + 1; k < x->n && tries < ROLL_TRIES; k++, tries++) {
                                RollCost c;

                                roll_order_swap(x->order, i, k);
                                c = roll_order_weigh(x);
                                if (roll_order_compare(&c, &least) >= 0) {
                                        roll_order_swap(x->order, i, k);
                                        continue;
                                }
                                least = c;
                                better = true;
                        }
        }
        memcpy(best, x->order, sizeof(*best) * x->n);
        return least;
}

/* The host with the fewest bytes first: what it has may have to move twice. */
static void smallest_first(Roll *x) {
        const Problem *p = x->p;
        int64_t *mib = x->load; /* not in use yet: [host] of it */

        memset(mib, 0, sizeof(*mib) * p->n_hosts);
        for (VmIx v = 0; v < p->n_vms; v++)
                if (p->home[v] != IX_NONE)
                        mib[p->home[v]] += problem_need(p, v)[RES_MEMORY];
        for (uint32_t i = 1; i < x->n; i++)
                for (uint32_t k = i;
                     k > 0 && (mib[x->order[k]] < mib[x->order[k - 1]] ||
                               (mib[x->order[k]] == mib[x->order[k - 1]] && x->order[k] < x->order[k - 1]));
                     k--)
                        roll_order_swap(x->order, k, k - 1);
}

static int roll_begin(Arena *a, const Problem *p, const HostIx *hosts, uint32_t n, Roll *x) {
        x->p = p;
        x->n = n;
        x->order = arena_new(a, HostIx, n);
        x->place = arena_new(a, uint32_t, p->n_hosts);
        x->at = arena_new(a, HostIx, p->n_vms);
        x->load = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
        x->moved = arena_new(a, bool, p->n_vms);
        x->closed = arena_new(a, bool, p->n_hosts);
        x->vms = arena_new(a, Sized, p->n_vms);
        x->undo = arena_new(a, Sized, p->n_vms);
        x->group = arena_new(a, uint32_t, n);
        x->spills = arena_new(a, bool, n);
        x->is_stuck = arena_new(a, bool, n);
        if (!x->order || !x->place || !x->at || !x->load || !x->moved || !x->closed || !x->vms || !x->undo ||
            !x->group || !x->spills || !x->is_stuck)
                return -ENOMEM;
        if (n > 0)
                memcpy(x->order, hosts, sizeof(*hosts) * n);
        return 0;
}

int roll_order(Arena *a, const Problem *p, const HostIx *hosts, uint32_t n, uint32_t at_once,
               RollOrder *ret) {
        HostIx *best = arena_new(a, HostIx, n), *stuck = arena_new(a, HostIx, n);
        Roll x = { .at_once = at_once > 0 ? at_once : 1 };
        RollOrder order = { .hosts = best, .n = n, .stuck = stuck };
        RollCost c = { 0 };

        if (!best || !stuck || roll_begin(a, p, hosts, n, &x) < 0)
                return -ENOMEM;
        if (n > 0 && n <= ROLL_EXACT) {
                (void) weigh_every(&x, best);
        } else if (n > 0) {
                smallest_first(&x);
                (void) roll_order_exchange(&x, best, roll_order_weigh(&x));
        }
        if (n > 0) {
                memcpy(x.order, best, sizeof(*best) * n);
                c = roll_order_weigh(&x);
        }
        for (uint32_t i = 0; i < n; i++)
                if (x.is_stuck[i])
                        stuck[order.n_stuck++] = best[i];
        order.group = x.group;
        order.spills = x.spills;
        order.n_groups = c.groups;
        order.mib = c.mib;
        order.twice_mib = c.twice_mib;
        order.moves = c.moves;
        order.twice = c.twice;
        *ret = order;
        return 0;
}
