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

static int roll_order_by_size(const void *left, const void *right) {
        const Sized *x = left, *y = right;

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

static bool roll_order_has_room(const Roll *roll, VmIx v, HostIx h) {
        const int64_t *need = problem_need(roll->p, v), *load = roll->load + (size_t) h * roll->p->n_res;

        for (uint32_t r = 0; r < roll->p->n_res; r++)
                if (need[r] > 0 && load[r] + need[r] > roll->p->capacity[(size_t) h * roll->p->n_res + r])
                        return false;
        return true;
}

static int64_t memory_left(const Roll *roll, HostIx h) {
        const size_t at = (size_t) h * roll->p->n_res + RES_MEMORY;

        return roll->p->capacity[at] - roll->load[at];
}

/* Of hosts that need not be emptied any more the fullest; else the last to be emptied. IX_NONE: no room. */
static HostIx roll_order_find_place(const Roll *roll, VmIx v, uint32_t after, bool *ret_spills) {
        HostIx good = IX_NONE, late = IX_NONE;

        for (HostIx h = 0; h < roll->p->n_hosts; h++) {
                const bool later = roll->place[h] > after;

                if (roll->closed[h] || h == roll->at[v] || !may_run(roll->p, v, h) ||
                    !roll_order_has_room(roll, v, h))
                        continue;
                if (!later && (good == IX_NONE || memory_left(roll, h) < memory_left(roll, good)))
                        good = h;
                if (later && (late == IX_NONE || roll->place[h] > roll->place[late]))
                        late = h;
        }
        *ret_spills = good == IX_NONE && late != IX_NONE;
        return good != IX_NONE ? good : late;
}

static void roll_order_shift(Roll *roll, VmIx v, HostIx to) {
        const int64_t *need = problem_need(roll->p, v);
        int64_t *from = roll->load + (size_t) roll->at[v] * roll->p->n_res,
                *onto = roll->load + (size_t) to * roll->p->n_res;

        for (uint32_t r = 0; r < roll->p->n_res; r++) {
                from[r] -= need[r];
                onto[r] += need[r];
        }
        roll->at[v] = to;
}

/* Empties the hosts order[first .. end): false, and as before, when a VM finds no room. */
static bool roll_order_empty(Roll *roll, uint32_t first, uint32_t end, RollCost *c, bool *ret_spills) {
        RollCost before = *c;
        uint32_t n = 0, done = 0;
        bool all = true;

        *ret_spills = false;
        for (uint32_t i = first; i < end; i++)
                roll->closed[roll->order[i]] = true;
        for (VmIx v = 0; v < roll->p->n_vms; v++)
                if (roll->at[v] != IX_NONE && roll->closed[roll->at[v]])
                        roll->vms[n++] = (Sized){ problem_mib(roll->p, v), v };
        qsort(roll->vms, n, sizeof(*roll->vms), roll_order_by_size);
        for (uint32_t i = 0; i < n && all; i++) {
                const VmIx v = roll->vms[i].vm;
                bool spills = false;
                HostIx to = roll->p->pinned[v] == REASON_NONE ? roll_order_find_place(roll, v, end, &spills)
                                                              : IX_NONE;

                all = to != IX_NONE;
                if (!all)
                        break;
                roll->undo[done++] = (Sized){ roll->at[v] | (int64_t) roll->moved[v] << 32, v };
                roll_order_shift(roll, v, to);
                c->mib += roll->vms[i].mib;
                c->moves++;
                c->twice += roll->moved[v];
                c->twice_mib += roll->moved[v] ? roll->vms[i].mib : 0;
                roll->moved[v] = true;
                *ret_spills |= spills;
        }
        for (; !all && done > 0; done--) {
                const Sized *u = &roll->undo[done - 1];

                roll_order_shift(roll, u->vm, (HostIx) (u->mib & UINT32_MAX));
                roll->moved[u->vm] = u->mib >> 32 != 0;
        }
        if (!all)
                *c = before;
        for (uint32_t i = first; i < end; i++)
                roll->closed[roll->order[i]] = false;
        return all;
}

static RollCost roll_order_weigh(Roll *roll) {
        const Problem *p = roll->p;
        RollCost c = { 0 };

        memcpy(roll->at, p->home, sizeof(*roll->at) * p->n_vms);
        memset(roll->moved, 0, sizeof(*roll->moved) * p->n_vms);
        memset(roll->is_stuck, 0, sizeof(*roll->is_stuck) * roll->n);
        memcpy(roll->load, p->base, sizeof(*roll->load) * p->n_hosts * p->n_res);
        for (VmIx v = 0; v < p->n_vms; v++)
                for (uint32_t r = 0; r < p->n_res && p->home[v] != IX_NONE; r++)
                        roll->load[(size_t) p->home[v] * p->n_res + r] += problem_need(p, v)[r];
        for (uint32_t i = 0; i < roll->n; i++)
                roll->place[roll->order[i]] = i + 1;
        for (uint32_t i = 0, end; i < roll->n; i = end, c.groups++) {
                bool spills = false, whole = false;

                for (end = i + roll->at_once < roll->n ? i + roll->at_once : roll->n; end > i && !whole;
                     end -= !whole)
                        whole = roll_order_empty(roll, i, end, &c, &spills);
                if (!whole) { /* not even alone */
                        roll->is_stuck[i] = true;
                        c.stuck++;
                        end = i + 1;
                }
                roll->spills[c.groups] = spills;
                for (uint32_t k = i; k < end; k++)
                        roll->group[k] = c.groups;
        }
        return c;
}

static int roll_order_compare(const RollCost *left, const RollCost *right) {
        if (left->stuck != right->stuck)
                return left->stuck < right->stuck ? -1 : 1;
        if (left->mib != right->mib)
                return left->mib < right->mib ? -1 : 1;
        if (left->twice != right->twice)
                return left->twice < right->twice ? -1 : 1;
        return left->groups < right->groups ? -1 : left->groups > right->groups;
}

static void roll_order_swap(HostIx *order, uint32_t left, uint32_t right) {
        HostIx keep = order[left];

        order[left] = order[right];
        order[right] = keep;
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

static RollCost weigh_every(Roll *roll, HostIx *best) {
        RollCost least, c;

        qsort(roll->order, roll->n, sizeof(*roll->order), compare_uint32);
        least = roll_order_weigh(roll);
        memcpy(best, roll->order, sizeof(*best) * roll->n);
        while (next_order(roll->order, roll->n)) {
                c = roll_order_weigh(roll);
                if (roll_order_compare(&c, &least) < 0) {
                        least = c;
                        memcpy(best, roll->order, sizeof(*best) * roll->n);
                }
        }
        return least;
}

static RollCost roll_order_exchange(Roll *roll, HostIx *best, RollCost least) {
        uint32_t tries = 0;
        bool better = true;

        while (better && tries < ROLL_TRIES) {
                better = false;
                for (uint32_t i = 0; i < roll->n && tries < ROLL_TRIES; i++)
                        for (uint32_t k = i + 1; k < roll->n && tries < ROLL_TRIES; k++, tries++) {
                                RollCost c;

                                roll_order_swap(roll->order, i, k);
                                c = roll_order_weigh(roll);
                                if (roll_order_compare(&c, &least) >= 0) {
                                        roll_order_swap(roll->order, i, k);
                                        continue;
                                }
                                least = c;
                                better = true;
                        }
        }
        memcpy(best, roll->order, sizeof(*best) * roll->n);
        return least;
}

/* The host with the fewest bytes first: what it has may have to move twice. */
static void smallest_first(Roll *roll) {
        const Problem *p = roll->p;
        int64_t *mib = roll->load; /* not in use yet: [host] of it */

        memset(mib, 0, sizeof(*mib) * p->n_hosts);
        for (VmIx v = 0; v < p->n_vms; v++)
                if (p->home[v] != IX_NONE)
                        mib[p->home[v]] += problem_mib(p, v);
        for (uint32_t i = 1; i < roll->n; i++)
                for (uint32_t k = i; k > 0 && (mib[roll->order[k]] < mib[roll->order[k - 1]] ||
                                               (mib[roll->order[k]] == mib[roll->order[k - 1]] &&
                                                roll->order[k] < roll->order[k - 1]));
                     k--)
                        roll_order_swap(roll->order, k, k - 1);
}

static int roll_begin(Arena *a, const Problem *p, const HostIx *hosts, uint32_t n, Roll *roll) {
        roll->p = p;
        roll->n = n;
        roll->order = arena_new(a, HostIx, n);
        roll->place = arena_new(a, uint32_t, p->n_hosts);
        roll->at = arena_new(a, HostIx, p->n_vms);
        roll->load = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
        roll->moved = arena_new(a, bool, p->n_vms);
        roll->closed = arena_new(a, bool, p->n_hosts);
        roll->vms = arena_new(a, Sized, p->n_vms);
        roll->undo = arena_new(a, Sized, p->n_vms);
        roll->group = arena_new(a, uint32_t, n);
        roll->spills = arena_new(a, bool, n);
        roll->is_stuck = arena_new(a, bool, n);
        if (!roll->order || !roll->place || !roll->at || !roll->load || !roll->moved || !roll->closed ||
            !roll->vms || !roll->undo || !roll->group || !roll->spills || !roll->is_stuck)
                return -ENOMEM;
        if (n > 0)
                memcpy(roll->order, hosts, sizeof(*hosts) * n);
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
