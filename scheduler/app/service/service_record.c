/* SPDX-License-Identifier: Apache-2.0 */
/* What of a round is kept: the decision, so that it can be made again, and its line of the audit. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/round_record.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

/* A round without moves says only this; the same again is not worth a record. */
static uint64_t plan_fingerprint(const Plan *plan) {
        return plan->n_moves > 0 ? 0 : ((uint64_t) plan->status + 1) << 32 | plan->n_refused_all;
}

static AuditEntry service_record_entry(const RoundRecord *record, const char *name,
                                       const AuditEntry *answer) {
        AuditEntry e = audit_store_entry(record, name);

        e.waiting = answer->waiting;
        e.answer = answer->answer;
        return e;
}

/* Those of the round's own plan: what operators wanted has records of its own. */
static uint32_t service_record_own(const RoundMoves *done, RecordMove *moves) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < done->n; i++)
                if (!done->wish_of || done->wish_of[i] == IX_NONE)
                        moves[n++] = moves[i];
        return n;
}

static int service_record_keep(const RoundState *s, const RecordMove *moves, uint32_t n,
                               const char **ret_name) {
        const ServiceRound *x = s->given;
        const RoundRecord record = { .input = &s->found.input,
                                     .facts = s->found.facts,
                                     .round = &s->wanted.round,
                                     .leader = x->leadership->self,
                                     .mode = service_mode_names[s->wanted.mode],
                                     .moves = moves,
                                     .n_moves = n };
        char name[RECORD_NAME_SIZE];
        int r = round_record_store(x->leadership, x->arena, &record, name);

        if (r == 0)
                r = audit_store_write(x->leadership, x->arena, x->settings, s->found.facts,
                                      service_record_entry(&record, name, &s->waiting.answer));
        if (r == 0)
                *ret_name = text_copy(x->arena, name, strlen(name));
        return r;
}

int service_record(const RoundState *s, const char **ret_name) {
        const ServiceRound *x = s->given;
        const RecordMove *moves = NULL;
        RecordMove *own;
        const uint64_t now = plan_fingerprint(s->wanted.round.plan);
        const bool is_new = now == 0 || now != x->memory->last_fingerprint;
        int r;

        *ret_name = NULL;
        x->memory->last_fingerprint = now;
        if (!is_new)
                return 0;
        r = mover_record(x->arena, s->done.orders, s->done.outcomes, s->done.n, &moves);
        own = r == 0 ? arena_new(x->arena, RecordMove, s->done.n) : NULL;
        if (!own)
                return r < 0 ? r : -ENOMEM;
        if (s->done.n > 0)
                memcpy(own, moves, s->done.n * sizeof(*own));
        r = service_record_keep(s, own, service_record_own(&s->done, own), ret_name);
        return r;
}
