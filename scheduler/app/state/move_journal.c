/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/move_journal.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/state/prediction_json.h"
#include "scheduler/store/stored_json.h"

const char *const journal_event_names[JOURNAL_EVENT_N] = { "intent", "started", "done",
                                                           "failed", "aborted", "unclear" };

JournalEvent journal_event_of(MigrationPhase phase) {
        switch (phase) {
        case MIGRATION_DONE:
                return JOURNAL_DONE;
        case MIGRATION_FAILED:
        case MIGRATION_FOREIGN: /* nothing was done */
                return JOURNAL_FAILED;
        case MIGRATION_ABORTED:
                return JOURNAL_ABORTED;
        case MIGRATION_QUEUED:
        case MIGRATION_RUNNING:
        case MIGRATION_VERIFYING:
                return JOURNAL_STARTED;
        default:
                return JOURNAL_UNCLEAR;
        }
}

int journal_print(Arena *a, const JournalEntry *entry, const char **ret, size_t *ret_n) {
        const MoveOrder *m = entry->order;
        json_t *o = json_pack(
                "{s:s, s:s, s:s, s:s*, s:s, s:s, s:s*, s:s*, s:I, s:I, s:I, s:I, s:I, s:s, s:o*, s:o*, s:o*, s:s*, s:s*, s:o*}",
                "event", journal_event_names[entry->event], "id", entry->id, "vm", m->vm, "uuid", m->uuid,
                "from", m->from, "to", m->to, "from_uri", m->from_uri, "to_uri", m->to_uri, "at",
                (json_int_t) entry->at, "predicted_ms", (json_int_t) m->predicted.ms, "ms",
                (json_int_t) entry->took.ms, "bytes", (json_int_t) entry->took.bytes, "downtime_ms",
                (json_int_t) entry->took.downtime_ms, "message", entry->message ? entry->message : "",
                "prediction", m->predicted.basis.bandwidth_kbit > 0 ? prediction_json(&m->predicted) : NULL,
                "cold", journal_is_cold(entry) ? json_true() : NULL, "resumes",
                entry->resumes > 0 ? json_integer(entry->resumes) : NULL, "kind", m->kind, "by", entry->by,
                "by_hand", entry->by_hand ? json_true() : NULL);

        return stored_json_text(a, o, ret, ret_n);
}

static const char *move_journal_copy(Arena *a, const char *s, bool *full) {
        const char *c = s ? text_copy(a, s, strlen(s)) : NULL;

        *full = *full || (s && !c);
        return c;
}

static int entry_parse(Arena *a, json_t *o, JournalEntry *ret) {
        const char *event = NULL, *id = NULL, *vm = NULL, *uuid = NULL, *from = NULL, *to = NULL;
        const char *from_uri = NULL, *to_uri = NULL, *message = "", *kind = NULL, *by = NULL;
        json_int_t at = 0, resumes = 0, predicted = UNKNOWN, ms = UNKNOWN, bytes = UNKNOWN,
                   downtime = UNKNOWN;
        json_t *prediction = NULL;
        MoveOrder *order;
        bool full = false;
        int e = 0, cold = 0, by_hand = 0;

        if (json_unpack(
                    o,
                    "{s:s, s:s, s:s, s?s, s:s, s:s, s?s, s?s, s:I, s?I, s?I, s?I, s?I, s?s, s?o, s?b, s?I, s?s, s?s, s?b}",
                    "event", &event, "id", &id, "vm", &vm, "uuid", &uuid, "from", &from, "to", &to,
                    "from_uri", &from_uri, "to_uri", &to_uri, "at", &at, "predicted_ms", &predicted, "ms",
                    &ms, "bytes", &bytes, "downtime_ms", &downtime, "message", &message, "prediction",
                    &prediction, "cold", &cold, "resumes", &resumes, "kind", &kind, "by", &by, "by_hand",
                    &by_hand) < 0)
                return -EBADMSG;
        while (e < JOURNAL_EVENT_N && strcmp(event, journal_event_names[e]) != 0)
                e++;
        if (e == JOURNAL_EVENT_N)
                return -EBADMSG;
        order = arena_new(a, MoveOrder, 1);
        if (!order)
                return -ENOMEM;
        *order = (MoveOrder){ .vm = move_journal_copy(a, vm, &full),
                              .from = move_journal_copy(a, from, &full),
                              .to = move_journal_copy(a, to, &full),
                              .uuid = move_journal_copy(a, uuid, &full),
                              .from_uri = move_journal_copy(a, from_uri, &full),
                              .to_uri = move_journal_copy(a, to_uri, &full),
                              .predicted = prediction_of_json(prediction),
                              .kind = action_kind_named(kind) };
        if (order->predicted.basis.bandwidth_kbit == 0)
                order->predicted.ms = predicted;
        if (cold)
                order->manner.strategy = STRATEGY_COLD;
        *ret = (JournalEntry){ .event = (JournalEvent) e,
                               .id = move_journal_copy(a, id, &full),
                               .order = order,
                               .resumes = resumes,
                               .at = at,
                               .took = { .ms = ms, .bytes = bytes, .downtime_ms = downtime },
                               .message = move_journal_copy(a, message, &full),
                               .by = move_journal_copy(a, by, &full),
                               .by_hand = by && by_hand };
        return full ? -ENOMEM : 0;
}

int journal_parse(Arena *a, const char *text, size_t n, JournalEntry *ret) {
        json_t *o = stored_json(text, n, 0, NULL);
        JournalEntry entry;
        int r = o ? entry_parse(a, o, &entry) : -EBADMSG;

        json_decref(o);
        if (r == 0)
                *ret = entry;
        return r;
}

typedef struct Seen {
        const char *id;
        uint32_t at; /* index into the entries: the lower, the newer */
} Seen;

static int compare_seen(const void *left, const void *right) {
        const Seen *x = left, *y = right;
        int c = strcmp(x->id, y->id);

        return c != 0 ? c : x->at < y->at ? -1 : x->at > y->at;
}

int journal_open_ones(Arena *a, const JournalEntry *entries, uint32_t n, const JournalEntry **ret,
                      uint32_t *ret_n) {
        Seen *seen = arena_new(a, Seen, n);
        JournalEntry *open = arena_new(a, JournalEntry, n);
        uint32_t n_open = 0;

        if (!seen || !open)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                seen[i] = (Seen){ entries[i].id, i };
        if (n > 0)
                qsort(seen, n, sizeof(*seen), compare_seen);
        for (uint32_t i = 0; i < n; i++) {
                bool newest = i == 0 || strcmp(seen[i].id, seen[i - 1].id) != 0;

                if (newest && journal_is_open(entries[seen[i].at].event))
                        open[n_open++] = entries[seen[i].at];
        }
        *ret = open;
        *ret_n = n_open;
        return 0;
}

RecordMove move_finished(const JournalEntry *entry) {
        return (RecordMove){ .order = entry->order,
                             .end = entry->event == JOURNAL_ABORTED ? MIGRATION_BROKEN_OFF : NULL,
                             .took = entry->took };
}
