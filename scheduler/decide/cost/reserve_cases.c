/* SPDX-License-Identifier: Apache-2.0 */
/* Kept up to date case by case. A case looks at the hosts after its own until its VMs have places, so that a
 * move matters to the few cases that looked at its two hosts; the others stay as they are. And of those that
 * did look, a case stays as it is where none of its VMs was placed on a host that changed, none fits there
 * that did not before, and no VM without a place is nearer to one, or further from it, by the change. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/decide/cost/reserve_parts.h"

/* The hosts that take VMs in case c, into k->takers. */
static void takers_set(Reserve *k, uint32_t c) {
        const size_t words = k->p->n_hosts / 64 + 1;

        memcpy(k->takers, k->refuges, sizeof(*k->takers) * words);
        for (uint32_t i = 0; i < k->goal->losses; i++) {
                const uint32_t d = k->domains[(size_t) c * k->goal->losses + i];

                if (!k->hosts_start)
                        k->takers[d / 64] &= ~(UINT64_C(1) << d % 64);
                for (uint32_t j = k->hosts_start ? k->hosts_start[d] : 0;
                     k->hosts_start && j < k->hosts_start[d + 1]; j++)
                        k->takers[k->hosts[j] / 64] &= ~(UINT64_C(1) << k->hosts[j] % 64);
        }
}

static uint32_t list_host(Reserve *k, HostIx h, uint32_t n) {
        for (VmIx v = k->first[h]; v != IX_NONE && reserve_may_be_lost(k->p, h); v = k->next[v])
                k->list[n++] = v;
        return n;
}

/* The VMs of the lost hosts by size, into k->list: one host's are sorted already. */
static uint32_t list_lost(Reserve *k, uint32_t c) {
        const ReserveGoal *goal = k->goal;
        uint32_t n = 0, lists = 0;

        for (uint32_t i = 0; i < goal->losses; i++) {
                const uint32_t d = k->domains[(size_t) c * goal->losses + i];

                if (!k->hosts_start) {
                        n = list_host(k, d, n);
                        lists++;
                        continue;
                }
                for (uint32_t j = k->hosts_start[d]; j < k->hosts_start[d + 1]; j++, lists++)
                        n = list_host(k, k->hosts[j], n);
        }
        if (lists > 1) {
                for (uint32_t i = 0; i < n; i++)
                        k->list[i] = k->rank[k->list[i]];
                qsort(k->list, n, sizeof(VmIx), compare_uint32);
                for (uint32_t i = 0; i < n; i++)
                        k->list[i] = goal->by_size[k->list[i]];
        }
        return n;
}

/* Where VM v may be, whatever room there is: the hosts from c->start on, round to those before it. */
typedef struct Tour {
        const uint64_t *takers, *allowed; /* NULL: all are */
        HostIx start, at, end;
} Tour;

static Tour tour_begin(const Reserve *k, const Case *c, VmIx v) {
        const Problem *p = k->p;

        return (Tour){ .takers = k->takers,
                       .allowed = p->n_classes > 0 ? p->allowed[p->class_of ? p->class_of[v] : 0] : NULL,
                       .start = c->start,
                       .at = c->start,
                       .end = p->n_hosts };
}

/* The next one; IX_NONE: that was all. */
static HostIx tour_next(Tour *t) {
        for (;; t->at = 0, t->end = t->start) {
                while (t->at < t->end) {
                        const uint32_t word = t->at / 64;
                        const uint64_t bits =
                                (t->takers[word] & (t->allowed ? t->allowed[word] : UINT64_MAX)) >>
                                t->at % 64;

                        t->at = bits ? t->at + (uint32_t) __builtin_ctzll(bits) + 1 : (word + 1) * 64;
                        if (bits && t->at <= t->end)
                                return t->at - 1;
                }
                if (t->end == t->start)
                        return IX_NONE;
        }
}

/* Whether need is nearer to fitting into room than `far`, or as near: one that is further need not be measured. */
static bool need_is_near(const int64_t *need, const int64_t *room, uint32_t n_res, int64_t far) {
        for (uint32_t r = 0; r < n_res; r++)
                if (need[r] > 0 && (need[r] - positive(room[r])) * (RESERVE_FAR - 1) >= need[r] * far)
                        return false;
        return true;
}

/* Of a VM that no host takes: how far the nearest is. */
static void lack_set(const Reserve *k, const Case *c, VmIx v, Lack *lack) {
        const int64_t *need = problem_need(k->p, v);
        Tour tour = tour_begin(k, c, v);

        for (HostIx h; (h = tour_next(&tour)) != IX_NONE;) {
                const int64_t *room = k->room + (size_t) h * k->p->n_res;
                int64_t far;

                if (!need_is_near(need, room, k->p->n_res, lack->far))
                        continue;
                far = reserve_shortfall(need, room, k->p->n_res);
                if (far < lack->far)
                        *lack = (Lack){ { h, IX_NONE }, far };
                else if (lack->nearest[1] == IX_NONE && lack->nearest[0] != IX_NONE)
                        lack->nearest[1] = h;
        }
}

static bool has_room(const Reserve *k, HostIx h, const int64_t *need) {
        const int64_t *room = k->room + (size_t) h * k->p->n_res;

        for (uint32_t r = 0; r < k->p->n_res; r++)
                if (need[r] > room[r] && need[r] > 0)
                        return false;
        return true;
}

/* The first host with room from c->start on. */
static HostIx first_place(const Reserve *k, Case *c, VmIx v) {
        const int64_t *need = problem_need(k->p, v);
        Tour tour = tour_begin(k, c, v);
        HostIx h;
        uint32_t looked_at;

        do
                h = tour_next(&tour);
        while (h != IX_NONE && !has_room(k, h, need));
        looked_at = h == IX_NONE ? k->p->n_hosts : steps_to(k, c, h) + 1;
        c->reach = looked_at > c->reach ? looked_at : c->reach;
        return h;
}

/* The host with room that is fullest with it, and what is left there then; of equals, the first from c->start on.
 * What is left on a host as it is says nearly what would be left with v: most hosts need not be asked. */
static HostIx fullest_place(const Reserve *k, const Case *c, VmIx v, int64_t *ret_left) {
        const int64_t *need = problem_need(k->p, v);
        int64_t most_now = INT64_MAX;
        Tour tour = tour_begin(k, c, v);
        HostIx best = IX_NONE;

        for (HostIx h; (h = tour_next(&tour)) != IX_NONE;) {
                int64_t left;

                if (k->left[h] > most_now || !has_room(k, h, need))
                        continue;
                left = reserve_left(need, k->room + (size_t) h * k->p->n_res, k->goal->mean, k->p->n_res);
                if (best == IX_NONE || left < *ret_left) {
                        *ret_left = left;
                        most_now = k->left[h] + LEFT_SLACK;
                        best = h;
                }
        }
        return best;
}

static void reserve_cases_hold(Reserve *k, HostIx h, VmIx v, int64_t sign) {
        const int64_t *need = problem_need(k->p, v);

        for (uint32_t r = 0; r < k->p->n_res; r++)
                k->room[(size_t) h * k->p->n_res + r] -= sign * need[r];
}

static void footprint_add(Footprint *f, uint32_t steps) {
        f->bits[steps / 64 % 2] |= UINT64_C(1) << steps % 64;
}

/* The i-th of k->list has a place on h; what is left there is known only where the fullest host is sought. */
static void list_placed(Reserve *k, uint32_t i, HostIx h, FitHeuristic fit, int64_t left, Case *c) {
        footprint_add(fit == FIT_FIRST ? &c->first : &c->fullest, steps_to(k, c, h));
        reserve_cases_hold(k, h, k->list[i], 1);
        if (fit == FIT_FIRST)
                return;
        c->fullest_left = k->left[h] > c->fullest_left ? k->left[h] : c->fullest_left;
        k->left_before[i] = k->left[h];
        k->left[h] = left;
}

/* Places the first n of k->list; k->placed says where. */
static void place_list(Reserve *k, uint32_t n, FitHeuristic fit, Case *c) {
        HostIx *placed = k->placed = k->places[fit];

        c->uncovered = c->shortfall = 0;
        *(fit == FIT_FIRST ? &c->first : &c->fullest) = (Footprint){ { 0 } };
        for (uint32_t i = 0; i < n; i++) {
                const VmIx v = k->list[i];
                Lack lack = { { IX_NONE, IX_NONE }, RESERVE_FAR };
                int64_t left = 0;

                placed[i] = fit == FIT_BEST ? fullest_place(k, c, v, &left) : first_place(k, c, v);
                if (placed[i] != IX_NONE) {
                        list_placed(k, i, placed[i], fit, left, c);
                        lack.far = 0;
                } else {
                        lack_set(k, c, v, &lack);
                        c->uncovered++;
                        c->shortfall += lack.far;
                }
                k->tried[fit][i] = lack;
        }
        for (uint32_t i = n; i-- > 0;)
                if (placed[i] != IX_NONE) {
                        reserve_cases_hold(k, placed[i], k->list[i], -1);
                        if (fit == FIT_BEST)
                                k->left[placed[i]] = k->left_before[i];
                }
}

static bool reserve_cases_better(const Case *left, const Case *right) {
        return left->uncovered != right->uncovered ? left->uncovered < right->uncovered
                                                   : left->shortfall < right->shortfall;
}

/* Case c as things are now. *ret_n: its VMs; k->placed is of the way that counts. */
static Case case_judge(Reserve *k, uint32_t c, uint32_t *ret_n) {
        Case first = { .start = k->cases[c].start, .at = k->cases[c].at }, fullest;

        takers_set(k, c);
        *ret_n = list_lost(k, c);
        place_list(k, *ret_n, FIT_FIRST, &first);
        if (first.uncovered == 0)
                return first;
        fullest = first; /* reach: all, some VM asked every host */
        fullest.both = true;
        place_list(k, *ret_n, FIT_BEST, &fullest);
        if (reserve_cases_better(&fullest, &first))
                return fullest;
        fullest.uncovered = first.uncovered;
        fullest.shortfall = first.shortfall;
        k->placed = k->places[FIT_FIRST];
        return fullest;
}

Cost reserve_try(Reserve *k, const Move *moves, uint32_t n, bool *ret_worse) {
        const int64_t lacking = k->lacking;
        int64_t uncovered = 0, shortfall = 0, lacks_more;
        Touched touched[TOUCHED_MAX];
        Change change = { .t = touched };

        change.n = reserve_moves_make(k, moves, n, touched);
        for (uint32_t c = 0; c < k->n_cases; c++) {
                uint32_t n_list;
                Case now;

                if (!reserve_case_changes(k, c, &change))
                        continue;
                now = case_judge(k, c, &n_list);
                uncovered += now.uncovered - k->cases[c].uncovered;
                shortfall += now.shortfall - k->cases[c].shortfall;
        }
        lacks_more = k->lacking - lacking;
        reserve_moves_undo(k, moves, n);
        *ret_worse = uncovered > 0 || lacks_more > 0;
        return cost_of(uncovered, shortfall, lacks_more);
}

/* Among the uncovered ones, or not. */
static void case_list(Reserve *k, uint32_t c, bool was, bool is) {
        if (is && !was) {
                k->cases[c].at = k->n_open;
                k->open[k->n_open++] = c;
        } else if (was && !is) {
                const uint32_t last = k->open[--k->n_open];

                k->open[k->cases[c].at] = last;
                k->cases[last].at = k->cases[c].at;
        }
}

void reserve_case_update(Reserve *k, uint32_t c) {
        uint32_t n;
        Case now = case_judge(k, c, &n);

        for (uint32_t i = 0; i < n && now.both && k->lacks[FIT_FIRST]; i++) {
                k->lacks[FIT_FIRST][k->list[i]] = k->tried[FIT_FIRST][i];
                k->lacks[FIT_BEST][k->list[i]] = k->tried[FIT_BEST][i];
        }
        case_list(k, c, k->cases[c].uncovered > 0, now.uncovered > 0);
        k->uncovered += now.uncovered - k->cases[c].uncovered;
        k->shortfall += now.shortfall - k->cases[c].shortfall;
        now.at = k->cases[c].at;
        k->cases[c] = now;
}

/* In Debug builds: a case that was left as it was, or judged again, is what it is judged to be; one at each move,
 * in turn. And the sums are those of all cases. */
static void reserve_check(Reserve *k) {
#ifndef NDEBUG
        int64_t uncovered = 0, shortfall = 0;
        uint32_t n;
        Case now;

        if (k->n_cases == 0)
                return;
        k->checked = (k->checked + 1) % k->n_cases;
        now = case_judge(k, k->checked, &n);
        assert(now.uncovered == k->cases[k->checked].uncovered);
        assert(now.shortfall == k->cases[k->checked].shortfall);
        for (uint32_t c = 0; c < k->n_cases && k->checked == 0; c++) {
                uncovered += k->cases[c].uncovered;
                shortfall += k->cases[c].shortfall;
        }
        assert(k->checked > 0 || (uncovered == k->uncovered && shortfall == k->shortfall));
#else
        (void) k;
#endif
}

Cost reserve_move(Reserve *k, Move m) {
        const Cost before = reserve_cost(k);
        Touched touched[TOUCHED_MAX];
        Change change = { .t = touched, .kept = true };

        change.n = reserve_moves_make(k, &m, 1, touched);
        for (uint32_t c = 0; c < k->n_cases; c++)
                if (reserve_case_changes(k, c, &change))
                        reserve_case_update(k, c);
        reserve_check(k);
        return reserve_cost(k) - before;
}

bool reserve_gap(Reserve *k, ReserveGap *ret) {
        bool any = false;

        *ret = (ReserveGap){ .vm = IX_NONE, .n_cases = k->n_cases };
        for (uint32_t c = 0; c < k->n_cases; c++) {
                uint32_t n, i = 0;

                if (k->cases[c].uncovered == 0)
                        continue;
                ret->cases++;
                if (any)
                        continue;
                any = true;
                (void) case_judge(k, c, &n);
                while (k->placed[i] != IX_NONE)
                        i++;
                ret->vm = k->list[i];
                ret->domains = k->domains + (size_t) c * k->goal->losses;
        }
        return any;
}

void reserve_mark(Reserve *k, bool *marks) {
        for (uint32_t c = 0; c < k->n_cases; c++) {
                uint32_t n;

                if (k->cases[c].uncovered == 0)
                        continue;
                (void) case_judge(k, c, &n);
                for (uint32_t i = 0; i < n; i++)
                        marks[k->list[i]] |= k->placed[i] == IX_NONE;
        }
}
