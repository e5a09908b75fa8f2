/* SPDX-License-Identifier: Apache-2.0 */
/* The first step of a round: what became of moves that an earlier leader began. */
#include <errno.h>

#include "scheduler/app/round/resume_move.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

#define QUOTE 512

static int service_settle_resume(const ServiceRound *round, const Settled *s, RoundFindings *found) {
        MigrationStatus status = { 0 };
        char quoted[QUOTE];
        int r;

        log_event(LOG_WARNING, "move.resumed", "vm=%s from=%s to=%s try=%lld of=%d", s->entry.order->vm,
                  s->entry.order->from, s->entry.order->to, (long long) s->entry.resumes + 1, RESUMES_MOST);
        r = resume_move(round->leadership, round->arena, round->settings, round->executor, &s->entry,
                        &status);
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

int service_settle(const ServiceRound *round, RoundFindings *found) {
        const Settled *list = NULL;
        uint32_t n = 0;
        int r = round_store_settle(round->leadership, round->arena, round->settings, &list, &n);
        char quoted[QUOTE];

        if (r == 1)
                return -ECANCELED;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                found->settled += !journal_is_open(list[i].now);
                found->open += journal_is_open(list[i].now);
                log_event(list[i].now == JOURNAL_UNCLEAR ? LOG_ERROR : LOG_INFO, "move.settled",
                          "vm=%s from=%s to=%s end=%s seen=%s", list[i].entry.order->vm,
                          list[i].entry.order->from, list[i].entry.order->to,
                          list[i].now == JOURNAL_STARTED ? "still-running" : journal_event_names[list[i].now],
                          log_quote(list[i].words, quoted, sizeof(quoted)));
                if (list[i].resumable && round->executor)
                        r = service_settle_resume(round, &list[i], found);
        }
        if (r == 0)
                service_settle_defer(round, found);
        return r == 1 ? -ECANCELED : r;
}
