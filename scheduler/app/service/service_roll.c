/* SPDX-License-Identifier: Apache-2.0 */
/* A rolling maintenance that an operator has handed to the service: its hosts are entered and given back; how they are emptied is the
 * plan's. Before each thing that is done the state says so, and of two services that wrote the same state the first goes on. */
#include <errno.h>

#include "scheduler/app/round/roll_step.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

#define QUOTE 512

static const SayState say_damaged = { LOG_ERROR, "roll.damaged", "roll.is_read_again" };

static void service_roll_say(const RollState *roll, const RollStep *step) {
        char id[QUOTE], host[QUOTE], why[QUOTE];

        for (uint32_t i = 0; i < step->n; i++)
                log_event(step->news[i].event == ROLL_HELD || step->news[i].event == ROLL_HOST_ASIDE
                                  ? LOG_WARNING
                                  : LOG_INFO,
                          roll_event_names[step->news[i].event], "id=%s host=%s why=%s done=%u left=%u",
                          log_quote(roll->id, id, sizeof(id)),
                          log_quote(step->news[i].host, host, sizeof(host)),
                          log_quote(step->news[i].why, why, sizeof(why)), roll->n_done,
                          roll->n_left + roll->n_now);
}

/* 0; 1: an operator has changed it meanwhile, and the next round sees how. */
static int service_roll_save(const RollRound *round, const RollState *roll, const char **io_was) {
        const char *is;
        int r = roll_state_print(round->arena, roll, &is);

        if (r == 0)
                r = store_change_note(round->store, ROLL_NOTE, *io_was, is);
        if (r == 0)
                *io_was = is;
        return r;
}

/* Hosts that are begun are written down first, and entered then. */
static int service_roll_go_on(const RollRound *round, RollState *roll, const char *was) {
        RollStep step = { 0 };
        int r = roll_step_open(round->arena, roll, &step);

        if (r == 0)
                r = roll_step_hosts(round, roll, &step);
        if (r == 0)
                r = roll_step_begin(round, roll, &step);
        if (r == 0 && step.changed)
                r = service_roll_save(round, roll, &was);
        if (r != 0)
                return r < 0 ? r : 0;
        service_roll_say(roll, &step);
        r = roll_step_open(round->arena, roll, &step);
        if (r == 0)
                r = roll_step_hosts(round, roll, &step);
        if (r == 0 && step.changed)
                r = service_roll_save(round, roll, &was);
        if (r == 0)
                service_roll_say(roll, &step);
        return r < 0 ? r : 0;
}

int service_roll(RoundState *s) {
        const ServiceRound *x = s->given;
        const Snapshot *facts = s->found.input.snapshot;
        const uint32_t room = facts->n_hosts + HOSTS_MAX / 16; /* also hosts that are gone */
        LiveState live = { 0 };
        RollState roll = { 0 };
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_note(x->store, x->arena, ROLL_NOTE, &text, &n), shown;

        if (r != 0 || n == 0)
                return r < 0 ? r : 0;
        r = roll_state_parse(x->arena, text, n, room, &roll);
        (void) service_say(&x->memory->said.states, &say_damaged,
                           r == -EBADMSG ? "plimsoll maintenance roll --abandon discards it" : NULL,
                           round_monotonic(x));
        if (r == -EBADMSG || (r == 0 && (!roll.id || roll_state_is_over(&roll))))
                return 0;
        shown = r == 0 ? live_state_get(x->store, x->arena, &live) : r;
        if (shown < 0)
                return shown;
        return service_roll_go_on(
                &(RollRound){ .store = x->store,
                              .arena = x->arena,
                              .snapshot = facts,
                              .settings = x->settings,
                              .live = shown == 0 ? &live : NULL,
                              .not_now = s->found.input.stopped ? s->found.input.stopped
                                         : x->modes.of[ACTION_KIND_MAINTENANCE] == MODE_ADVISE ? "advise"
                                                                                               : NULL,
                              .now = round_now(x) },
                &roll, text);
}
