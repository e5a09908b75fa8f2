/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the planner share. planner.c names the steps in their order; each other file is one of
 * them.
 *
 * Units: Cost; ms, MiB by suffix. Owner: the Planning has its arenas: the plan's and a scratch. Errors: a
 * negative errno (-ENOMEM, or what a part returned); 1 is no error. Threads: one for each Planning.
 */
#pragma once

#include "scheduler/decide/cost/evaluator.h"
#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy_costs.h"
#include "scheduler/decide/migration/migration_net.h"
#include "scheduler/decide/order/waves.h"
#include "scheduler/decide/plan/planner.h"

typedef struct Planning {
        Arena *arena;  /* holds the plan */
        Arena scratch; /* rewound after each stage */
        const Snapshot *s;
        const Settings *settings;
        PolicySet policies;
        PlanRequest request;
        const Problem *first; /* every VM where the snapshot has it */
        const Problem *stage; /* the same as the stages look at it: who may move, and for what */
        const bool *about;    /* [host] the request is about it; NULL: it is about the cluster */
        const bool *movers;   /* [vm] on such a host, or of a wish; NULL as well */
        const Terms *terms;   /* of `first` */
        ResourceLayout layout;
        MigrationNet net;

        HostIx *now;     /* [vm] where it is after the steps */
        WaveMove *steps; /* in order; a VM may move in several waves */
        uint32_t n_steps, n_waves;
        int stages;       /* that steps came of */
        Reason *left_out; /* [vm] ORDER, TIME or BUDGET: wanted, and not done; else REASON_NONE */
        bool capped;      /* a budget cut the plan short */
        uint64_t evaluations, refusals[REASON_N];
        bool guard_fired;
        unsigned cut; /* bits 1 << PlanPart */
        PlanSearch search;
        ExactUse exact;
        Score before, after;
        Costs bound; /* no placement that the whole plan could lead to costs less */
} Planning;

/* ---- plan_stages.c ---- */

/* Searches, orders what was found, and goes on from there until nothing is worth moving, from the steps there
 * are already. 0; a negative errno. */
int plan_stages(Planning *pl) must_check;

/* Steps that lead from now to host_of, if there is a safe order of them that gains. 1: they were added; 0; a negative errno. */
int plan_stages_to(Planning *pl, const HostIx *host_of) must_check;

/* Where something is broken and the steps leave as much of it broken: one move that mends by itself goes
 * first, if there is one, and all is done again. Of a request about some hosts nothing is. 0; a negative errno. */
int plan_stages_mend(Planning *pl) must_check;

/* The steps become those that lead from home to host_of, where these have a safe order of at most so many. 1: they did;
 * 0: there is no such order; a negative errno. */
int plan_steps_to(Planning *pl, const HostIx *host_of, uint32_t most) must_check;

/* The net moves in an order of their own, where more than one stage made steps and it has no more. 0; a
 * negative errno. */
int plan_merge_stages(Planning *pl) must_check;

/* The steps as moves, each with its cost, forecast and sentence, once they are within the budgets. */
int plan_story(Planning *pl, Plan *plan) must_check;

/* Where the steps cost more than the request's budgets: the most important ones that do not, in an order of
 * their own. `now` and left_out follow. */
int plan_budget(Planning *pl) must_check;

/* The predicted length of a schedule, wave after wave; of the VM's migration, by itself. */
int plan_makespan(Planning *pl, const WaveMove *steps, uint32_t n, uint32_t n_waves, int64_t *ret) must_check;
int64_t plan_alone_ms(const Planning *pl, VmIx v);

/* ---- plan_about.c: a request about some hosts; of one about the cluster they do nothing ---- */

/* Sets `stage`, `about` and `movers`: VMs of these hosts move, others do not. 0 or -ENOMEM. */
int plan_about_begin(Planning *pl) must_check;

/* The VM of the request's wish goes where it is wanted, or where it costs least, if it may. 0; a negative errno. */
int plan_about_wish(Planning *pl) must_check;

/* VMs that should have left and did not are given a way: others move, too, as few as do. 0; a negative errno (-ETIME as
 * plan_about_prune()). */
int plan_about_ways(Planning *pl) must_check;

/* Each step that leaves none of the hosts goes, if the judge accepts the rest without it. So does, in a plan of the whole cluster
 * that is not to balance (plan.threshold 1 and 2), each that leaves no host to be emptied, if without it no tier that is a reason
 * to move is worse. 0; -ENOMEM; -ETIME: the judge
 * came to no end. */
int plan_about_prune(Planning *pl) must_check;

/* ---- plan_limits.c ---- */

WaveLimits plan_wave_limits(const Planning *pl);

/* Whether this part should end with what it has; the plan then says so. */
bool plan_time_is_up(Planning *pl, PlanPart part);

/* waves_order() in pl->scratch. What its time cut short is noted. */
int plan_order(Planning *pl, WaveLimits limits, const Problem *p, const Move *moves, uint32_t n,
               WaveOrder *ret) must_check;

/* waves_walk(), in the same way. */
int plan_walk(Planning *pl, WaveLimits limits, const Problem *p, const Move *walk, uint32_t n,
              WaveOrder *ret) must_check;

/* What the judge asks of rules that hold a group together, at the end of a plan. 1: they are broken no
 * further than now; 0; -ENOMEM. */
int plan_rules_no_worse(Planning *pl, const HostIx *host_of) must_check;

/* Bounds the plan by what no placement can cost less than. */
int plan_bound(Planning *pl) must_check;

/* Where the search ended, the request's solver goes on, within plan.exact_nodes; *host_of is replaced when
 * that is better. With it the first stage's bound may be higher. */
int plan_polish(Planning *pl, const Problem *p, const SearchBudget *budget,
                const HostIx **host_of) must_check;

/* A single move that mends something by itself, from where the VMs are now in the snapshot, in *ret. 1; 0:
 * there is none; -ENOMEM. */
int plan_mend(Planning *pl, Move *ret) must_check;

/* Whether v may have part in something that is broken where e has the VMs. */
bool plan_mend_has_part(const Evaluator *e, VmIx v);

/* ---- plan_relief.c ---- */

/* Whether what a search found breaks one of its laws (plan_relief.c). 1: it does, and *ret_urgent: some VM is urgent;
 * 0; a negative errno. */
int plan_relief_objects(Planning *pl, const Problem *p, const HostIx *host_of, bool *ret_urgent) must_check;

/* The problem so that no search breaks them: hosts below a line are not filled beyond it, those above take nothing that
 * makes it more (takes_none: nothing at all), and VMs whose migration takes longer than their relief is worth stay:
 * pinned[vm], which is io's, and left_out say NOT_WORTH. 0 or -ENOMEM. */
int plan_relief_confine(Planning *pl, Problem *io, Reason *pinned, bool takes_none) must_check;

/* Moving v off its host, which is above a line, takes longer than that is worth. */
bool plan_relief_is_dear(const Planning *pl, const Problem *p, const Assignment *at_home, VmIx v);

/* ---- plan_leave.c ---- */

/* VMs that must leave their host and found no order among others: each by itself; then on from there. 0; a negative errno. */
int plan_leave(Planning *pl) must_check;

/* ---- plan_rings.c ---- */

/* VMs on hosts that rules forbid them, all at once to where they may be: rings that no single move opens; then on from
 * there. Of a request about some hosts nothing is. 0; a negative errno. */
int plan_rings(Planning *pl) must_check;

/* It had to leave its host, and went to one that a rule forbids it as it did that one: that was for the plan to do, and
 * that it is still broken is said with the move. */
bool plan_keeps_breach(const Planning *pl, VmIx v);

int plan_score(Planning *pl, const HostIx *host_of, Score *ret) must_check;
uint32_t hosts_over_limit(const Assignment *x);

/* Fills plan->reserve, where one is asked for. */
int plan_reserve(Planning *pl, Plan *plan) must_check;

/* Fills plan->goal, and plan->idle where hosts are emptied. */
int plan_idle(Planning *pl, Plan *plan) must_check;

/* ---- plan_hosts.c ---- */

/* The load of each host that moves touch, before and after. 0 or -ENOMEM. */
int plan_hosts(Planning *pl, Plan *plan) must_check;

/* Fills plan->refused, its counts and plan->conflicts, from the state after the plan. */
int plan_refused(Planning *pl, Plan *plan) must_check;
/* [vm] which of the moves of one host goes first where hosts must be left by a deadline (deadline.h); *ret is
 * NULL where none must. In pl->scratch. */
int plan_deadline_order(Planning *pl, const Move *moves, uint32_t n, const uint32_t **ret) must_check;

/* ms from when the facts were taken until v should have left its host; INT64_MAX: there is no such time. */
int64_t plan_within_ms(const Planning *pl, VmIx v);

/* Fills plan->late, from the plan's moves and predictions. */
int plan_late(Planning *pl, Plan *plan) must_check;

/* ---- plan_why.c ---- */

/* A step of the plan. */
typedef struct StoryStep {
        WaveMove step;
        Costs delta;
        const WaveMove *partner; /* a step the other way between the two hosts, or NULL */
        const WaveMove *comes;   /* a later step to the host it leaves, or NULL */
        const WaveMove *goes_on; /* the next step of the same VM, or NULL */
        bool came;               /* an earlier step moved it already */
        bool untold;             /* time is up: it is not looked into why */
} StoryStep;

/* What the sentences of a plan share; e and costs are at the state just before the step that is told. */
typedef struct StoryTeller {
        const Evaluator *e;
        const Assignment *ends; /* after the plan */
        PolicyCosts costs;
        ResourceWords *words; /* [n_res] */
        Costs *gain;          /* [policies.n] scratch */
} StoryTeller;

/* e: every VM at home. In pl->scratch. 0 or negative errno. */
int plan_why_begin(Planning *pl, Evaluator *e, StoryTeller *ret) must_check;

/* One honest sentence on why the step is made, in io->why and io->because. pl->before and after are known. 0 or
 * -ENOMEM. */
int plan_why(const Planning *pl, const StoryTeller *teller, const StoryStep *step, PlanMove *io) must_check;

/* ---- plan_kind.c ---- */

/* Fills in what each of the moves is made for, from its cost and its sentence. */
void plan_kinds(const Planning *pl, PlanMove *moves, uint32_t n);
