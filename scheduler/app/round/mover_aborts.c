/* SPDX-License-Identifier: Apache-2.0 */
/* Running moves that an operator wants aborted (plimsoll abort): looked for as long as something runs, whoever carries it out. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/mover_parts.h"
#include "scheduler/app/state/abort_wish.h"

#define ABORTS_EVERY  (USEC_PER_SEC / 2)
#define ABORTS_MEMORY ((size_t) 64 << 20) /* address space */

static bool mover_aborts_is(const Mover *m, Arena *a, uint32_t move, const char *vm, const AbortWish *wish) {
        const char *id;

        if (!wish->id || strcmp(m->moves[move].vm, vm) != 0)
                return false;
        id = mover_id(m, a, move);
        return id && strcmp(id, wish->id) == 0;
}

/* What is over, or cannot be read, is wanted no more. */
static void mover_aborts_take(const Mover *m, const StoredText *text) {
        const Leadership *l = m->in->leadership;

        (void) !store_take_abort(l->store, l->token, text); /* it ends by itself, too */
}

/* Of one that has not ended: the move is told. */
static bool mover_aborts_tell(Mover *m, Arena *a, const char *vm, const AbortWish *wish) {
        for (uint32_t i = 0; i < m->n; i++) {
                const char *words;

                if (m->stages[i] == STAGE_WAITING || !mover_aborts_is(m, a, i, vm, wish))
                        continue;
                if (m->stages[i] == STAGE_ENDED)
                        return false;
                words = m->aborts[i] ? NULL : abort_wish_words(a, wish);
                if (words) {
                        m->aborts[i] = true;
                        m->seen[i].urgency.spared = true; /* it ends already */
                        run_waves_abort(m->run, i, words);
                }
                return true;
        }
        return true; /* another's move: not ours to take */
}

static void mover_aborts_read(Mover *m, Arena *a) {
        AbortWishes wishes = { 0 };

        if (abort_wishes_read(m->in->leadership->store, a, &wishes) < 0)
                return; /* asked again */
        for (uint32_t i = 0; i < wishes.n; i++)
                if (!wishes.at[i].id || wishes.at[i].until <= clock_now_of(m->clock) ||
                    !mover_aborts_tell(m, a, wishes.texts[i].name, &wishes.at[i]))
                        mover_aborts_take(m, &wishes.texts[i]);
}

static bool mover_aborts_may(const Mover *m) {
        for (uint32_t i = 0; i < m->n; i++)
                if (m->stages[i] == STAGE_INTENT || m->stages[i] == STAGE_RUNNING)
                        return true;
        return false;
}

void mover_aborts_look(Mover *m) {
        const usec_t time = clock_monotonic_of(m->clock);
        Arena a;

        if (!m->in->leadership || (m->aborts_asked > 0 && time < m->aborts_asked + ABORTS_EVERY) ||
            !mover_aborts_may(m) || arena_open(ABORTS_MEMORY, &a) < 0)
                return;
        m->aborts_asked = time;
        mover_aborts_read(m, &a);
        arena_close(&a);
}

void mover_aborts_over(Mover *m, uint32_t move) {
        AbortWishes wishes = { 0 };
        Arena a;

        if (!m->aborts[move] || arena_open(ABORTS_MEMORY, &a) < 0)
                return;
        if (abort_wishes_read(m->in->leadership->store, &a, &wishes) == 0)
                for (uint32_t i = 0; i < wishes.n; i++)
                        if (mover_aborts_is(m, &a, move, wishes.texts[i].name, &wishes.at[i]))
                                mover_aborts_take(m, &wishes.texts[i]);
        arena_close(&a);
}
