/* SPDX-License-Identifier: Apache-2.0 */
/* A plan about some hosts (PlanRequest.about): their VMs leave, and of the others only those move that must make way for
 * one of them. First only VMs of these hosts may move at all; which of them stays is then given a way: the fewest
 * others that have to go elsewhere before it fits, tried by taking one, two, three VMs off each host. Where that finds
 * none, the search may move whatever it likes, and the judge is asked of each move that leaves none of these hosts
 * whether the rest is safe without it: what it does not miss is not in the plan.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/decide/plan/plan_parts.h"
#include "scheduler/model/by_host.h"

#define WAY_MOVES_MAX 3       /* VMs taken off one host for one that comes */
#define WAY_TRIES_MAX 2000000 /* places looked at for the sake of one VM */

/* ---- who may move ---- */

static bool plan_about_names(const Planning *pl, HostIx h) {
        for (uint32_t i = 0; i < pl->request.about.n; i++)
                if (strcmp(pl->request.about.at[i], pl->s->hosts[h].name) == 0)
                        return true;
        return false;
}

/* The problem as the stages look at it: others do not move, or (for the sake of these VMs) they may, and are no reason
 * to move by themselves. */
static int plan_about_problem(Planning *pl, bool others_move) {
        const Problem *first = pl->first;
        Problem *p = arena_new(pl->arena, Problem, 1);
        Reason *pinned = arena_new(pl->arena, Reason, first->n_vms);
        int64_t *leave = arena_new(pl->arena, int64_t, first->n_vms);

        if (!p || !pinned || !leave)
                return -ENOMEM;
        *p = *first;
        for (VmIx v = 0; v < first->n_vms; v++) {
                pinned[v] = first->pinned[v];
                if (pinned[v] == REASON_NONE && !others_move && !pl->movers[v])
                        pinned[v] = REASON_VM_PINNED;
                leave[v] = pl->movers[v] ? problem_leave(first, v, first->home[v]) : 0;
        }
        p->pinned = pinned;
        p->leave = leave;
        if (others_move)
                problem_set_threshold(p, PLAN_THRESHOLD_MIN);
        pl->stage = p;
        return 0;
}

int plan_about_begin(Planning *pl) {
        const Problem *p = pl->first;
        const VmIx wish = pl->request.wish.vm ? snapshot_vm(pl->s, pl->request.wish.vm) : IX_NONE;
        bool *about = arena_new(pl->arena, bool, p->n_hosts), *movers;

        pl->stage = p;
        if (pl->request.about.n == 0 && !pl->request.wish.vm)
                return 0;
        movers = arena_new(pl->arena, bool, p->n_vms);
        if (!about || !movers)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                about[h] = wish != IX_NONE ? h == p->home[wish] : plan_about_names(pl, h);
        for (VmIx v = 0; v < p->n_vms; v++)
                movers[v] = wish != IX_NONE ? v == wish : about[p->home[v]];
        pl->about = about;
        pl->movers = movers;
        return plan_about_problem(pl, false);
}

/* ---- ways ---- */

typedef struct Way {
        Planning *pl;
        Evaluator *e; /* where the steps lead, and what is tried */
        VmIx vm;      /* that needs a place */
        ByHost on;
        Move made[WAY_MOVES_MAX + 1], best[WAY_MOVES_MAX + 1];
        uint32_t n_made, n_best;
        Costs least;
        uint64_t tries;
} Way;

/* Where v costs least of the hosts that take it; IX_NONE. */
static HostIx way_place(Way *way, VmIx v) {
        const HostIx from = way->e->x->host_of[v];
        HostIx best = IX_NONE;
        Costs least = { 0 };

        for (HostIx h = 0; h < way->pl->first->n_hosts; h++, way->tries++) {
                const Move m = { v, from, h };
                Costs d;

                if (h == from || way->pl->about[h] || evaluator_refuse(way->e, m) != REASON_NONE)
                        continue;
                d = evaluator_delta(way->e, m);
                if (best != IX_NONE && costs_compare(&d, &least) >= 0)
                        continue;
                best = h;
                least = d;
        }
        return best;
}

/* The VM goes to h, if it may: the cheapest such way is kept. */
static bool way_ends(Way *way, HostIx h) {
        const Move last = { way->vm, way->e->x->host_of[way->vm], h };
        Costs d;

        way->tries++;
        if (evaluator_refuse(way->e, last) != REASON_NONE)
                return false;
        d = costs_add(way->e->cost, evaluator_delta(way->e, last));
        if (way->n_best == 0 || costs_compare(&d, &way->least) < 0) {
                memcpy(way->best, way->made, sizeof(way->made));
                way->best[way->n_made] = last;
                way->n_best = way->n_made + 1;
                way->least = d;
        }
        return true;
}

/* Whether there is room for the VM on h once v is gone from it, as far as room goes. */
static bool way_frees(const Way *way, VmIx v, HostIx h) {
        const Problem *p = way->pl->first;
        const int64_t *need = problem_need(p, way->vm), *freed = problem_need(p, v);
        const int64_t *load = assignment_load(way->e->x, h), *capacity = problem_capacity(p, h);

        for (uint32_t r = 0; r < p->n_res; r++)
                if (need[r] > 0 && load[r] - freed[r] + need[r] > capacity[r])
                        return false;
        return true;
}

/* VMs are taken off h, from on[i] on, `others` of them of other hosts than the request is about, until the VM fits. */
static void way_search(Way *way, HostIx h, uint32_t i, uint32_t others) {
        const Problem *p = way->pl->first;

        if (way_ends(way, h))
                return;
        for (; i < way->on.from[h + 1] && way->n_made < WAY_MOVES_MAX && way->tries < WAY_TRIES_MAX; i++) {
                const VmIx v = way->on.at[i];
                const uint32_t is_other = !way->pl->movers[v];
                const bool last = way->n_made + 1 == WAY_MOVES_MAX || others == is_other;
                HostIx to;

                if (p->pinned[v] != REASON_NONE || is_other > others || (last && !way_frees(way, v, h)))
                        continue;
                to = way_place(way, v);
                if (to == IX_NONE)
                        continue;
                way->made[way->n_made++] = (Move){ v, h, to };
                evaluator_move(way->e, (Move){ v, h, to });
                way_search(way, h, i + 1, others - is_other);
                evaluator_move(way->e, (Move){ v, to, h });
                way->n_made--;
        }
}

/* v goes to `only`, or wherever it may. 1: the steps lead there with it and those that make way for it, `most` at most; 0: no
 * way was found; a negative errno. */
static int way_find(Planning *pl, VmIx v, HostIx only, uint32_t most) {
        Way way = { .pl = pl, .vm = v };
        HostIx *host_of = arena_new(&pl->scratch, HostIx, pl->first->n_vms);
        int r = host_of ? evaluator_build(&pl->scratch, pl->terms, pl->now, &way.e) : -ENOMEM;

        if (r == 0)
                r = by_host_build(&pl->scratch, way.e->x->host_of, pl->first->n_vms, pl->first->n_hosts,
                                  &way.on);
        for (uint32_t others = 0; r == 0 && others <= most && way.n_best == 0; others++)
                for (HostIx h = 0; h < pl->first->n_hosts && way.tries < WAY_TRIES_MAX; h++)
                        if ((only == IX_NONE || h == only) && !pl->about[h] &&
                            problem_denied(pl->first, v, h) == REASON_NONE)
                                way_search(&way, h, way.on.from[h], others);
        if (r < 0 || way.n_best == 0)
                return r;
        memcpy(host_of, pl->now, sizeof(*host_of) * pl->first->n_vms);
        for (uint32_t i = 0; i < way.n_best; i++)
                host_of[way.best[i].vm] = way.best[i].to;
        r = plan_rules_no_worse(pl, host_of);
        return r <= 0 ? r : plan_steps_to(pl, host_of, UINT32_MAX);
}

static bool plan_about_is_stuck(const Planning *pl, VmIx v) {
        return pl->movers[v] && pl->first->pinned[v] == REASON_NONE &&
               problem_leave(pl->first, v, pl->now[v]) > 0;
}

/* How many are left; a negative errno. */
static int plan_about_find_ways(Planning *pl) {
        int left = 0, r = 0;

        for (VmIx v = 0; v < pl->first->n_vms && r >= 0; v++) {
                const ArenaMark mark = arena_mark(&pl->scratch);

                if (!plan_about_is_stuck(pl, v))
                        continue;
                r = plan_time_is_up(pl, PLAN_PART_MEND) ? 0 : way_find(pl, v, IX_NONE, WAY_MOVES_MAX);
                arena_rewind(&pl->scratch, mark);
                left += r == 0;
        }
        return r < 0 ? r : left;
}

int plan_about_wish(Planning *pl) {
        const MoveWish *wish = &pl->request.wish;
        const VmIx v = snapshot_vm(pl->s, wish->vm);
        const HostIx to = wish->to ? snapshot_host(pl->s, wish->to) : IX_NONE;
        const ArenaMark mark = arena_mark(&pl->scratch);
        int r;

        pl->exact = EXACT_OFF;
        if (v == IX_NONE || (wish->to && to == IX_NONE) || pl->first->pinned[v] != REASON_NONE)
                return 0;
        r = way_find(pl, v, to, wish->makes_way ? WAY_MOVES_MAX : 0);
        arena_rewind(&pl->scratch, mark);
        return r < 0 ? r : 0;
}

int plan_about_ways(Planning *pl) {
        int before = INT_MAX, left = 0, r;

        if (pl->request.wish.vm)
                return 0;
        while (pl->movers && !plan_time_is_up(pl, PLAN_PART_MEND)) {
                left = plan_about_find_ways(pl);
                if (left <= 0 || left >= before)
                        break;
                before = left;
                r = plan_about_problem(pl, true);
                if (r == 0)
                        r = plan_stages(pl);
                if (r == 0)
                        r = plan_about_prune(
                                pl); /* what it made use of the occasion for is in the way, too */
                if (r < 0)
                        return r;
        }
        return left < 0 ? left : 0;
}

/* ---- what the rest does not miss ---- */

typedef struct Pruning {
        Planning *pl;
        bool *gone; /* [step] */
        Costs all;  /* with all steps */
} Pruning;

/* The steps that are left, in waves without gaps. */
static uint32_t pruning_left(const Pruning *pruning, WaveMove *ret, uint32_t *ret_waves) {
        const Planning *pl = pruning->pl;
        uint32_t n = 0, waves = 0, was = 0;

        for (uint32_t i = 0; i < pl->n_steps; i++) {
                if (pruning->gone[i])
                        continue;
                waves += n == 0 || pl->steps[i].wave != was;
                was = pl->steps[i].wave;
                ret[n++] = (WaveMove){ pl->steps[i].move, waves - 1 };
        }
        *ret_waves = waves;
        return n;
}

/* 1: the judge accepts what is left; 0: it does not; -ENOMEM; -ETIME: it came to no end, and what nobody knows to be needed
 * is not planned. */
static int pruning_judge(const Pruning *pruning) {
        Planning *pl = pruning->pl;
        const ArenaMark mark = arena_mark(&pl->scratch);
        MoveOrder *named = arena_new(&pl->scratch, MoveOrder, pl->n_steps);
        WaveMove *left = arena_new(&pl->scratch, WaveMove, pl->n_steps);
        PlanToCheck check = { .s = pl->s,
                              .settings = pl->settings,
                              .moves = named,
                              .time = time_limit_of(pl->request.time, PLAN_PART_JUDGE) };
        const Objection *objections;
        uint32_t waves, n_objections;
        int r;

        if (!named || !left)
                return -ENOMEM;
        check.n_moves = pruning_left(pruning, left, &waves);
        for (uint32_t i = 0; i < check.n_moves; i++)
                named[i] = move_order_of(pl->s, &(PlanMove){ .move = left[i].move, .wave = left[i].wave });
        r = plan_check_in_time(&pl->scratch, &check, &objections, &n_objections);
        arena_rewind(&pl->scratch, mark);
        return r < 0 ? r : r == 0;
}

static bool pruning_may_go(const Pruning *pruning, uint32_t i) {
        const Planning *pl = pruning->pl;
        const Move *m = &pl->steps[i].move;

        return !pruning->gone[i] &&
               (pl->about ? !pl->about[m->from] : problem_leave(pl->first, m->vm, m->from) == 0);
}

static int pruning_costs(const Pruning *pruning, Costs *ret) {
        const Planning *pl = pruning->pl;
        const ArenaMark mark = arena_mark(&pruning->pl->scratch);
        Assignment *x = NULL;
        int r = assignment_build(&pruning->pl->scratch, pl->first, &x);

        for (uint32_t i = 0; r == 0 && i < pl->n_steps; i++)
                if (!pruning->gone[i])
                        assignment_move(x, (Move){ pl->steps[i].move.vm, x->host_of[pl->steps[i].move.vm],
                                                   pl->steps[i].move.to });
        if (r == 0)
                *ret = policies_total(pl->policies, pl->first, pl->settings, x);
        arena_rewind(&pruning->pl->scratch, mark);
        return r;
}

/* 1: what is left is safe, and of what is a reason to move nothing is worse for it; 0; a negative errno. */
static int pruning_is_enough(const Pruning *pruning) {
        const Planning *pl = pruning->pl;
        int r = pruning_judge(pruning);
        Costs left = { 0 };

        if (r <= 0 || pl->about)
                return r;
        r = pruning_costs(pruning, &left);
        for (Tier t = 0; r == 0 && t <= problem_last_tier(pl->first); t++)
                if (left.tier[t] > pruning->all.tier[t])
                        return 0;
        return r < 0 ? r : 1;
}

/* Of the steps first … end those go that leave none of the hosts, if the rest is safe without them: all at once, or by
 * halves. How many; -ENOMEM. */
static int pruning_halve(Pruning *pruning, uint32_t first, uint32_t end) {
        const uint32_t middle = first + (end - first) / 2;
        const ArenaMark mark = arena_mark(&pruning->pl->scratch);
        bool *was = arena_new(&pruning->pl->scratch, bool, end - first);
        int n = 0, r, later;

        if (!was)
                return -ENOMEM;
        memcpy(was, pruning->gone + first, sizeof(*was) * (end - first));
        for (uint32_t i = first; i < end; i++)
                if (pruning_may_go(pruning, i)) {
                        pruning->gone[i] = true;
                        n++;
                }
        r = n > 0 ? pruning_is_enough(pruning) : 1;
        if (r == 0)
                memcpy(pruning->gone + first, was, sizeof(*was) * (end - first));
        arena_rewind(&pruning->pl->scratch, mark);
        if (r != 0)
                return r < 0 ? r : n;
        if (end - first == 1)
                return 0;
        later = pruning_halve(pruning, middle, end);
        r = later < 0 ? later : pruning_halve(pruning, first, middle);
        return r < 0 ? r : r + later;
}

/* What is left becomes the plan's steps. */
static int pruning_end(const Pruning *pruning) {
        Planning *pl = pruning->pl;
        WaveMove *steps = arena_new(pl->arena, WaveMove, pl->n_steps);

        if (!steps)
                return -ENOMEM;
        pl->n_steps = pruning_left(pruning, steps, &pl->n_waves);
        pl->steps = steps;
        memcpy(pl->now, pl->first->home, sizeof(*pl->now) * pl->first->n_vms);
        for (uint32_t i = 0; i < pl->n_steps; i++)
                pl->now[steps[i].move.vm] = steps[i].move.to;
        return 0;
}

int plan_about_prune(Planning *pl) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        Pruning pruning = { .pl = pl };
        int r = (pl->movers || (pl->first->tiers_left > 0 && !pl->request.wish.vm)) && pl->n_steps > 0;

        if (r == 0)
                return 0;
        pruning.gone = arena_new(&pl->scratch, bool, pl->n_steps);
        if (!pruning.gone)
                return -ENOMEM;
        if (!pl->movers && pruning_costs(&pruning, &pruning.all) < 0)
                return -ENOMEM;
        while (r > 0)
                r = pruning_halve(&pruning, 0, pl->n_steps);
        if (r == -ETIME && !pl->movers) /* what is left is judged once more */
                r = 0;
        if (r == 0)
                r = pruning_end(&pruning);
        arena_rewind(&pl->scratch, mark);
        return r;
}
