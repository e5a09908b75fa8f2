/* SPDX-License-Identifier: Apache-2.0 */
/* May the next move start: is anything more to be started, and what the judge says by facts of now. */
#include <errno.h>
#include <stdio.h>

#include "scheduler/app/round/mover_parts.h"

/* Facts read less than this ago serve the next start too: the moves begun since are judged along with it. */
#define FRESH_ENOUGH (3 * USEC_PER_SEC)
#define READ_EVERY   USEC_PER_SEC       /* from the end of a reading ahead to the next */
#define STOP_EVERY   (USEC_PER_SEC / 4) /* the store is asked so often whether all moves are stopped */

/* While the store does not answer what is known stands: the next start asks it as its intent is written down. */
static bool mover_is_stopped(Mover *m) {
        const usec_t now = clock_monotonic_of(m->clock);

        if (!m->stop)
                return false;
        if (m->stop_asked == 0 || now >= m->stop_asked + STOP_EVERY) {
                (void) !stop_watch_look(m->stop);
                m->stop_asked = now;
        }
        return m->stop->in_force;
}

StopRequest mover_stop_request(void *arg) {
        Mover *m = arg;
        const bool stopped = mover_is_stopped(m);
        StopRequest w = m->in->watch.stop_request ? m->in->watch.stop_request(m->in->watch.arg) : STOP_NONE;

        mover_aborts_look(m);
        if (w == STOP_NONE && stopped)
                w = STOP_DRAIN;
        if (w == STOP_NONE && m->in->leadership && !leadership_keep(m->in->leadership))
                w = STOP_DRAIN;
        return w;
}

/* FactsReading: as the source has them now, with what is supposed. */
static int mover_read_facts(void *arg, Arena *a, const Snapshot **ret, TextFault *reterr_fault) {
        const Mover *m = arg;
        const MoverInput *in = m->in;
        int r = source_read(in->source, a, m->settings, ret, reterr_fault);

        return r == 0 && in->suppose ? what_if_apply(a, *ret, in->suppose, ret, reterr_fault) : r;
}

/* Facts of now, or of a moment ago, with the moves applied that have ended since they were read. */
static int fresh_facts(Mover *m, char *why, size_t size) {
        TextFault fault = { 0 };
        int r = 0;

        if (m->in->facts && m->in->facts_at > 0 &&
            clock_monotonic_of(m->clock) <= m->in->facts_at + FRESH_ENOUGH) {
                arena_rewind(&m->arena, 0);
                m->snapshot = m->in->facts;
                m->read_at = m->in->facts_at;
                m->facts_end = arena_mark(&m->arena);
        } else if (m->ahead) {
                arena_rewind(&m->arena, 0);
                r = facts_ahead_get(m->ahead, FRESH_ENOUGH, &m->snapshot, &fault);
                m->facts_end = arena_mark(&m->arena);
        } else if (!m->snapshot || clock_monotonic_of(m->clock) > m->read_at + FRESH_ENOUGH) {
                arena_rewind(&m->arena, 0);
                m->snapshot = NULL;
                r = mover_read_facts(m, &m->arena, &m->snapshot, &fault);
                m->read_at = clock_monotonic_of(m->clock);
                m->facts_end = arena_mark(&m->arena);
        }
        if (r < 0) {
                m->snapshot = NULL;
                (void) snprintf(why, size, "no fresh data: %.200s", fault.what);
        }
        return r;
}

int mover_read_ahead(Mover *m) {
        return source_kind(m->in->source) == SOURCE_HOSTS
                       ? facts_ahead_new(mover_read_facts, m, READ_EVERY, &m->ahead)
                       : 0;
}

int mover_recheck(void *arg, uint32_t move, char *why, size_t size) {
        Mover *m = arg;
        const MoverPlan *plan = m->plans[move];
        MoveRecheck x = {
                .arena = &m->arena, .settings = m->settings, .moves = m->moves, .steps = m->steps, .n = m->n
        };
        int r = fresh_facts(m, why, size);
        const usec_t began = clock_monotonic_of(m->clock);

        if (r < 0)
                return r;
        arena_rewind(&m->arena, m->facts_end);
        r = facts_overlay(&m->arena, m->snapshot, m->done, m->n_done, &x.facts);
        if (r == 0)
                r = facts_overlay_holds(&m->arena, x.facts, m->missed, &x.facts);
        if (r == 0)
                r = move_recheck(&x, move, why, size);
        if (r == 0 && plan->worth && !mover_by(m, move)) /* what a person wants is worth it */
                r = move_worth_look(plan->worth, m->steps + plan->first, move - plan->first, why, size);
        if (r < 0)
                (void) snprintf(why, size, "out of memory");
        if (m->in->judged)
                *m->in->judged += clock_monotonic_of(m->clock) - began;
        return r;
}

bool mover_may_join(void *arg, uint32_t move) {
        Mover *m = arg;

        for (uint32_t i = 0; i < m->n; i++)
                m->runs[i] = m->stages[i] == STAGE_INTENT || m->stages[i] == STAGE_RUNNING;
        return moves_at_once_allow(m->at_once, move, m->runs);
}
