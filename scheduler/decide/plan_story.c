/* The steps walked through once: forecast, what each changes at its place, and why it is made. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/migration_model.h"
#include "scheduler/decide/migration_speed.h"
#include "scheduler/decide/plan_parts.h"

#define DOWNTIME_LIMIT_MS 300 /* QEMU's default */

typedef struct Story {
        Planning *pl;
        Evaluator *e;
        PlanMove *moves;
        int64_t *wave_ms;           /* [wave] its longest move */
        uint32_t *comes, *goes_on;  /* [step] see StoryStep; IX_NONE */
        uint32_t *last_to, *before; /* [host], [step] the steps to each host as a list from its last one */
        bool *came;                 /* [vm] */
} Story;

static MigrationForecast forecast(const Planning *pl, VmIx v, uint32_t sharing) {
        const Vm *vm = &pl->s->vms[v];
        bool known = vm->memory_used_mib > 0 && vm->memory_used_mib < vm->memory_mib;
        int64_t nominal = settings_int(pl->settings, "cluster", "migration_bandwidth");
        int64_t bandwidth = migration_speed(nominal, pl->s->migration_kbit) / sharing;

        return migration_forecast((MigrationFacts){
                .memory_mib = known ? vm->memory_used_mib : vm->memory_mib,
                .dirty_kib_s = vm->dirty_kib_s,
                .local_disk_mib = vm->local_disk_mib,
                .bandwidth_kbit = bandwidth > 0 ? bandwidth : 1,
                .downtime_limit_ms = DOWNTIME_LIMIT_MS,
        });
}

static uint32_t wave_end(const Planning *pl, uint32_t i) {
        uint32_t wave = pl->steps[i].wave;

        while (i < pl->n_steps && pl->steps[i].wave == wave)
                i++;
        return i;
}

/* The moves of a wave that leave a host share its bandwidth out, those that enter one its bandwidth in. */
static int forecast_waves(Story *st) {
        Planning *pl = st->pl;
        uint32_t *out = arena_new(&pl->scratch, uint32_t, pl->first->n_hosts);
        uint32_t *in = arena_new(&pl->scratch, uint32_t, pl->first->n_hosts);

        if (!out || !in)
                return -ENOMEM;
        for (uint32_t i = 0, end; i < pl->n_steps; i = end) {
                end = wave_end(pl, i);
                for (uint32_t k = i; k < end; k++) {
                        out[pl->steps[k].move.from]++;
                        in[pl->steps[k].move.to]++;
                }
                for (uint32_t k = i; k < end; k++) {
                        Move m = pl->steps[k].move;
                        Prediction p =
                                forecast(pl, m.vm, out[m.from] > in[m.to] ? out[m.from] : in[m.to]).predicted;
                        int64_t *longest = &st->wave_ms[pl->steps[k].wave];

                        st->moves[k].predicted = p;
                        *longest = p.ms > *longest ? p.ms : *longest;
                }
                for (uint32_t k = i; k < end; k++)
                        out[pl->steps[k].move.from] = in[pl->steps[k].move.to] = 0;
        }
        return 0;
}

static bool within_caps(const Planning *pl, uint32_t moves, int64_t mib, int64_t ms) {
        return moves <= pl->request.max_moves && mib <= pl->request.max_mib && ms <= pl->request.max_ms;
}

/* How many steps fit the budgets: whole waves, and of those that fit the ones after which the cluster is
 * best. A plan broken off where things are worse than now is no plan. */
static int find_cut(Story *st, uint32_t *ret) {
        Planning *pl = st->pl;
        Costs best = pl->before.costs;
        int64_t mib = 0, ms = 0;
        uint32_t cut = 0, i = 0;
        Evaluator *e;
        int r;

        for (uint32_t w = 0; w < pl->n_waves; w++)
                ms += st->wave_ms[w];
        for (i = 0; i < pl->n_steps; i++)
                mib += problem_need(pl->first, pl->steps[i].move.vm)[RES_MEMORY];
        *ret = pl->n_steps;
        if (within_caps(pl, pl->n_steps, mib, ms))
                return 0;
        r = evaluator_build(&pl->scratch, pl->terms, NULL, &e);
        if (r < 0)
                return r;
        mib = ms = 0;
        for (uint32_t end = i = 0; i < pl->n_steps; i = end) {
                end = wave_end(pl, i);
                ms += st->wave_ms[pl->steps[i].wave];
                for (; i < end; i++) {
                        mib += problem_need(pl->first, pl->steps[i].move.vm)[RES_MEMORY];
                        evaluator_move(e, pl->steps[i].move);
                }
                if (!within_caps(pl, end, mib, ms))
                        break;
                if (costs_compare(&e->cost, &best) < 0) {
                        best = e->cost;
                        cut = end;
                }
        }
        *ret = cut;
        return 0;
}

/* Everything after the cut is left for another time. */
static int make_cut(Story *st, uint32_t cut) {
        Planning *pl = st->pl;
        uint32_t n_vms = pl->first->n_vms;
        HostIx *wanted;

        if (cut == pl->n_steps)
                return 0;
        wanted = arena_new(&pl->scratch, HostIx, n_vms);
        if (!wanted)
                return -ENOMEM;
        memcpy(wanted, pl->now, sizeof(HostIx) * n_vms);
        memcpy(pl->now, pl->first->home, sizeof(HostIx) * n_vms);
        for (uint32_t i = 0; i < cut; i++)
                pl->now[pl->steps[i].move.vm] = pl->steps[i].move.to;
        for (VmIx v = 0; v < n_vms; v++)
                if (pl->now[v] != wanted[v])
                        pl->left_out[v] = REASON_BUDGET;
        pl->n_steps = cut;
        pl->n_waves = cut > 0 ? pl->steps[cut - 1].wave + 1 : 0;
        pl->capped = true;
        return 0;
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
                };
                PlanMove *m = &st->moves[i];

                m->vm = step->move.vm;
                m->from = step->move.from;
                m->to = step->move.to;
                m->wave = step->wave;
                m->delta = told.delta;
                m->why = plan_why(pl, st->e, &told);
                if (!m->why)
                        return -ENOMEM;
                evaluator_move(st->e, step->move);
                st->came[step->move.vm] = true;
        }
        return 0;
}

static int story_begin(Story *st) {
        Planning *pl = st->pl;

        st->moves = arena_new(pl->arena, PlanMove, pl->n_steps);
        st->wave_ms = arena_new(&pl->scratch, int64_t, pl->n_waves);
        st->comes = arena_new(&pl->scratch, uint32_t, pl->n_steps);
        st->goes_on = arena_new(&pl->scratch, uint32_t, pl->n_steps);
        st->came = arena_new(&pl->scratch, bool, pl->first->n_vms);
        return st->moves && st->wave_ms && st->comes && st->goes_on && st->came ? 0 : -ENOMEM;
}

int plan_story(Planning *pl, Plan *plan) {
        ArenaMark mark = arena_mark(&pl->scratch);
        Story st = { .pl = pl };
        uint32_t cut = 0;
        int r = story_begin(&st);

        if (r == 0)
                r = forecast_waves(&st);
        if (r == 0)
                r = find_cut(&st, &cut);
        if (r == 0)
                r = make_cut(&st, cut);
        if (r == 0)
                r = find_sequels(&st);
        if (r == 0)
                r = list_arrivals(&st);
        if (r == 0)
                r = evaluator_build(&pl->scratch, pl->terms, NULL, &st.e);
        if (r == 0)
                r = tell_steps(&st);
        if (r < 0)
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
