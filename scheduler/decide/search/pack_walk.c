/* SPDX-License-Identifier: Apache-2.0 */
/* The moves of packing, in the order in which they were made. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/search/packing.h"

void pack_walk_add(PackWalk *w, Move m) {
        assert(w->n < w->most);
        w->moves[w->n++] = m;
}

void pack_walk_undo(SearchState *s, PackWalk *w, uint32_t n) {
        while (w->n > n) {
                const Move m = w->moves[--w->n];

                search_state_move(s, (Move){ m.vm, m.to, m.from });
        }
}

void pack_walk_replay(SearchState *s, PackWalk *w, const Move *moves, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                search_state_move(s, moves[i]);
                pack_walk_add(w, moves[i]);
        }
}

/* ---- shorter ---- */

typedef struct Shorten {
        const Problem *p;
        const PackGoal *goal;
        PackWalk *w;
        bool *gone;             /* [move] taken out */
        uint32_t *start, *list; /* [host + 1], moves that leave or enter each host, in order */
        int64_t *load;          /* [host × res] before the first move */
        uint32_t *last;         /* [vm] its last move so far; IX_NONE: none */
} Shorten;

/* h has room for v all the time from after move i to move j, as the moves are now. */
static bool holds_between(const Shorten *k, HostIx h, VmIx v, uint32_t i, uint32_t j) {
        const uint32_t n_res = k->p->n_res;
        const int64_t *need = problem_need(k->p, v), *line = k->goal->line + (size_t) h * n_res;
        int64_t load[PROBLEM_RES_MAX];
        uint32_t at = k->start[h];

        memcpy(load, k->load + (size_t) h * n_res, sizeof(int64_t) * n_res);
        for (bool now = false; at < k->start[h + 1] && k->list[at] <= j; at++) {
                const uint32_t m = k->list[at];
                const int64_t *other = problem_need(k->p, k->w->moves[m].vm);
                const bool comes = k->w->moves[m].to == h;

                now = m > i;
                if (k->gone[m] || (!comes && k->w->moves[m].from != h))
                        continue;
                for (uint32_t r = 0; r < n_res; r++)
                        load[r] += comes ? other[r] : -other[r];
                for (uint32_t r = 0; r < n_res && now && comes; r++)
                        if (need[r] > 0 && load[r] + need[r] > line[r])
                                return false;
        }
        return true;
}

/* Moves i and j are of one VM, one after the other: it stays until j, where its host has room for it, and goes at once where j
 * leads. */
static bool shorten_join(Shorten *k, uint32_t i, uint32_t j) {
        Move *first = &k->w->moves[i], *second = &k->w->moves[j];
        const VmIx v = first->vm;

        if (holds_between(k, first->from, v, i, j)) {
                k->gone[i] = true;
                second->from = first->from;
                k->gone[j] = second->from == second->to;
                return true;
        }
        return false;
}

static int shorten_index(Arena *a, Shorten *k) {
        const Problem *p = k->p;
        uint32_t *fill;

        k->start = arena_new(a, uint32_t, (size_t) p->n_hosts + 2);
        k->list = arena_new(a, uint32_t, (size_t) k->w->n * 2);
        k->gone = arena_new(a, bool, k->w->n);
        k->load = arena_new(a, int64_t, (size_t) p->n_hosts * p->n_res);
        k->last = arena_new(a, uint32_t, p->n_vms);
        if (!k->start || !k->list || !k->gone || !k->load || !k->last)
                return -ENOMEM;
        if (p->base)
                memcpy(k->load, p->base, sizeof(int64_t) * p->n_hosts * p->n_res);
        for (VmIx v = 0; v < p->n_vms; v++)
                for (uint32_t r = 0; r < p->n_res; r++)
                        k->load[(size_t) p->home[v] * p->n_res + r] += problem_need(p, v)[r];
        fill = k->start + 1;
        for (uint32_t i = 0; i < k->w->n; i++) {
                fill[k->w->moves[i].from + 1]++;
                fill[k->w->moves[i].to + 1]++;
        }
        for (HostIx h = 0; h < p->n_hosts; h++)
                fill[h + 1] += fill[h];
        for (uint32_t i = 0; i < k->w->n; i++) {
                k->list[fill[k->w->moves[i].from]++] = i;
                k->list[fill[k->w->moves[i].to]++] = i;
        }
        return 0;
}

/* Rules are asked only of the moves as they were made. */
static bool in_rules(const Problem *p, VmIx v) {
        return p->groups_of_start && p->groups_of_start[v + 1] > p->groups_of_start[v];
}

int pack_walk_shorten(Arena *a, const Problem *p, const PackGoal *goal, PackWalk *w) {
        const ArenaMark mark = arena_mark(a);
        Shorten k = { .p = p, .goal = goal, .w = w };
        uint32_t n = 0;

        if (shorten_index(a, &k) < 0)
                return -ENOMEM;
        memset(k.last, 0xff, sizeof(uint32_t) * p->n_vms);
        for (uint32_t j = 0; j < w->n; j++) {
                const VmIx v = w->moves[j].vm;
                const uint32_t i = k.last[v];

                if (i != IX_NONE && !in_rules(p, v) && shorten_join(&k, i, j) && k.gone[j])
                        k.last[v] = IX_NONE;
                else
                        k.last[v] = j;
        }
        for (uint32_t i = 0; i < w->n; i++)
                if (!k.gone[i])
                        w->moves[n++] = w->moves[i];
        w->n = n;
        arena_rewind(a, mark);
        return 0;
}
