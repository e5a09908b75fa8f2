/* SPDX-License-Identifier: Apache-2.0 */
/* The steps walked through once: forecast, what each changes at its place, and why it is made. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/plan/plan_parts.h"

typedef struct Story {
        Planning *pl;
        Evaluator *e;
        StoryTeller teller;
        PlanMove *moves;
        int64_t *once;              /* [step] bytes, each sent once, in ms × kbit/s */
        int64_t *wave_ms;           /* [wave] its longest move */
        uint32_t *comes, *goes_on;  /* [step] see StoryStep; IX_NONE */
        uint32_t *last_to, *before; /* [host], [step] the steps to each host as a list from its last one */
        bool *came;                 /* [vm] */
} Story;

static uint32_t wave_end(const WaveMove *steps, uint32_t n, uint32_t i) {
        uint32_t wave = steps[i].wave;

        while (i < n && steps[i].wave == wave)
                i++;
        return i;
}

/* A cold move takes nothing of its way. */
static void plan_story_share_links(const Planning *pl, Move m, uint32_t *sharing, int change) {
        const MigrationRoute route = migration_route(&pl->net, m.from, m.to);

        for (uint32_t i = 0; i < route.n && pl->s->vms[m.vm].state != VM_OFF; i++)
                sharing[route.links[i]] += (uint32_t) change;
}

/* Of a link of so many kbit/s the quotient is the ms that no migration can do without. */
static int64_t sent_once(const MigrationForecast *f, int64_t speed_permille) {
        const int64_t speed = speed_permille > 0 ? speed_permille : MIGRATION_SPEED_PERMILLE;
        const int64_t bytes = f->memory_bytes + (f->predicted.basis.local_disk_mib << 20);

        return bytes < INT64_MAX / 8000 ? bytes * 8000 / speed : INT64_MAX / 1000;
}

/* The link that is busy longest when each byte goes over it once. */
static int find_least(const Story *st, Plan *plan) {
        const Planning *pl = st->pl;
        int64_t *ms = arena_new(&st->pl->scratch, int64_t, pl->net.n_links);

        if (!ms)
                return -ENOMEM;
        plan->busiest = IX_NONE;
        for (uint32_t i = 0; i < pl->n_steps; i++) {
                const MigrationRoute route =
                        migration_route(&pl->net, pl->steps[i].move.from, pl->steps[i].move.to);

                for (uint32_t k = 0; k < route.n; k++)
                        ms[route.links[k]] += st->once[i] / pl->net.links[route.links[k]].free_kbit;
        }
        for (uint32_t l = 0; l < pl->net.n_links; l++)
                if (ms[l] > plan->least_ms) {
                        plan->least_ms = ms[l];
                        plan->busiest = l / 2 < pl->net.n_hosts ? l / 2 : IX_NONE;
                        plan->busiest_in = l % 2 == 1;
                }
        return 0;
}

/* m's share of its way: each link's bandwidth is shared by the moves of the wave that go over it. */
static MigrationFacts facts_shared(const Planning *pl, Move m, const uint32_t *sharing, bool *ret_known) {
        const MigrationRoute route = migration_route(&pl->net, m.from, m.to);
        int64_t share = INT64_MAX;

        *ret_known = false;
        for (uint32_t i = 0; i < route.n; i++) {
                const MigrationLink *l = &pl->net.links[route.links[i]];
                const uint32_t n = sharing[route.links[i]];
                const int64_t part = l->free_kbit / (n > 0 ? n : 1);

                if (part < share) {
                        share = part;
                        *ret_known = l->known;
                }
        }
        return migration_facts(&pl->net, m.vm, m.from, m.to, share);
}

static void keep_choice(Story *st, uint32_t step, const MoveChoice *choice, int64_t speed_permille) {
        st->moves[step].predicted = choice->forecast.predicted;
        st->moves[step].manner = choice->manner;
        st->once[step] = sent_once(&choice->forecast, speed_permille);
}

/* A VM that must leave its host by a deadline and would miss it goes in a swifter way, where its policy
 * allows one that makes it. start: of its wave, ms from the plan's. */
static int plan_story_deadline(Planning *pl, Move m, const MigrationFacts *facts, const MovePolicy *policy,
                               int64_t start, MoveChoice *io) {
        const HostIx home = pl->first->home[m.vm];
        const int64_t within = plan_within_ms(pl, m.vm);
        int r;

        if (m.from != home || problem_leave(pl->first, m.vm, home) == 0 || within == INT64_MAX)
                return 0;
        r = move_strategy_deadline(pl->arena, *facts, policy, within - start, io);
        return r < 0 ? r : 0;
}

/* Of each wave its longest move; strategies and forecasts of the moves for the story, if there is one. */
static int forecast_waves(Planning *pl, const WaveMove *steps, uint32_t n, Story *st, int64_t *ret_wave_ms) {
        const MovePolicy all = move_policy(pl->settings);
        uint32_t *sharing = arena_new(&pl->scratch, uint32_t, pl->net.n_links);
        int64_t start = 0;

        if (!sharing)
                return -ENOMEM;
        for (uint32_t i = 0, end; i < n; start += ret_wave_ms[steps[i].wave], i = end) {
                end = wave_end(steps, n, i);
                for (uint32_t k = i; k < end; k++)
                        plan_story_share_links(pl, steps[k].move, sharing, 1);
                for (uint32_t k = i; k < end; k++) {
                        int64_t *longest = &ret_wave_ms[steps[k].wave];
                        const MovePolicy policy = move_policy_of(&all, &pl->s->vms[steps[k].move.vm]);
                        bool known;
                        const MigrationFacts facts = facts_shared(pl, steps[k].move, sharing, &known);
                        MoveChoice choice = { 0 };
                        int r = move_choose(st ? pl->arena : &pl->scratch, facts, known, &policy, &choice);

                        if (r == 0)
                                r = plan_story_deadline(pl, steps[k].move, &facts, &policy, start, &choice);
                        if (r < 0)
                                return r;
                        if (st)
                                keep_choice(st, k, &choice, facts.speed_permille);
                        if (choice.forecast.predicted.ms > *longest)
                                *longest = choice.forecast.predicted.ms;
                }
                for (uint32_t k = i; k < end; k++)
                        plan_story_share_links(pl, steps[k].move, sharing, -1);
        }
        return 0;
}

int64_t plan_alone_ms(const Planning *pl, VmIx v) {
        const MigrationNet *net = &pl->net;

        return migration_forecast(migration_facts(net, v, IX_NONE, IX_NONE, net->usual_kbit)).predicted.ms;
}

int plan_makespan(Planning *pl, const WaveMove *steps, uint32_t n, uint32_t n_waves, int64_t *ret) {
        const ArenaMark mark = arena_mark(&pl->scratch);
        int64_t *wave_ms = arena_new(&pl->scratch, int64_t, n_waves), sum = 0;
        int r = wave_ms ? forecast_waves(pl, steps, n, NULL, wave_ms) : -ENOMEM;

        for (uint32_t w = 0; r == 0 && w < n_waves; w++)
                sum += wave_ms[w];
        arena_rewind(&pl->scratch, mark);
        if (r == 0)
                *ret = sum;
        return r;
}

static int list_arrivals(Story *st) {
        Planning *pl = st->pl;

        st->last_to = arena_new(&pl->scratch, uint32_t, pl->first->n_hosts);
        st->before = arena_new(&pl->scratch, uint32_t, pl->n_steps);
        if (!st->last_to || !st->before)
                return -ENOMEM;
        memset(st->last_to, 0xff, sizeof(uint32_t) * pl->first->n_hosts);
        for (uint32_t i = 0; i < pl->n_steps; i++) {
                st->before[i] = st->last_to[pl->steps[i].move.to];
                st->last_to[pl->steps[i].move.to] = i;
        }
        return 0;
}

/* A step the other way: the search's exchanges are between two hosts. One among very many arrivals is not
 * sought. */
static const WaveMove *find_partner(const Story *st, Move m) {
        uint32_t looked = 0;

        for (uint32_t i = st->last_to[m.from]; i != IX_NONE && looked < 256; i = st->before[i], looked++)
                if (st->pl->steps[i].move.from == m.to)
                        return &st->pl->steps[i];
        return NULL;
}

/* Backwards, wave by wave: who comes to the host that a step leaves, and where its VM goes on to. */
static int find_sequels(Story *st) {
        Planning *pl = st->pl;
        uint32_t *next_to = arena_new(&pl->scratch, uint32_t, pl->first->n_hosts);
        uint32_t *next_of = arena_new(&pl->scratch, uint32_t, pl->first->n_vms);

        if (!next_to || !next_of)
                return -ENOMEM;
        memset(next_to, 0xff, sizeof(uint32_t) * pl->first->n_hosts);
        memset(next_of, 0xff, sizeof(uint32_t) * pl->first->n_vms);
        for (uint32_t end = pl->n_steps, i; end > 0; end = i) {
                uint32_t wave = pl->steps[end - 1].wave;

                for (i = end; i > 0 && pl->steps[i - 1].wave == wave; i--) {
                        st->comes[i - 1] = next_to[pl->steps[i - 1].move.from];
                        st->goes_on[i - 1] = next_of[pl->steps[i - 1].move.vm];
                }
                for (uint32_t k = i; k < end; k++) {
                        next_to[pl->steps[k].move.to] = k;
                        next_of[pl->steps[k].move.vm] = k;
                }
        }
        return 0;
}

static int tell_steps(Story *st) {
        Planning *pl = st->pl;

        for (uint32_t i = 0; i < pl->n_steps; i++) {
                const WaveMove *step = &pl->steps[i];
                StoryStep told = {
                        .step = *step,
                        .delta = evaluator_delta(st->e, step->move),
                        .partner = find_partner(st, step->move),
                        .comes = st->comes[i] != IX_NONE ? &pl->steps[st->comes[i]] : NULL,
                        .goes_on = st->goes_on[i] != IX_NONE ? &pl->steps[st->goes_on[i]] : NULL,
                        .came = st->came[step->move.vm],
                        .untold = plan_time_is_up(pl, PLAN_PART_EXPLAIN),
                };
                PlanMove *m = &st->moves[i];

                m->move = step->move;
                m->wave = step->wave;
                m->delta = told.delta;
                if (plan_why(pl, &st->teller, &told, m) < 0)
                        return -ENOMEM;
                evaluator_move(st->e, step->move);
                policy_costs_move(&st->teller.costs, step->move);
                st->came[step->move.vm] = true;
        }
        return 0;
}

static int story_begin(Story *st) {
        Planning *pl = st->pl;

        st->moves = arena_new(pl->arena, PlanMove, pl->n_steps);
        st->once = arena_new(&pl->scratch, int64_t, pl->n_steps);
        st->wave_ms = arena_new(&pl->scratch, int64_t, pl->n_waves);
        st->comes = arena_new(&pl->scratch, uint32_t, pl->n_steps);
        st->goes_on = arena_new(&pl->scratch, uint32_t, pl->n_steps);
        st->came = arena_new(&pl->scratch, bool, pl->first->n_vms);
        return st->moves && st->once && st->wave_ms && st->comes && st->goes_on && st->came ? 0 : -ENOMEM;
}

int plan_story(Planning *pl, Plan *plan) {
        ArenaMark mark = arena_mark(&pl->scratch);
        Story st = { .pl = pl };
        int r = story_begin(&st);

        if (r == 0)
                r = forecast_waves(pl, pl->steps, pl->n_steps, &st, st.wave_ms);
        if (r == 0)
                r = find_sequels(&st);
        if (r == 0)
                r = list_arrivals(&st);
        if (r == 0)
                r = evaluator_build(&pl->scratch, pl->terms, NULL, &st.e);
        if (r == 0 && pl->n_steps > 0)
                r = plan_why_begin(pl, st.e, &st.teller);
        if (r == 0)
                r = tell_steps(&st);
        if (r == 0)
                plan_kinds(pl, st.moves, pl->n_steps);
        if (r == 0)
                r = find_least(&st, plan);
        if (r != 0)
                return r;
        plan->moves = st.moves;
        plan->n_moves = pl->n_steps;
        plan->n_waves = pl->n_waves;
        for (uint32_t i = 0; i < pl->n_steps; i++)
                plan->bytes += st.moves[i].predicted.bytes;
        for (uint32_t w = 0; w < pl->n_waves; w++)
                plan->makespan_ms += st.wave_ms[w];
        arena_rewind(&pl->scratch, mark);
        return 0;
}
