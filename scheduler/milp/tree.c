/* SPDX-License-Identifier: Apache-2.0 */
/* Plunge: of two children the likelier one is next, the other waits; a plunge that ends goes on at the
 * waiting node of the least bound (ties: the deepest, then the latest). That raises the bound and still finds
 * points early. A node is its parent and one change of bounds, so that waiting costs 40 bytes.
 */
#include "scheduler/milp/tree.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "scheduler/milp/lp.h"

#define ITERATIONS   20000 /* of the simplex method, for one relaxation */
#define CUTS_AT_ROOT 40    /* rounds of cuts before the first branching … */
#define CUTS_BELOW   4     /* … and at the other nodes */
#define WHOLE_EPS    1e-6
#define NO_NODE      UINT32_MAX

typedef struct Node {
        uint32_t parent, col, depth;
        int64_t lower, upper; /* of col */
        int64_t bound;
} Node;

typedef struct Tree {
        TreeTask task;
        Arena *arena;
        Lp *lp;
        Node *nodes;
        uint32_t n_nodes, nodes_room;
        uint32_t *heap;
        uint32_t n_heap, heap_room;
        int64_t *lower, *upper; /* [col] at the node */
        double *x, *y;          /* [col], [row] */
        uint32_t y_room;
        uint64_t solved;
        int64_t below;
        bool guard_fired;
} Tree;

static bool node_before(const Tree *t, uint32_t left, uint32_t right) {
        const Node *m = &t->nodes[left], *n = &t->nodes[right];

        if (m->bound != n->bound)
                return m->bound < n->bound;
        return m->depth != n->depth ? m->depth > n->depth : left > right;
}

static int tree_heap_push(Tree *t, uint32_t node) {
        uint32_t i;

        if (t->n_heap == t->heap_room) {
                uint32_t room = t->heap_room ? 2 * t->heap_room : 256;
                uint32_t *heap = arena_longer(t->arena, uint32_t, t->heap, t->n_heap, room);

                if (!heap)
                        return -ENOMEM;
                t->heap = heap;
                t->heap_room = room;
        }
        for (i = t->n_heap++; i > 0 && node_before(t, node, t->heap[(i - 1) / 2]); i = (i - 1) / 2)
                t->heap[i] = t->heap[(i - 1) / 2];
        t->heap[i] = node;
        return 0;
}

static uint32_t tree_heap_pop(Tree *t) {
        uint32_t top = t->heap[0], last = t->heap[--t->n_heap], i = 0;

        for (;;) {
                uint32_t child = 2 * i + 1;

                if (child + 1 < t->n_heap && node_before(t, t->heap[child + 1], t->heap[child]))
                        child++;
                if (child >= t->n_heap || !node_before(t, t->heap[child], last))
                        break;
                t->heap[i] = t->heap[child];
                i = child;
        }
        t->heap[i] = last;
        return top;
}

/* A child of `parent` in which col is within [lower, upper]. Its number, or -ENOMEM. */
static int64_t node_add(Tree *t, uint32_t parent, uint32_t col, int64_t lower, int64_t upper) {
        Node *n;

        if (t->n_nodes == t->nodes_room) {
                uint32_t room = t->nodes_room ? 2 * t->nodes_room : 256;
                Node *nodes = arena_longer(t->arena, Node, t->nodes, t->n_nodes, room);

                if (!nodes)
                        return -ENOMEM;
                t->nodes = nodes;
                t->nodes_room = room;
        }
        n = &t->nodes[t->n_nodes];
        *n = (Node){ .parent = parent, .col = col, .lower = lower, .upper = upper, .bound = INT64_MIN };
        if (parent != NO_NODE) {
                n->depth = t->nodes[parent].depth + 1;
                n->bound = t->nodes[parent].bound;
        }
        return t->n_nodes++;
}

static int node_wait(Tree *t, uint32_t parent, uint32_t col, int64_t lower, int64_t upper) {
        int64_t node = node_add(t, parent, col, lower, upper);

        return node < 0 ? (int) node : tree_heap_push(t, (uint32_t) node);
}

/* Bounds of the node: the root's, then every change on the way, whatever their order. */
static void node_enter(Tree *t, uint32_t node) {
        const Program *g = t->task.program;

        memcpy(t->lower, g->lower, sizeof(int64_t) * g->n_cols);
        memcpy(t->upper, g->upper, sizeof(int64_t) * g->n_cols);
        for (; node != NO_NODE; node = t->nodes[node].parent) {
                const Node *n = &t->nodes[node];

                if (n->col == NO_NODE)
                        continue;
                if (t->lower[n->col] < n->lower)
                        t->lower[n->col] = n->lower;
                if (t->upper[n->col] > n->upper)
                        t->upper[n->col] = n->upper;
        }
}

static bool tree_stopped(Tree *t) {
        if (!t->guard_fired && time_limit_is_up(t->task.time))
                t->guard_fired = true;
        return t->guard_fired || t->solved >= t->task.nodes;
}

static int tree_relax(Tree *t) {
        const Program *g = t->task.program;
        /* A little above, so that the bound made from its multipliers passes `below` too. */
        const double cut_off = t->below == INT64_MAX ? INFINITY : (double) t->below * (1 + 1e-9) + 1;
        LpLimits limits = { .iterations = ITERATIONS, .cut_off = cut_off, .time = t->task.time };

        if (g->n_rows > t->y_room) {
                t->y_room = 2 * g->n_rows;
                t->y = arena_new(t->arena, double, t->y_room);
                if (!t->y)
                        return -ENOMEM;
        }
        t->solved++;
        return lp_solve(t->lp, t->lower, t->upper, limits, t->x, t->y);
}

/* The whole column to branch on: a fractional one, near a half and heavy; else, where the relaxation was
 * whole but cheaper than the point, any that is not fixed. NO_NODE: all are fixed. */
static uint32_t branch_column(const Tree *t, bool *ret_fractional) {
        const Program *g = t->task.program;
        uint32_t best = NO_NODE, open = NO_NODE;
        bool decided = true;
        double most = 0;

        for (uint32_t j = 0; decided && j < t->task.n_decisive; j++)
                decided = t->lower[j] == t->upper[j];
        if (decided)
                return NO_NODE;

        for (uint32_t j = 0; j < g->n_cols; j++) {
                double part, score;

                if (!g->whole[j] || t->lower[j] == t->upper[j])
                        continue;
                if (open == NO_NODE)
                        open = j;
                part = fabs(t->x[j] - nearbyint(t->x[j]));
                score = part * (t->task.weight ? t->task.weight[j] : 1);
                if (part > WHOLE_EPS && score > most) {
                        most = score;
                        best = j;
                }
        }
        *ret_fractional = best != NO_NODE;
        return best != NO_NODE ? best : open;
}

/* Children of the node: the number of the one to plunge into; the others wait. */
static int64_t tree_branch(Tree *t, uint32_t node, uint32_t col, bool fractional) {
        const int64_t lower = t->lower[col], upper = t->upper[col];
        int64_t at = (int64_t) floor(t->x[col] + (fractional ? 0 : 0.5));
        int r = 0;

        if (!fractional) {
                if (at > lower)
                        r = node_wait(t, node, col, lower, at - 1);
                if (r == 0 && at < upper)
                        r = node_wait(t, node, col, at + 1, upper);
                return r < 0 ? r : node_add(t, node, col, at, at);
        }
        if (t->x[col] - (double) at < 0.5) {
                r = node_wait(t, node, col, at + 1, upper);
                return r < 0 ? r : node_add(t, node, col, lower, at);
        }
        r = node_wait(t, node, col, lower, at);
        return r < 0 ? r : node_add(t, node, col, at + 1, upper);
}

/* What the last relaxation proves. false: nothing below t->below is here. */
static bool node_conclude(Tree *t, Node *n, int end) {
        const Program *g = t->task.program;
        int64_t bound;

        if (end == LP_INFEASIBLE)
                return !(program_bound(g, t->lower, t->upper, t->y, false, &bound) && bound > 0);
        if (end == LP_UNSOLVED)
                return true;
        if (program_bound(g, t->lower, t->upper, t->y, true, &bound) && bound > n->bound)
                n->bound = bound;
        if (n->bound >= t->below)
                return false;
        return program_tighten_cost(g, t->lower, t->upper, t->y, t->below) &&
               program_tighten(g, t->lower, t->upper);
}

/* Brings x within the bounds, which may be tighter than when it was found. Whether a whole column moved. */
static bool x_clamp(Tree *t) {
        const Program *g = t->task.program;
        bool moved = false;

        for (uint32_t j = 0; j < g->n_cols; j++) {
                double x = fmax((double) t->lower[j], fmin((double) t->upper[j], t->x[j]));

                moved |= g->whole[j] && x != t->x[j];
                t->x[j] = x;
        }
        return moved;
}

/* Relaxes, judges and cuts at a node until nothing more is gained. 1: branch here; 0: done with it; < 0. */
static int node_work(Tree *t, uint32_t node) {
        const int rounds = t->nodes[node].parent == NO_NODE ? CUTS_AT_ROOT : CUTS_BELOW;

        if (!program_tighten(t->task.program, t->lower, t->upper))
                return 0;
        for (int round = 0;; round++) {
                int end = tree_relax(t), cuts;
                int64_t before = t->nodes[node].bound;

                if (end < 0)
                        return end;
                if (!node_conclude(t, &t->nodes[node], end))
                        return 0;
                if (x_clamp(t) && end == LP_OPTIMAL && round < rounds && !tree_stopped(t))
                        continue;
                if (end != LP_OPTIMAL)
                        return 1;
                t->below = t->task.judge(t->task.arg, t->x);
                if (t->nodes[node].bound >= t->below)
                        return 0;
                if (round >= rounds || tree_stopped(t))
                        return 1;
                cuts = t->task.cut(t->task.arg, t->x);
                if (cuts <= 0)
                        return cuts < 0 ? cuts : 1;
                cuts = lp_update(t->lp);
                if (cuts < 0)
                        return cuts;
                if (round > 0 && round < rounds && t->nodes[node].bound == before && rounds == CUTS_BELOW)
                        return 1;
        }
}

/* A leaf no relaxation was found for: the point itself is judged. */
static void leaf_judge(Tree *t) {
        for (uint32_t j = 0; j < t->task.program->n_cols; j++)
                t->x[j] = (double) t->lower[j];
        t->below = t->task.judge(t->task.arg, t->x);
}

/* What the columns' bounds alone say, before anything is solved: often that there is nothing to gain. */
static int root_bound(Tree *t) {
        const Program *g = t->task.program;
        const ArenaMark mark = arena_mark(t->arena);
        double *zeros = arena_new(t->arena, double, g->n_rows);

        if (!zeros)
                return -ENOMEM;
        if (!program_bound(g, g->lower, g->upper, zeros, true, &t->nodes[0].bound))
                t->nodes[0].bound = INT64_MIN;
        arena_rewind(t->arena, mark);
        if (t->nodes[0].bound < t->task.at_least)
                t->nodes[0].bound = t->task.at_least;
        return 0;
}

static int tree_loop(Tree *t) {
        int64_t next = node_add(t, NO_NODE, NO_NODE, 0, 0);

        if (next == 0)
                next = root_bound(t);

        while (next >= 0) {
                const uint32_t node = (uint32_t) next;
                uint32_t col = NO_NODE;
                bool fractional;
                int r = 0;

                if (tree_stopped(t))
                        return tree_heap_push(t, node);
                if (t->nodes[node].bound < t->below) {
                        node_enter(t, node);
                        r = node_work(t, node);
                        if (r > 0)
                                col = branch_column(t, &fractional);
                        if (r > 0 && col == NO_NODE)
                                leaf_judge(t);
                }
                if (r < 0)
                        return r;
                if (col != NO_NODE)
                        next = tree_branch(t, node, col, fractional);
                else if (t->n_heap > 0)
                        next = tree_heap_pop(t);
                else
                        return 0;
        }
        return (int) next;
}

int tree_search(TreeTask task, TreeResult *ret) {
        const Program *g = task.program;
        Tree t = { .task = task, .arena = g->arena, .below = task.below };
        owned(lp_free) Lp *lp = NULL;
        int r;

        t.lower = arena_new(t.arena, int64_t, g->n_cols);
        t.upper = arena_new(t.arena, int64_t, g->n_cols);
        t.x = arena_new(t.arena, double, g->n_cols);
        if (!t.lower || !t.upper || !t.x)
                return -ENOMEM;
        r = lp_open(g, task.max_mib, &lp);
        if (r < 0)
                return r;
        t.lp = lp;
        r = tree_loop(&t);
        if (r < 0)
                return r;
        *ret = (TreeResult){ .bound = t.below, .nodes = t.solved, .guard_fired = t.guard_fired };
        if (t.n_heap > 0 && t.nodes[t.heap[0]].bound < t.below)
                ret->bound = t.nodes[t.heap[0]].bound;
        ret->proven = ret->bound == t.below;
        return 0;
}
