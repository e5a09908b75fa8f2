/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts are emptied one by one, those with the fewest VMs first: each of its VMs goes to the host in use that
 * it costs least on and, of equals, fills most, below the line for it (PackGoal). A host of which one VM
 * finds no place is left as it was. VMs that must share a host go together.
 *
 * With a reserve, hosts that are idle afterwards must not be needed for it: else nothing is gained by
 * emptying them. That is dear to ask, so it is asked of all at once (idle.h), and those that are needed are
 * filled again.
 *
 * What is looked at depends only on where VMs are, so that a search from the result empties nothing more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/cost/idle.h"
#include "scheduler/decide/search/descent.h"
#include "scheduler/decide/search/packing.h"

#define MOVES_MAX 512 /* VMs of a host that is emptied */
#define ASKED_MAX 8   /* hosts that the reserve is asked about for one VM */

typedef struct Candidate {
        int64_t mib;
        uint32_t n;
        HostIx host;
} Candidate;

typedef struct Sitting {
        int64_t size;
        uint32_t unit; /* VMs of one unit go to one host */
        VmIx vm;
} Sitting;

typedef struct Pack {
        SearchState *s;
        const PackGoal *goal;
        uint32_t *bound_to; /* [group] groups whose VMs share a host have one number; IX_NONE: free */
        bool *left;         /* [host] tried, and needed for the reserve */
        uint32_t n_used;
        Sitting sitting[MOVES_MAX];
        Move *moves; /* of the hosts emptied in this pass, in order */
        uint32_t n_moves, n_moves_most, n_sitting;
        HostIx *emptied; /* in this pass, in order */
        uint32_t *first; /* [emptied] its first move */
        uint32_t n_emptied;
        bool by_unit; /* VMs moved that must share a host */
} Pack;

static int by_effort(const void *left, const void *right) {
        const Candidate *x = left, *y = right;

        if (x->n != y->n)
                return x->n < y->n ? -1 : 1;
        if (x->mib != y->mib)
                return x->mib < y->mib ? -1 : 1;
        return x->host < y->host ? -1 : x->host > y->host;
}

static int search_pack_by_size(const void *left, const void *right) {
        const Sitting *x = left, *y = right;

        if (x->size != y->size)
                return x->size > y->size ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

/* ---- who sits there ---- */

static bool search_pack_binds(const GroupRule *rule) {
        return rule->must && rule->level == LEVEL_HOST &&
               (rule->kind == RULE_TOGETHER || rule->kind == RULE_NEAR);
}

static int groups_bind(Pack *k) {
        const Problem *p = k->s->e->problem;

        k->bound_to = arena_new(k->s->arena, uint32_t, p->n_groups);
        if (!k->bound_to)
                return -ENOMEM;
        memset(k->bound_to, 0xff, sizeof(uint32_t) * p->n_groups);
        for (uint32_t i = 0; i < p->n_rules; i++) {
                const uint32_t g = p->rules[i].group;
                const uint32_t b = p->rules[i].kind == RULE_NEAR ? p->rules[i].group_b : g;
                const uint32_t old = k->bound_to[b];

                if (search_state_stopped(k->s))
                        return 0; /* nothing will be emptied */
                if (!search_pack_binds(&p->rules[i]))
                        continue;
                k->s->work += old != IX_NONE ? p->n_groups / 8 : 0;
                if (k->bound_to[g] == IX_NONE)
                        k->bound_to[g] = g;
                k->bound_to[b] = k->bound_to[g];
                for (uint32_t m = 0; old != IX_NONE && m < p->n_groups; m++)
                        if (k->bound_to[m] == old)
                                k->bound_to[m] = k->bound_to[g];
        }
        return 0;
}

/* Earlier VMs of the host that share a bound group with this one are of its unit. */
static void unit_join(Pack *k, uint32_t i) {
        const Problem *p = k->s->e->problem;
        const VmIx v = k->sitting[i].vm;

        k->sitting[i].unit = i;
        for (uint32_t m = 0; m < i; m++) {
                const VmIx w = k->sitting[m].vm;
                bool shared = false;

                k->s->work += (uint64_t) (p->groups_of_start[v + 1] - p->groups_of_start[v]) *
                              (p->groups_of_start[w + 1] - p->groups_of_start[w]) / 8;

                for (uint32_t a = p->groups_of_start[v]; a < p->groups_of_start[v + 1]; a++)
                        for (uint32_t b = p->groups_of_start[w]; b < p->groups_of_start[w + 1]; b++)
                                shared |= k->bound_to[p->groups_of[a]] != IX_NONE &&
                                          k->bound_to[p->groups_of[a]] == k->bound_to[p->groups_of[b]];
                for (uint32_t j = 0; shared && k->sitting[m].unit != i && j < i; j++)
                        if (j != m && k->sitting[j].unit == k->sitting[m].unit)
                                k->sitting[j].unit = i;
                if (shared)
                        k->sitting[m].unit = i;
        }
}

/* False: too many, or one of them may not move. */
static bool sitting_list(Pack *k, HostIx h) {
        const SearchState *s = k->s;
        const Problem *p = s->e->problem;

        k->n_sitting = 0;
        for (VmIx v = s->first[h]; v != IX_NONE; v = s->next[v]) {
                int64_t size = 0;

                if (k->n_sitting == MOVES_MAX || (p->pinned && p->pinned[v] != REASON_NONE))
                        return false;
                for (uint32_t r = 0; r < p->n_res && r <= RES_MEMORY; r++) {
                        const int64_t share = load_permille(problem_need(p, v)[r], problem_capacity(p, h)[r]);

                        size = share > size ? share : size;
                }
                k->sitting[k->n_sitting++] = (Sitting){ .size = size, .vm = v };
        }
        qsort(k->sitting, k->n_sitting, sizeof(Sitting), search_pack_by_size);
        for (uint32_t i = 0; i < k->n_sitting && !search_state_stopped(k->s); i++)
                if (k->bound_to)
                        unit_join(k, i);
                else
                        k->sitting[i].unit = i;
        return !search_state_stopped(k->s);
}

/* ---- where to ---- */

/* What stays free on h with v there, in the scarcest resource. */
static int64_t search_pack_left_over(const Pack *k, VmIx v, HostIx h) {
        const Problem *p = k->s->e->problem;
        const int64_t *need = problem_need(p, v), *load = assignment_load(k->s->e->x, h);
        int64_t least = INT64_MAX;

        for (uint32_t r = 0; r < p->n_res && r <= RES_MEMORY; r++) {
                const int64_t line = k->goal->line[(size_t) h * p->n_res + r];
                const int64_t left = load_permille(line - load[r] - need[r], problem_capacity(p, h)[r]);

                least = left < least ? left : least;
        }
        return least;
}

typedef struct Place {
        Costs delta;
        int64_t left;
        HostIx host;
} Place;

static bool place_better(const Place *left, const Place *right) {
        const int c = right->host == IX_NONE ? -1 : costs_compare(&left->delta, &right->delta);

        return c != 0 ? c < 0 : left->left < right->left;
}

/* The reserve has no say in which host is best, only in whether it may be. */
static HostIx place_find(Pack *k, VmIx v, HostIx from) {
        SearchState *s = k->s;
        HostIx asked[ASKED_MAX] = { 0 };

        for (uint32_t n = 0; n < ASKED_MAX; n++) {
                Place best = { .host = IX_NONE };

                for (HostIx h = 0; h < s->e->problem->n_hosts; h++) {
                        const Move m = { v, from, h };
                        Place place = { .host = h };
                        bool known = false;

                        if (h == from || s->n_on[h] == 0 || !pack_fits(k->s, k->goal, v, h))
                                continue;
                        for (uint32_t i = 0; i < n; i++)
                                known |= asked[i] == h;
                        s->evaluations++;
                        if (known || hot_refuse(s->e, m) != REASON_NONE)
                                continue;
                        place.delta = hot_delta(s->e, m);
                        place.left = search_pack_left_over(k, v, h);
                        if (place_better(&place, &best))
                                best = place;
                }
                if (best.host == IX_NONE || !s->e->reserve ||
                    evaluator_refuse(s->e, (Move){ v, from, best.host }) == REASON_NONE)
                        return best.host;
                s->refusals[REASON_RESERVE]++;
                asked[n] = best.host;
        }
        return IX_NONE;
}

static void move_make(Pack *k, Move m) {
        search_state_move(k->s, m);
        k->moves[k->n_moves++] = m;
}

static void moves_undo(Pack *k, uint32_t down_to) {
        while (k->n_moves > down_to) {
                const Move m = k->moves[--k->n_moves];

                search_state_move(k->s, (Move){ m.vm, m.to, m.from });
        }
}

static bool search_pack_affords(Pack *k, VmIx v) {
        if (search_state_affords(k->s, v))
                return true;
        k->s->refusals[REASON_BUDGET]++;
        return false;
}

static bool unit_fits(const Pack *k, uint32_t unit, HostIx to) {
        const Evaluator *e = k->s->e;

        if (e->problem->roles[to].no_entry != REASON_NONE)
                return false;
        for (uint32_t i = 0; i < k->n_sitting; i++)
                if (k->sitting[i].unit == unit && evaluator_denied(e, k->sitting[i].vm, to) != REASON_NONE)
                        return false;
        return true;
}

/* All of the unit to one host, one after the other; rules are asked when all have moved. */
static bool unit_to(Pack *k, uint32_t unit, HostIx from, HostIx to) {
        Evaluator *e = k->s->e;
        const uint32_t first = k->n_moves;
        const ReserveMeasure before = e->reserve ? reserve_measure(e->reserve) : (ReserveMeasure){ 0 };

        if (!unit_fits(k, unit, to))
                return false;
        for (uint32_t i = 0; i < k->n_sitting; i++) {
                const VmIx v = k->sitting[i].vm;

                if (k->sitting[i].unit != unit)
                        continue;
                if (!pack_fits(k->s, k->goal, v, to) || !search_pack_affords(k, v)) {
                        moves_undo(k, first);
                        return false;
                }
                move_make(k, (Move){ v, from, to });
        }
        if (moves_break_rules(e, k->moves + first, k->n_moves - first) ||
            (e->reserve && reserve_exceeds(reserve_measure(e->reserve), before))) {
                moves_undo(k, first);
                return false;
        }
        return true;
}

/* The fullest host that takes all of them. */
static bool unit_move(Pack *k, uint32_t unit, HostIx from) {
        const uint32_t n_hosts = k->s->e->problem->n_hosts;
        const VmIx largest = k->sitting[unit].vm;
        int64_t above = -1;
        HostIx last = 0;

        for (;;) {
                HostIx next = IX_NONE;
                int64_t least = INT64_MAX;

                k->s->work += n_hosts / 4;
                if (search_state_stopped(k->s))
                        return false;
                for (HostIx h = 0; h < n_hosts; h++) {
                        const int64_t left =
                                h != from && k->s->n_on[h] > 0 && pack_fits(k->s, k->goal, largest, h)
                                        ? search_pack_left_over(k, largest, h)
                                        : INT64_MAX;

                        if ((left > above || (left == above && h > last)) && left < least) {
                                least = left;
                                next = h;
                        }
                }
                if (next == IX_NONE)
                        return false;
                if (unit_to(k, unit, from, next))
                        return true;
                above = least;
                last = next;
        }
}

static bool unit_is_one(const Pack *k, uint32_t i) {
        uint32_t n = 0;

        for (uint32_t m = 0; m < k->n_sitting; m++)
                n += k->sitting[m].unit == k->sitting[i].unit;
        return n == 1;
}

/* ---- one host ---- */

static bool vms_leave(Pack *k, HostIx h) {
        for (uint32_t i = 0; i < k->n_sitting; i++) {
                const VmIx v = k->sitting[i].vm;
                HostIx to;

                if (search_state_stopped(k->s))
                        return false;

                if (k->s->e->x->host_of[v] != h)
                        continue; /* its unit has gone */
                if (!unit_is_one(k, i)) {
                        k->by_unit = true;
                        if (!unit_move(k, k->sitting[i].unit, h))
                                return false;
                        continue;
                }
                to = search_pack_affords(k, v) ? place_find(k, v, h) : IX_NONE;
                if (to == IX_NONE)
                        return false;
                move_make(k, (Move){ v, h, to });
        }
        return true;
}

/* Wholly or not at all. */
static bool host_empty(Pack *k, HostIx h) {
        const Costs before = k->s->e->cost;
        const uint32_t first = k->n_moves;

        if (!sitting_list(k, h))
                return false;
        if (!vms_leave(k, h) || costs_compare(&k->s->e->cost, &before) >= 0) {
                moves_undo(k, first);
                return false;
        }
        k->first[k->n_emptied] = first;
        k->emptied[k->n_emptied++] = h;
        k->n_used--;
        return true;
}

/* ---- all of them ---- */

static uint32_t candidates_list(const Pack *k, Candidate *list) {
        const SearchState *s = k->s;
        const Problem *p = s->e->problem;
        uint32_t n = 0;

        for (HostIx h = 0; h < p->n_hosts; h++) {
                Candidate c = { .host = h, .n = s->n_on[h] };

                if (c.n == 0 || k->goal->cost[h] == 0 || k->left[h])
                        continue;
                for (VmIx v = s->first[h]; v != IX_NONE && p->n_res > RES_MEMORY; v = s->next[v])
                        c.mib += problem_mib(p, v);
                list[n++] = c;
        }
        qsort(list, n, sizeof(Candidate), by_effort);
        return n;
}

/* The hosts that were idle and those emptied in this pass: `keep_free` of them may be needed for the reserve,
 * and with the next one that is, all that were emptied after it are filled again, for their VMs may sit where
 * its VMs were. 1: so it was. */
static int reserve_takes_back(Pack *k) {
        const Problem *p = k->s->e->problem;
        const ArenaMark mark = arena_mark(k->s->arena);
        HostIx *idle = arena_new(k->s->arena, HostIx, (size_t) p->n_hosts * 2);
        bool *off = arena_new(k->s->arena, bool, p->n_hosts);
        uint32_t n = 0, old = 0, needed = 0, i = 0;
        int r = idle && off ? idle_list(k->s->arena, p, k->s->e->x->host_of, idle, &n) : -ENOMEM;

        for (uint32_t at = 0; r == 0 && at < n; at++) {
                bool fresh = false;

                for (uint32_t m = 0; m < k->n_emptied; m++)
                        fresh |= k->emptied[m] == idle[at];
                if (!fresh)
                        idle[old++] = idle[at];
        }
        if (r == 0) {
                memcpy(idle + old, k->emptied, sizeof(HostIx) * k->n_emptied);
                r = idle_may_be_off(k->s->arena, p, k->s->e->x->host_of, idle, old + k->n_emptied, off);
        }
        for (uint32_t at = 0; r == 0 && at < old; at++)
                needed += !off[idle[at]];
        for (; r == 0 && i < k->n_emptied; i++) {
                needed += !off[k->emptied[i]];
                if (!off[k->emptied[i]] && needed > k->goal->keep_free)
                        break;
        }
        if (r == 0 && i < k->n_emptied) {
                k->left[k->emptied[i]] = true;
                moves_undo(k, k->first[i]);
                k->n_used += k->n_emptied - i;
                k->n_emptied = i;
                r = 1;
        }
        arena_rewind(k->s->arena, mark);
        return r;
}

/* The moves of the pass go on from the search's walk. VMs that must share a host go one by one, which no order may do. */
static void walk_on(Pack *k) {
        PackWalk *w = &k->s->walk;

        w->whole = w->whole && !k->by_unit && k->n_moves <= w->most - w->n;
        for (uint32_t i = 0; w->whole && i < k->n_moves; i++)
                pack_walk_add(w, k->moves[i]);
}

/* 1: another pass may find more; 0: nothing is left to do. */
static int search_pack_pass(Pack *k) {
        const ArenaMark mark = arena_mark(k->s->arena);
        const uint32_t n_hosts = k->s->e->problem->n_hosts;
        Candidate *list = arena_new(k->s->arena, Candidate, n_hosts);
        uint32_t n;
        int r = 0;

        if (!list)
                return -ENOMEM;
        n = candidates_list(k, list);
        k->n_emptied = k->n_moves = 0;
        for (uint32_t i = 0; i < n && k->n_used > k->goal->least_used && !search_state_stopped(k->s); i++)
                if (k->s->n_on[list[i].host] > 0 && k->n_moves + MOVES_MAX <= k->n_moves_most)
                        r |= host_empty(k, list[i].host);
        if (r > 0 && k->s->e->reserve) {
                const int taken = reserve_takes_back(k);

                r = taken != 0 ? taken : 1;
        }
        walk_on(k);
        arena_rewind(k->s->arena, mark);
        return r;
}

/* Until nothing more is emptied. */
static int search_pack_passes(Pack *k) {
        int r;

        k->n_used = 0;
        for (HostIx h = 0; h < k->s->e->problem->n_hosts; h++)
                k->n_used += k->s->n_on[h] > 0;
        do
                r = search_pack_pass(k);
        while (r > 0 && !search_state_stopped(k->s));
        return r < 0 ? r : 0;
}

/* Several hosts together. VMs that may not move, or only with others, stay, and so do those that are dear to move. Not with caps or a
 * reserve: these are asked of one host at a time. */
static int search_pack_together(Pack *k) {
        SearchState *s = k->s;
        const Problem *p = s->e->problem;
        const int64_t *price = s->e->away[TIER_BALANCE];
        int64_t most = 0; /* that an idle host is worth */
        bool *stays;

        for (HostIx h = 0; h < p->n_hosts; h++)
                most = k->goal->cost[h] > most ? k->goal->cost[h] : most;
        if (s->e->reserve || !s->walk.whole || s->budget.max_moves != UINT32_MAX ||
            s->budget.max_mib != INT64_MAX)
                return 0;
        stays = arena_new(s->arena, bool, p->n_vms);
        if (!stays)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++) {
                stays[v] = (p->pinned && p->pinned[v] != REASON_NONE) || (price && price[v] > most);
                for (uint32_t i = k->bound_to ? p->groups_of_start[v] : 0;
                     k->bound_to && i < p->groups_of_start[v + 1]; i++)
                        stays[v] |= k->bound_to[p->groups_of[i]] != IX_NONE;
        }
        return pack_exchange(s, &s->walk, stays, k->left);
}

int search_pack(SearchState *s) {
        const Problem *p = s->e->problem;
        const ArenaMark mark = arena_mark(s->arena);
        uint32_t alone;
        Pack *k;
        int r;

        if (!p->pack || problem_last_tier(p) < TIER_BALANCE)
                return 0;
        k = arena_new(s->arena, Pack, 1);
        if (!k)
                return -ENOMEM;
        k->s = s;
        k->goal = p->pack;
        k->left = arena_new(s->arena, bool, p->n_hosts);
        k->emptied = arena_new(s->arena, HostIx, p->n_hosts);
        k->first = arena_new(s->arena, uint32_t, p->n_hosts);
        k->n_moves_most = 2 * p->n_vms + MOVES_MAX;
        k->moves = arena_new(s->arena, Move, k->n_moves_most);
        r = k->left && k->emptied && k->first && k->moves ? 0 : -ENOMEM;
        if (r == 0 && p->groups && p->groups_of_start)
                r = groups_bind(k);
        s->walk.whole = s->e->n_away == 0 && s->walk.most > 0;
        if (r == 0)
                r = search_pack_passes(k);
        alone = s->walk.n;
        if (r == 0)
                r = search_pack_together(k);
        if (r == 0 && s->walk.n > alone) /* hosts are filled in another way now */
                r = search_pack_passes(k);
        if (r == 0 && s->walk.whole)
                r = pack_walk_shorten(s->arena, p, p->pack, &s->walk);
        arena_rewind(s->arena, mark);
        return r;
}
