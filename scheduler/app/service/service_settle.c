/* SPDX-License-Identifier: Apache-2.0 */
/* The first step of a round: what became of moves that an earlier leader began. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/hasten_moves.h"
#include "scheduler/app/round/resume_move.h"
#include "scheduler/app/round/settle_moves.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/hash.h"
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

static uint64_t service_settle_fingerprint(const Settled *s) {
        uint64_t h = fnv1a(FNV1A_START, s->entry.id, strlen(s->entry.id) + 1);

        h = fnv1a(h, s->words, strlen(s->words) + 1);
        return fnv1a(h, &s->now, sizeof(s->now));
}

static bool service_settle_was_said(const ServiceMemory *memory, uint64_t fingerprint) {
        for (uint32_t i = 0; i < memory->n_settled; i++)
                if (memory->settled[i] == fingerprint)
                        return true;
        return false;
}

static void service_settle_say(const ServiceRound *round, const Settled *list, uint32_t n) {
        ServiceMemory *memory = round->memory;
        uint64_t said[SETTLED_SAID] = { 0 };
        char quoted[QUOTE];
        uint32_t n_said = 0;

        for (uint32_t i = 0; i < n; i++) {
                const Settled *s = &list[i];
                const uint64_t fingerprint = service_settle_fingerprint(s);

                if (!service_settle_was_said(memory, fingerprint))
                        log_event(s->now == JOURNAL_UNCLEAR ? LOG_ERROR : LOG_INFO, "move.settled",
                                  "vm=%s from=%s to=%s end=%s seen=%s", s->entry.order->vm,
                                  s->entry.order->from, s->entry.order->to,
                                  s->now == JOURNAL_STARTED ? "still-running" : journal_event_names[s->now],
                                  log_quote(s->words, quoted, sizeof(quoted)));
                if (journal_is_open(s->now) && n_said < SETTLED_SAID)
                        said[n_said++] = fingerprint;
        }
        memcpy(memory->settled, said, sizeof(*said) * n_said);
        memory->n_settled = n_said;
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
        return r == 1 ? -ECANCELED : r;
}
