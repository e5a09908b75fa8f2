/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/query/place.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/decide/search/search.h"
#include "scheduler/decide/whynot/refusal.h"

typedef struct Place {
        Arena *arena;
        const Snapshot *s;
        const Settings *settings;
        PolicySet policies;
        const PlaceRequest *request;
        Trial trial;
        VmIx *order; /* [n] the newcomers in the order they are placed */
        uint32_t n;
        const TrialHost *hosts; /* the first one's verdicts */
        uint32_t n_open;
        bool at_rest; /* without them the planner moves nothing */
} Place;

/* One way to start them all. */
typedef struct Start {
        HostIx *host_of; /* [vm] */
        Placed *placed;  /* [n] */
        uint32_t n_placed;
        Costs cost;
        const Snapshot *snapshot;
        const Plan *plan;
        uint32_t moved;
} Start;

typedef struct OrderKey {
        VmIx vm;
        int64_t priority, memory;
} OrderKey;

static int compare_order(const void *left, const void *right) {
        const OrderKey *x = left, *y = right;

        if (x->priority != y->priority)
                return x->priority > y->priority ? -1 : 1;
        if (x->memory != y->memory)
                return x->memory > y->memory ? -1 : 1;
        return (x->vm > y->vm) - (x->vm < y->vm);
}

/* The most important first; of those, the largest first: it has the fewest places. */
static int order_newcomers(Place *pl) {
        OrderKey *keys = arena_new(pl->arena, OrderKey, pl->s->n_vms);

        pl->order = arena_new(pl->arena, VmIx, pl->s->n_vms);
        if (!keys || !pl->order)
                return -ENOMEM;
        for (VmIx v = 0; v < pl->s->n_vms; v++)
                if (pl->s->vms[v].host == IX_NONE)
                        keys[pl->n++] = (OrderKey){ v, pl->s->vms[v].priority, pl->s->vms[v].memory_mib };
        qsort(keys, pl->n, sizeof(*keys), compare_order);
        for (uint32_t i = 0; i < pl->n; i++)
                pl->order[i] = keys[i].vm;
        return 0;
}

/* The cheapest host for v; `wish` where it costs the same or IX_NONE. IX_NONE: all refuse it. */
static HostIx place_cheapest(const Trial *t, VmIx v, Costs *ret) {
        HostIx best = IX_NONE;
        Costs least = { 0 };

        for (HostIx h = 0; h < t->p->n_hosts; h++) {
                Costs d;

                if (evaluator_enter_refuse(t->e, v, h) != REASON_NONE)
                        continue;
                d = evaluator_enter_delta(t->e, v, h);
                if (best != IX_NONE && costs_compare(&d, &least) >= 0)
                        continue;
                best = h;
                least = d;
        }
        *ret = least;
        return best;
}

/* Places those of the start that are nowhere, each where it wishes to be or where it is cheapest; again as
 * long as some find a place: one may need another's company. */
static void place_all(Trial *t, Start *st, uint32_t n, const HostIx *wish) {
        for (uint32_t before = n + 1; before != st->n_placed && st->n_placed < n;) {
                before = st->n_placed;
                for (uint32_t i = 0; i < n; i++) {
                        Placed *one = &st->placed[i];
                        HostIx h = wish ? wish[one->vm] : IX_NONE;

                        if (one->host != IX_NONE)
                                continue;
                        if (h != IX_NONE && evaluator_enter_refuse(t->e, one->vm, h) == REASON_NONE)
                                one->delta = evaluator_enter_delta(t->e, one->vm, h);
                        else
                                h = place_cheapest(t, one->vm, &one->delta);
                        if (h == IX_NONE)
                                continue;
                        one->host = st->host_of[one->vm] = h;
                        trial_put(t, one->vm, h);
                        st->n_placed++;
                }
        }
}

/* Several placed one by one may do better among themselves: the search moves only them. */
static int place_improve(Place *pl, Start *st) {
        ArenaMark mark = arena_mark(pl->arena);
        Problem p = *pl->trial.p;
        HostIx *home = arena_new(pl->arena, HostIx, p.n_vms);
        Reason *pinned = arena_new(pl->arena, Reason, p.n_vms);
        SearchBudget budget = { .max_moves = UINT32_MAX,
                                .max_mib = INT64_MAX,
                                .tasks = 1,
                                .time = time_limit_of(pl->request->plan.time, PLAN_PART_SEARCH) };
        SearchResult found;
        int r;

        if (!home || !pinned)
                return -ENOMEM;
        for (VmIx v = 0; v < p.n_vms; v++) {
                home[v] = st->host_of[v];
                pinned[v] = pl->s->vms[v].host == IX_NONE ? REASON_NONE : REASON_VM_PINNED;
        }
        p.home = home;
        p.pinned = pinned;
        r = search_run(pl->arena,
                       &(SearchInput){ .problem = &p,
                                       .policies = pl->policies,
                                       .settings = pl->settings,
                                       .budget = budget,
                                       .seed = pl->request->plan.seed,
                                       .workers = pl->request->plan.workers },
                       &found);
        for (uint32_t i = 0; r == 0 && i < pl->n; i++)
                st->host_of[pl->order[i]] = found.host_of[pl->order[i]];
        arena_rewind(pl->arena, mark);
        return r;
}

static int start_new(Place *pl, Start *ret) {
        *ret = (Start){ .host_of = arena_new(pl->arena, HostIx, pl->s->n_vms),
                        .placed = arena_new(pl->arena, Placed, pl->n) };
        if (!ret->host_of || !ret->placed)
                return -ENOMEM;
        for (VmIx v = 0; v < pl->s->n_vms; v++)
                ret->host_of[v] = pl->s->vms[v].host;
        for (uint32_t i = 0; i < pl->n; i++)
                ret->placed[i] = (Placed){ .vm = pl->order[i], .host = IX_NONE };
        return 0;
}

/* Puts the newcomers where the start says, in its order; tells each one's price by policy when asked for. */
static int put_all(Place *pl, Start *st, bool tell) {
        Trial *t = &pl->trial;
        uint32_t n = 0;

        for (uint32_t pass = 0; pass < pl->n && n < st->n_placed; pass++)
                for (uint32_t i = 0; i < pl->n; i++) {
                        Placed *one = &st->placed[i];
                        TrialHost verdict;

                        one->host = st->host_of[one->vm];
                        if (one->host == IX_NONE || t->e->x->host_of[one->vm] != IX_NONE)
                                continue;
                        if (trial_host(pl->arena, t, one->vm, one->host, &verdict) < 0)
                                return -ENOMEM;
                        /* the last pass takes what two that need each other allow only together */
                        if (verdict.reason != REASON_NONE && pass + 1 < pl->n && pl->n > 1)
                                continue;
                        one->delta = verdict.delta;
                        one->by_policy = tell ? verdict.by_policy : NULL;
                        trial_put(t, one->vm, one->host);
                        n++;
                }
        st->cost = t->e->cost;
        return 0;
}

static void take_all(Place *pl) {
        for (uint32_t i = 0; i < pl->n; i++)
                if (pl->trial.e->x->host_of[pl->order[i]] != IX_NONE)
                        trial_take(&pl->trial, pl->order[i]);
}

/* What the planner would do after it. A plan takes half of what its arena has left: each gets a share. */
static int ask_planner(Place *pl, Start *st) {
        const Snapshot *after;
        Arena share;
        int r = trial_start(pl->arena, &pl->trial, st->host_of, &after);

        if (r < 0)
                return r;
        st->snapshot = after;
        st->moved = 0;
        if (pl->request->tries == 0)
                return 0;
        r = arena_split(pl->arena, (pl->arena->limit - pl->arena->used) / 16 & ~(size_t) 4095, &share);
        if (r == 0)
                r = planner_plan(&share, after, pl->settings, pl->policies, pl->request->plan, &st->plan);
        for (uint32_t i = 0; r == 0 && i < st->plan->n_moves; i++) {
                const VmIx v = snapshot_vm(pl->s, after->vms[st->plan->moves[i].move.vm].name);

                st->moved += pl->s->vms[v].host == IX_NONE;
        }
        return r;
}

/* A start from a wish: where each should be, as far as it is let. */
static int start_from(Place *pl, const HostIx *wish, Start *ret) {
        int r = start_new(pl, ret);

        if (r < 0)
                return r;
        place_all(&pl->trial, ret, pl->n, wish);
        take_all(pl);
        if (pl->n > 1 && ret->n_placed == pl->n) {
                r = place_improve(pl, ret);
                if (r < 0)
                        return r;
        }
        r = put_all(pl, ret, false);
        take_all(pl);
        return r == 0 ? ask_planner(pl, ret) : r;
}

static uint32_t n_moves(const Start *st) {
        return st->plan ? st->plan->n_moves : 0;
}

/* Placed at all; the tiers before balance; not moved again; nothing else moved for it, which can be told of a
 * cluster at rest only; then the cost. */
static bool place_is_better(const Place *pl, const Start *left, const Start *right) {
        if (left->n_placed != right->n_placed)
                return left->n_placed > right->n_placed;
        for (int t = 0; t < TIER_BALANCE; t++)
                if (left->cost.tier[t] != right->cost.tier[t])
                        return left->cost.tier[t] < right->cost.tier[t];
        if (left->moved != right->moved)
                return left->moved < right->moved;
        if (pl->at_rest && n_moves(left) != n_moves(right))
                return n_moves(left) < n_moves(right);
        return left->cost.tier[TIER_BALANCE] < right->cost.tier[TIER_BALANCE];
}

/* Where the plan would have the newcomers in the end. */
static int wish_of_plan(Place *pl, const Start *st, HostIx *wish) {
        for (VmIx v = 0; v < pl->s->n_vms; v++)
                wish[v] = pl->s->vms[v].host == IX_NONE ? st->host_of[v] : IX_NONE;
        for (uint32_t i = 0; i < st->plan->n_moves; i++) {
                const PlanMove *m = &st->plan->moves[i];
                const VmIx v = snapshot_vm(pl->s, st->snapshot->vms[m->move.vm].name);

                if (pl->s->vms[v].host == IX_NONE)
                        wish[v] = m->move.to;
        }
        return 0;
}

static bool same_early_tiers(const TrialHost *left, const TrialHost *right) {
        for (int t = 0; t < TIER_BALANCE; t++)
                if (left->delta.tier[t] != right->delta.tier[t])
                        return false;
        return true;
}

/* Other starts, as long as the planner would move something: where it would put them, then the first one on
 * its next hosts. */
static int try_others(Place *pl, Start *best) {
        HostIx *wish = arena_new(pl->arena, HostIx, pl->s->n_vms);
        uint32_t tried = 1;
        int r = wish ? 0 : -ENOMEM;

        if (r == 0 && best->moved > 0) {
                Start next;

                r = wish_of_plan(pl, best, wish);
                if (r == 0)
                        r = start_from(pl, wish, &next);
                if (r == 0 && place_is_better(pl, &next, best))
                        *best = next;
                tried++;
        }
        for (uint32_t i = 0; r == 0 && i < pl->n_open && tried < pl->request->tries; i++, tried++) {
                Start next;

                if (time_limit_is_up(time_limit_of(pl->request->plan.time, PLAN_PART_SEARCH)))
                        break;
                if (best->n_placed == pl->n && best->moved == 0 && (!pl->at_rest || n_moves(best) == 0))
                        break;
                if (best->n_placed == pl->n && !same_early_tiers(&pl->hosts[i], &pl->hosts[0]))
                        break;
                memset(wish, 0xff, sizeof(*wish) * pl->s->n_vms);
                wish[pl->order[0]] = pl->hosts[i].host;
                r = start_from(pl, wish, &next);
                if (r == 0 && place_is_better(pl, &next, best))
                        *best = next;
        }
        return r;
}

/* Whether the planner moves nothing as the cluster is. */
static int look_at_rest(Place *pl) {
        Start none;
        int r = start_new(pl, &none);

        if (r == 0)
                r = ask_planner(pl, &none);
        if (r == 0)
                pl->at_rest = n_moves(&none) == 0;
        return r;
}

static int tell_refusals(Place *pl, PlaceAnswer *ret) {
        const char **texts = arena_new(pl->arena, const char *, pl->trial.p->n_hosts);

        if (!texts)
                return -ENOMEM;
        for (uint32_t i = 0; i < pl->trial.p->n_hosts; i++) {
                const TrialHost *h = &pl->hosts[i];

                if (h->reason == REASON_NONE)
                        continue;
                texts[i] = refusal_text(pl->arena, &pl->trial, pl->order[0], h->host, h->reason);
                if (!texts[i])
                        return -ENOMEM;
        }
        ret->refusals = texts;
        return 0;
}

int place_find(Arena *a, const Snapshot *s, const Settings *settings, PolicySet policies,
               const PlaceRequest *request, PlaceAnswer *ret) {
        Place pl = { .arena = a, .s = s, .settings = settings, .policies = policies, .request = request };
        PlaceAnswer answer = { 0 };
        Start best = { 0 };
        int r = order_newcomers(&pl);

        if (r == 0)
                r = trial_build(a, s, settings, policies, TRIAL_PARTS | (request->spends ? TRIAL_SPENDS : 0),
                                &pl.trial);
        if (r == 0 && pl.n > 0)
                r = trial_hosts(a, &pl.trial, pl.order[0], &pl.hosts, &pl.n_open);
        if (r == 0 && pl.n > 0)
                r = tell_refusals(&pl, &answer);
        if (r == 0)
                r = start_from(&pl, NULL, &best);
        if (r == 0 && request->tries > 1 && (best.moved > 0 || n_moves(&best) > 0 || best.n_placed < pl.n)) {
                r = look_at_rest(&pl);
                if (r == 0)
                        r = try_others(&pl, &best);
        }
        if (r == 0)
                r = put_all(&pl, &best, true);
        if (r < 0)
                return r;
        answer.vms = best.placed;
        answer.n_vms = pl.n;
        answer.n_placed = best.n_placed;
        answer.hosts = pl.hosts;
        answer.n_open = pl.n_open;
        answer.snapshot = best.snapshot;
        answer.plan = best.plan;
        answer.moved = best.moved;
        answer.settled = best.plan && best.plan->cut == 0 && best.moved == 0;
        answer.trial = pl.trial;
        *ret = answer;
        return 0;
}
