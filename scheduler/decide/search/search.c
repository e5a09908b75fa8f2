/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/search/search.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/search/flat.h"
#include "scheduler/decide/search/search_state.h"

/* Moves for each VM in the order that a search leaves behind, at most. */
#define WALK_MOST 3

/* One of the independent searches. */
typedef struct Task {
        Arena *arena, own;
        SearchState state;
        HostIx *best_of;
        PackWalk walk; /* to best_of */
        Costs best;
        bool annealed;
        int failed;
} Task;

typedef struct Tasks {
        const Terms *terms;
        SearchBudget budget;
        uint64_t seed;
        const Workers *workers; /* for what one search divides */
        Task *tasks;
} Tasks;

/* Annealing keeps the best it saw, which is not where it ends: it is counted afresh, from the definition of
 * each term, and must come to the same. */
static int search_anneal_phase(const Tasks *all, Task *task) {
        Evaluator *judge;
        Cost cost;
        int r;

        r = search_anneal(&task->state, task->best_of, &cost);
        if (r < 0)
                return r;
        r = evaluator_build(task->arena, all->terms, task->best_of, &judge);
        if (r < 0)
                return r;
        assert(judge->cost.tier[TIER_BALANCE] == cost);
        task->best = judge->cost;
        return 0;
}

static int search_descend_phase(const Tasks *all, Task *task) {
        const uint32_t n = all->terms->problem->n_vms;
        int r;

        r = search_capped(&task->state);
        if (r >= 0)
                r = search_pack(&task->state);
        if (r < 0)
                return r;
        task->walk = task->state.walk;
        task->best = task->state.e->cost;
        memcpy(task->best_of, task->state.e->x->host_of, sizeof(HostIx) * n);
        return 0;
}

/* Annealing keeps no count of what may leave home: under a cap, the descent is better anyway. */
static bool search_anneals(const Tasks *all, const Task *task) {
        const SearchBudget *b = &all->budget;

        return b->evaluations > 0 && b->max_moves == UINT32_MAX && b->max_mib == INT64_MAX &&
               flat_fits(task->state.e);
}

static void task_run(void *arg, unsigned i) {
        const Tasks *all = arg;
        Task *task = &all->tasks[i];
        int r;

        r = search_state_build(task->arena, all->terms, NULL, all->budget, all->seed + i, &task->state);
        task->state.workers = all->workers;
        task->state.walk = task->walk;
        task->annealed = r == 0 && search_anneals(all, task);
        if (r == 0)
                r = task->annealed ? search_anneal_phase(all, task) : search_descend_phase(all, task);
        task->failed = r;
}

static void result_add(SearchResult *sum, const SearchState *s) {
        sum->evaluations += s->evaluations;
        sum->guard_fired |= s->guard_fired;
        for (int i = REASON_NONE + 1; i < REASON_N; i++)
                sum->refusals[i] += s->refusals[i];
}

/* A single search works in the caller's arena; several share what is left of it. */
static int tasks_prepare(Arena *a, const Problem *p, unsigned n, Task *tasks) {
        const size_t share = (a->limit - a->used) / n & ~(size_t) 4095;

        for (unsigned i = 0; i < n; i++) {
                int r;

                tasks[i].arena = n > 1 ? &tasks[i].own : a;
                r = n > 1 ? arena_split(a, share > 4096 ? share - 4096 : share, &tasks[i].own) : 0;
                if (r < 0)
                        return r;
                tasks[i].best_of = arena_new(tasks[i].arena, HostIx, p->n_vms);
                tasks[i].walk.most = p->pack ? WALK_MOST * p->n_vms : 0;
                tasks[i].walk.moves = arena_new(tasks[i].arena, Move, tasks[i].walk.most);
                if (!tasks[i].best_of || !tasks[i].walk.moves)
                        return -ENOMEM;
        }
        return 0;
}

/* All of them, at once where there are workers for that. The best one; NULL: one failed, *ret_error says
 * it. */
static const Task *tasks_run(Tasks *all, unsigned n, const Workers *workers, SearchResult *io,
                             int *ret_error) {
        const Task *best = all->tasks;

        all->workers = n > 1 ? NULL : workers;
        if (n > 1)
                workers->run(workers, n, task_run, all);
        else
                task_run(all, 0);
        for (unsigned i = 0; i < n; i++) {
                if (all->tasks[i].failed < 0) {
                        *ret_error = all->tasks[i].failed;
                        return NULL;
                }
                result_add(io, &all->tasks[i].state);
                if (costs_compare(&all->tasks[i].best, &best->best) < 0)
                        best = &all->tasks[i];
        }
        return best;
}

int search_run(Arena *a, const SearchInput *in, SearchResult *ret) {
        const Problem *p = in->problem;
        /* A descent is the same whatever the seed: one will do. */
        const unsigned n = in->budget.evaluations > 0 && in->budget.tasks > 1 ? in->budget.tasks : 1;
        HostIx *host_of = arena_new(a, HostIx, p->n_vms);
        Move *walk = arena_new(a, Move, p->pack ? WALK_MOST * p->n_vms : 0);
        const ArenaMark mark = arena_mark(a);
        Tasks all = { .budget = in->budget, .seed = in->seed, .tasks = arena_new(a, Task, n) };
        SearchResult result = { .host_of = host_of };
        Evaluator *start = NULL;
        Terms *terms = NULL;
        const Task *best;
        int r;

        if (!host_of || !walk || !all.tasks)
                return -ENOMEM;
        r = policies_add_terms(a, p, in->policies, in->settings, &terms);
        if (r == 0)
                r = evaluator_build(a, terms, NULL, &start);
        if (r == 0)
                r = tasks_prepare(a, p, n, all.tasks);
        if (r != 0)
                return r;
        assert(start);
        all.terms = terms;
        best = tasks_run(&all, n, in->workers, &result, &r);
        if (!best)
                return r;
        result.before = start->cost;
        result.after = best->best;
        result.annealed = best->annealed;
        memcpy(host_of, best->best_of, sizeof(HostIx) * p->n_vms);
        if (best->walk.whole && best->walk.n > 0) {
                memcpy(walk, best->walk.moves, sizeof(Move) * best->walk.n);
                result.walk = walk;
                result.n_walk = best->walk.n;
        }
        arena_rewind(a, mark);
        *ret = result;
        return 0;
}
