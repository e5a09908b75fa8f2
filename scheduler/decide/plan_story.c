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

static uint32_t wave_end(const WaveMove *steps, uint32_t n, uint32_t i) {
        uint32_t wave = steps[i].wave;

        while (i < n && steps[i].wave == wave)
                i++;
        return i;
}

/* The moves of a wave that leave a host share its bandwidth out, those that enter one its bandwidth in. */
static int forecast_waves(Planning *pl, const WaveMove *steps, uint32_t n, PlanMove *ret_moves,
                          int64_t *ret_wave_ms) {
        uint32_t *out = arena_new(&pl->scratch, uint32_t, pl->first->n_hosts);
        uint32_t *in = arena_new(&pl->scratch, uint32_t, pl->first->n_hosts);

        if (!out || !in)
                return -ENOMEM;
        for (uint32_t i = 0, end; i < n; i = end) {
                end = wave_end(steps, n, i);
                for (uint32_t k = i; k < end; k++) {
                        out[steps[k].move.from]++;
                        in[steps[k].move.to]++;
                }
                for (uint32_t k = i; k < end; k++) {
                        Move m = steps[k].move;
                        Prediction p =
                                forecast(pl, m.vm, out[m.from] > in[m.to] ? out[m.from] : in[m.to]).predicted;
                        int64_t *longest = &ret_wave_ms[steps[k].wave];

                        if (ret_moves)
                                ret_moves[k].predicted = p;
                        *longest = p.ms > *longest ? p.ms : *longest;
                }
                for (uint32_t k = i; k < end; k++)
                        out[steps[k].move.from] = in[steps[k].move.to] = 0;
        }
        return 0;
}

int64_t plan_alone_ms(const Planning *pl, VmIx v) {
        return forecast(pl, v, 1).predicted.ms;
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
        int r = plan_budget(pl);

        if (r == 0)
                r = story_begin(&st);
        if (r == 0)
                r = forecast_waves(pl, pl->steps, pl->n_steps, st.moves, st.wave_ms);
        if (r == 0)
                r = find_sequels(&st);
        if (r == 0)
                r = list_arrivals(&st);
        if (r == 0)
                r = evaluator_build(&pl->scratch, pl->terms, NULL, &st.e);
        if (r == 0)
                r = tell_steps(&st);
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
