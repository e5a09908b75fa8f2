/* SPDX-License-Identifier: Apache-2.0 */
/* The sentence of a move: who says it. In the first tier in which the move gains, the policy that gains most;
 * where it gains nothing by itself, the policy for which it is part of what the plan gains. What no policy
 * knows, stop-overs and exchanges, the planner says itself. Only what is true of this one move is said. */
#include <errno.h>

#include "scheduler/decide/plan/plan_parts.h"

typedef struct PlanWhy {
        const Planning *pl;
        const StoryStep *step;
        MoveView view;
        SentenceDraft *draft;
        const Costs *gain; /* [policy] what the step changes */
} PlanWhy;

static bool plan_why_asks(PlanWhy *w, uint32_t policy) {
        const Policy *k = w->pl->policies.policies[policy];

        if (!k->why(&w->view, w->draft))
                return false;
        w->draft->sentence.by = k->name;
        return true;
}

/* The policy that gains most in the tier, of those that gain less than `most` (in the order of the set where
 * they gain the same, from `from` on); IX_NONE: none. */
static uint32_t plan_why_next(const PlanWhy *w, Tier tier, uint32_t last) {
        const Cost most = last == IX_NONE ? INT64_MIN : w->gain[last].tier[tier];
        uint32_t best = IX_NONE;

        for (uint32_t i = 0; i < w->pl->policies.n; i++) {
                const Cost gain = w->gain[i].tier[tier];

                if (gain >= 0 || gain < most || (last != IX_NONE && gain == most && i <= last))
                        continue;
                if (best == IX_NONE || gain < w->gain[best].tier[tier])
                        best = i;
        }
        return best;
}

/* It gains in the tier by itself. */
static bool plan_why_gains(PlanWhy *w, Tier tier) {
        w->view.alone = true;
        w->view.tier = tier;
        for (uint32_t i = plan_why_next(w, tier, IX_NONE); i != IX_NONE; i = plan_why_next(w, tier, i)) {
                w->view.gain = w->gain[i];
                if (plan_why_asks(w, i))
                        return true;
        }
        return false;
}

/* What the whole plan changes of the policy. */
static Costs plan_why_whole(const PlanWhy *w, uint32_t policy) {
        Costs c = w->pl->after.policy[policy];

        for (int t = 0; t < TIER_N; t++)
                c.tier[t] -= w->pl->before.policy[policy].tier[t];
        return c;
}

/* It is part of what the plan gains: of the policies that gain by the plan, the first that says so; or of the
 * others. */
static bool plan_why_is_part(PlanWhy *w, bool that_gain) {
        const Costs none = { 0 };

        w->view.alone = false;
        w->view.gain = none;
        for (uint32_t i = 0; i < w->pl->policies.n; i++) {
                const Costs whole = plan_why_whole(w, i);

                if ((costs_compare(&whole, &none) < 0) == that_gain && plan_why_asks(w, i))
                        return true;
        }
        return false;
}

/* ---- the planner's own ---- */

static Fact plan_why_fact(FactKind kind, const WaveMove *step, HostIx host) {
        return (Fact){ .kind = kind, .vm = step->move.vm, .host = host, .value = step->wave };
}

static void plan_why_stop_over(PlanWhy *w) {
        const MoveView *v = &w->view;
        const WaveMove *next = w->step->goes_on;

        if (next)
                SENTENCE_CLAUSE(w->draft,
                                "stops over on {} until {} has room for it, and moves on in wave {}",
                                fact_host(v, v->m->to), fact_host(v, next->move.to),
                                plan_why_fact(FACT_WAVE, next, next->move.to),
                                plan_why_fact(CLAIM_GOES_ON, next, next->move.to));
        else
                SENTENCE_CLAUSE(w->draft, "moves on from its stop-over on {}, now that {} has room for it",
                                fact_host(v, v->m->from), fact_host(v, v->m->to),
                                plan_why_fact(CLAIM_CAME, &w->step->step, v->m->from));
}

/* Without the move the one that comes later would have no room, or a rule against it. */
static bool plan_why_in_the_way(const PlanWhy *w, const WaveMove *comes) {
        const MoveView *v = &w->view;
        const Problem *p = v->p;
        const HostIx at = v->e->x->host_of[comes->move.vm], from = v->m->from;
        const int64_t *need = problem_need(p, comes->move.vm), *own = problem_need(p, v->m->vm);

        for (uint32_t r = 0; r < p->n_res; r++)
                if (need[r] > 0 && own[r] > 0 &&
                    view_load(v, from, r, false) + need[r] > p->limit[(size_t) from * p->n_res + r])
                        return true;
        return at != from && evaluator_refuse(v->e, (Move){ comes->move.vm, at, from }) != REASON_NONE;
}

static void plan_why_comes(PlanWhy *w, const WaveMove *comes) {
        const MoveView *v = &w->view;

        SENTENCE_CLAUSE(w->draft, "makes room on {} for {}, which comes in wave {}", fact_host(v, v->m->from),
                        fact_vm(v, comes->move.vm), plan_why_fact(FACT_WAVE, comes, v->m->from),
                        plan_why_fact(CLAIM_COMES, comes, v->m->from),
                        plan_why_fact(CLAIM_IN_THE_WAY, comes, v->m->from));
}

/* Of a plan about some hosts: it is there for one of their VMs, whatever else it gains. */
static bool plan_why_makes_way(PlanWhy *w) {
        const WaveMove *comes = w->step->comes;

        if (!w->pl->movers || w->pl->movers[w->view.m->vm] || !comes || !plan_why_in_the_way(w, comes))
                return false;
        plan_why_comes(w, comes);
        return true;
}

/* What it takes off its host is brought by a later move, for which it makes room. */
static bool plan_why_is_undone(PlanWhy *w) {
        const MoveView *v = &w->view;

        for (uint32_t i = 0; i < w->pl->n_steps; i++) {
                const WaveMove *comes = &w->pl->steps[i];

                if (comes->wave <= w->step->step.wave || comes->move.to != v->m->from ||
                    !plan_why_in_the_way(w, comes))
                        continue;
                plan_why_comes(w, comes);
                return true;
        }
        return false;
}

/* It gains in the tier by itself: by what lasts, or by what a later move undoes. */
static bool plan_why_gains_or_makes_way(PlanWhy *w, Tier tier) {
        if (plan_why_gains(w, tier) || plan_why_is_undone(w))
                return true;
        w->view.passing = true;
        return plan_why_gains(w, tier);
}

/* What only moves of the plan itself broke is told by what the whole plan gains. */
static bool plan_why_has_reason(PlanWhy *w) {
        for (int t = 0; t < TIER_N; t++) {
                const bool own = t == TIER_REPAIR && w->pl->before.costs.tier[t] == 0;

                if (w->step->delta.tier[t] > 0)
                        return false;
                if (w->step->delta.tier[t] < 0)
                        return (own && plan_why_is_part(w, true)) || plan_why_gains_or_makes_way(w, (Tier) t);
        }
        return false;
}

/* What a person wants needs no other reason; what it gains besides is said. */
static bool plan_why_asked(PlanWhy *w) {
        const MoveWish *wish = &w->pl->request.wish;

        if (!wish->vm || !w->pl->movers[w->view.m->vm])
                return false;
        if (!plan_why_has_reason(w))
                sentence_clause(w->draft, "requested by an operator", NULL, 0);
        return true;
}

/* It gains nothing alone. */
static void plan_why_helps(PlanWhy *w) {
        const MoveView *v = &w->view;
        const WaveMove *comes = w->step->comes, *partner = w->step->partner;
        const Fact alone = { .kind = CLAIM_NO_GAIN };

        if (partner)
                SENTENCE_CLAUSE(w->draft, "swaps places with {} (wave {}); only both moves together pay off",
                                fact_vm(v, partner->move.vm), plan_why_fact(FACT_WAVE, partner, v->m->from),
                                plan_why_fact(CLAIM_SWAPS, partner, v->m->from), alone);
        else if (comes && plan_why_in_the_way(w, comes))
                SENTENCE_CLAUSE(w->draft, "makes room on {} for {}, which comes in wave {}",
                                fact_host(v, v->m->from), fact_vm(v, comes->move.vm),
                                plan_why_fact(FACT_WAVE, comes, v->m->from),
                                plan_why_fact(CLAIM_COMES, comes, v->m->from),
                                plan_why_fact(CLAIM_IN_THE_WAY, comes, v->m->from), alone);
        else
                SENTENCE_CLAUSE(w->draft, "no benefit on its own; part of a group of moves that pays off",
                                alone);
}

/* ---- */

static int plan_why_keep(const Planning *pl, const SentenceDraft *draft, PlanMove *io) {
        if (sentence_keep(pl->arena, draft, &io->because) < 0)
                return -ENOMEM;
        io->why = sentence_text(pl->arena, io->because);
        return io->why ? 0 : -ENOMEM;
}

int plan_why(const Planning *pl, const StoryTeller *teller, const StoryStep *step, PlanMove *io) {
        SentenceDraft draft = { 0 };
        PlanWhy w = { .pl = pl, .step = step, .draft = &draft, .gain = teller->gain };

        w.view = (MoveView){ .p = pl->first,
                             .s = pl->s,
                             .settings = pl->settings,
                             .e = teller->e,
                             .end = pl->now,
                             .ends = teller->ends,
                             .words = teller->words,
                             .m = &step->step.move };
        if (step->untold) {
                SENTENCE_CLAUSE(w.draft, "moves to {}; not explained because planning time was up",
                                fact_host(&w.view, w.view.m->to));
                return plan_why_keep(pl, &draft, io);
        }
        policy_costs_delta(&teller->costs, *w.view.m, &step->delta, teller->gain);
        if (step->goes_on || step->came)
                plan_why_stop_over(&w);
        else if (!plan_why_asked(&w) && !plan_why_makes_way(&w) && !plan_why_has_reason(&w) &&
                 !plan_why_is_part(&w, true) && !plan_why_is_part(&w, false))
                plan_why_helps(&w);
        return plan_why_keep(pl, &draft, io);
}

/* How the layout's resources are called. */
static void plan_why_words(const Problem *p, const ResourceLayout *l, ResourceWords *ret) {
        static const char *const titles[] = { "CPU", "memory", "network (received)", "network (sent)" };

        for (uint32_t r = 0; r < l->n; r++) {
                const bool memory = r == RES_MEMORY || r == l->in_use ||
                                    (r >= l->huge && r < l->huge + l->huge_sizes.n) ||
                                    (r >= l->numa && r < l->numa + l->numa_sets.n);

                ret[r] = (ResourceWords){ .mean = problem_mean_capacity(p, r),
                                          .title = r < l->extra ? titles[r] : l->names[r],
                                          .unit = r == RES_CPU   ? UNIT_CORES
                                                  : memory       ? UNIT_MIB
                                                  : r < l->extra ? UNIT_KBIT
                                                                 : UNIT_PLAIN,
                                          .promised = r == l->vcpus };
                if (r == l->vcpus)
                        ret[r].title = "vCPUs";
        }
}

/* What hosts hold once all is done. */
static int plan_why_ends(Planning *pl, const Assignment **ret) {
        Assignment *x = NULL;
        const int r = assignment_build(&pl->scratch, pl->first, &x);

        for (VmIx v = 0; r == 0 && v < pl->first->n_vms; v++)
                if (pl->now[v] != x->host_of[v])
                        assignment_move(x, (Move){ v, x->host_of[v], pl->now[v] });
        *ret = x;
        return r;
}

int plan_why_begin(Planning *pl, Evaluator *e, StoryTeller *ret) {
        int r;

        *ret = (StoryTeller){ .e = e,
                              .gain = arena_new(&pl->scratch, Costs, pl->policies.n),
                              .words = arena_new(&pl->scratch, ResourceWords, pl->layout.n) };
        if (!ret->gain || !ret->words)
                return -ENOMEM;
        plan_why_words(pl->first, &pl->layout, ret->words);
        r = plan_why_ends(pl, &ret->ends);
        if (r < 0)
                return r;
        return policy_costs_build(&pl->scratch, pl->first, pl->policies, pl->settings, &ret->costs);
}
