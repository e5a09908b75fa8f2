/* SPDX-License-Identifier: Apache-2.0 */
/* The first step of a round: what became of moves that an earlier leader began. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/round/hasten_moves.h"
#include "scheduler/app/round/resume_move.h"
#include "scheduler/app/round/settle_moves.h"
#include "scheduler/app/round/settled_audit.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/state/abort_wish.h"
#include "scheduler/base/log.h"

#define QUOTE 512

/* What waits for a host that does not answer costs a round no more: what must leave its host is planned then, without
 * the VMs that are open. */
#define PATIENCE USEC_PER_SEC

static int service_settle_resume(const ServiceRound *round, const Settled *s, RoundFindings *found) {
        MigrationStatus status = { 0 };
        char quoted[QUOTE];
        int r;

        log_event(LOG_WARNING, "move.resumed", "vm=%s from=%s to=%s try=%lld of=%d", s->entry.order->vm,
                  s->entry.order->from, s->entry.order->to, (long long) s->entry.resumes + 1, RESUMES_MOST);
        atomic_store(round->moving, true);
        r = resume_move(round->leadership, round->arena, round->settings, round->executor, &s->entry,
                        &status);
        atomic_store(round->moving, false);
        if (r != 0)
                return r;
        found->settled += status.phase == MIGRATION_DONE;
        found->open -= status.phase == MIGRATION_DONE;
        log_event(status.phase == MIGRATION_DONE ? LOG_INFO : LOG_ERROR, "move.settled",
                  "vm=%s from=%s to=%s end=%s seen=%s", s->entry.order->vm, s->entry.order->from,
                  s->entry.order->to, migration_phase_names[status.phase],
                  log_quote(status.message, quoted, sizeof(quoted)));
        return 0;
}

/* What is settled has just moved: rates read while it did are no demand; who must leave does not wait. */
static void service_settle_defer(const ServiceRound *round, RoundFindings *found) {
        if (found->settled > 0)
                round->memory->rest_until = round_monotonic(round) + round->settle;
        if (round->urgent_only || found->settled > 0)
                found->deferred = SNAPSHOT_NO_BALANCE | SNAPSHOT_NO_LOAD;
}

static void service_settle_ended(void *arg, const SaidThing *thing) {
        (void) arg;
        (void) thing; /* that it is settled was said */
}

/* An open move is said when it is first seen so, and when something else is seen of it. */
static void service_settle_say(const ServiceRound *round, const Settled *list, uint32_t n) {
        Said *said = &round->memory->said.settled;
        char quoted[QUOTE], words[QUOTE];

        for (uint32_t i = 0; i < n; i++) {
                const Settled *s = &list[i];

                (void) snprintf(words, sizeof(words), "%d %s", (int) s->now, s->words);
                if (said_look(said, s->entry.id, words, round_monotonic(round)) == SAID_GOES_ON)
                        continue;
                log_event(s->now == JOURNAL_UNCLEAR ? LOG_ERROR : LOG_INFO, "move.settled",
                          "vm=%s from=%s to=%s end=%s by=%s seen=%s", s->entry.order->vm,
                          s->entry.order->from, s->entry.order->to,
                          s->now == JOURNAL_STARTED ? "still-running" : journal_event_names[s->now],
                          s->by ? s->by : "libvirt", log_quote(s->words, quoted, sizeof(quoted)));
        }
        said_turn(said, service_settle_ended, NULL);
}

#define AUDITED_EVERY (60 * USEC_PER_SEC) /* who only advises has a new lease each round */

/* What a leader did that died before it wrote it down stands in the audit, too. */
static int service_settle_audit(const ServiceRound *round) {
        ServiceMemory *memory = round->memory;
        const usec_t now = round_monotonic(round);
        uint32_t n = 0;
        int r;

        if (memory->audited == round->leadership->token ||
            (!round->executor && memory->audited != 0 && now < memory->audited_at + AUDITED_EVERY))
                return 0;
        r = settled_audit_catch_up(round->leadership, round->arena, round->settings, &n);
        if (r == 0) {
                memory->audited = round->leadership->token;
                memory->audited_at = now;
        }
        if (r == 0 && n > 0)
                log_event(LOG_INFO, "audit.caught_up",
                          "moves=%u why=\"the former leader made them, and ended before it recorded them\"",
                          n);
        return r;
}

/* No move of ours runs at the beginning of a round, and nobody else carries any out: what is still to be aborted has ended. */
static int service_settle_aborts(const ServiceRound *round) {
        AbortWishes wishes = { 0 };
        int r = abort_wishes_read(round->store, round->arena, &wishes);

        for (uint32_t i = 0; r == 0 && i < wishes.n; i++)
                if (wishes.at[i].id)
                        r = store_take_abort(round->store, round->leadership->token, &wishes.texts[i]);
        return r;
}

int service_settle(const ServiceRound *round, RoundFindings *found) {
        const SettleInput in = { .leadership = round->leadership,
                                 .sightings = round->sightings,
                                 .settings = round->settings,
                                 .patience = PATIENCE };
        const Settled *list = NULL;
        uint32_t n = 0;
        int r = settle_moves(&in, round->arena, &list, &n);

        if (r == 0)
                service_settle_say(round, list, n);
        if (r == 0 && round->executor)
                hasten_moves(round->leadership->world, round->settings, list, n);
        for (uint32_t i = 0; r == 0 && i < n && !round_is_stopped(round); i++) {
                found->settled += !journal_is_open(list[i].now);
                found->open += journal_is_open(list[i].now);
                if (list[i].resumable && round->executor)
                        r = service_settle_resume(round, &list[i], found);
        }
        if (r == 0)
                service_settle_defer(round, found);
        if (r == 0)
                r = service_settle_audit(round);
        if (r == 0)
                r = service_settle_aborts(round);
        return r == 1 ? -ECANCELED : r;
}
