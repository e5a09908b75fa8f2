/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/settled_audit.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/store/store_unread.h"

#define JOURNAL_LAST 4096U
#define WITHIN       (3600 * USEC_PER_SEC)

/* "LEADER/BEGUN/NUMBER" (mover_journal.c): who began it. NULL: no memory. */
static const char *audit_leader_of(Arena *a, const char *id) {
        size_t n = strlen(id);

        for (int cut = 0; cut < 2; cut++) {
                const char *slash = memrchr(id, '/', n);

                n = slash ? (size_t) (slash - id) : n;
        }
        return text_copy(a, id, n);
}

static RecordMove audit_move_of(const JournalEntry *entry, JournalEvent end, const char *why) {
        return (RecordMove){ .order = entry->order,
                             .end = journal_event_names[end],
                             .why = end == JOURNAL_DONE ? "" : why,
                             .strategy = move_strategy_names[entry->order->manner.strategy],
                             .took = entry->took };
}

static int audit_put(Leadership *l, Arena *a, const Settings *settings, AuditEntry entry) {
        static const Snapshot nothing = { .cluster = "" };

        entry.status = "settled";
        entry.predicted_ms = entry.predicted_bytes = UNKNOWN;
        return audit_store_write(l, a, settings, &nothing, entry);
}

int settled_audit(Leadership *l, Arena *a, const Settings *settings, const Settled *settled) {
        const JournalEntry *e = &settled->entry;
        const bool both =
                settled->by && e->by; /* who said it is the entry's; who wanted it must not be lost */
        const char *why =
                both ? text_format(a, "%s; requested by %s", settled->words, e->by) : settled->words;
        RecordMove move = { 0 };
        const char *leader = audit_leader_of(a, e->id);
        const usec_t now = clock_now_of(l->world->clock);

        if (!leader || !why)
                return -ENOMEM;
        move = audit_move_of(e, settled->now, why);
        if (both)
                move.why = why; /* also of one that is done */
        return audit_put(l, a, settings,
                         (AuditEntry){ .at = now,
                                       .leader = leader,
                                       .mode = "settled",
                                       .waiting = settled->by ? e->id : NULL,
                                       .answer = settled->by ? "settled" : NULL,
                                       .by = settled->by ? settled->by : e->by,
                                       .answered_at = settled->by ? now : 0,
                                       .moves = &move,
                                       .n_moves = 1 });
}

/* ---- of a leader that died ---- */

static bool settled_audit_has(const AuditEntry *list, uint32_t n, const char *leader,
                              const JournalEntry *entry) {
        for (uint32_t i = 0; i < n; i++) {
                if (!list[i].leader || strcmp(list[i].leader, leader) != 0)
                        continue;
                for (uint32_t k = 0; k < list[i].n_moves; k++) {
                        const MoveOrder *o = list[i].moves[k].order;

                        if (strcmp(o->vm, entry->order->vm) == 0 &&
                            strcmp(o->from, entry->order->from) == 0 && strcmp(o->to, entry->order->to) == 0)
                                return true;
                }
        }
        return false;
}

/* Of entries newest first: none before it is of the same move. */
static bool audit_is_newest(const JournalEntry *entries, uint32_t i) {
        for (uint32_t k = 0; k < i; k++)
                if (strcmp(entries[k].id, entries[i].id) == 0)
                        return false;
        return true;
}

typedef struct CatchUp {
        const AuditEntry *audit;
        const JournalEntry *entries; /* newest first */
        const char **leaders;        /* [n] of those that are lacking; NULL: it is not, or was written */
        uint32_t n_audit, n;
        usec_t since;
} CatchUp;

static int audit_read_journal(const Leadership *l, Arena *a, CatchUp *ret) {
        StoredText *texts = NULL;
        JournalEntry *entries;
        uint32_t n = 0;
        int r = store_get_journal(l->store, a, JOURNAL_LAST, &texts, &n);

        entries = r == 0 ? arena_new(a, JournalEntry, n) : NULL;
        ret->leaders = entries ? arena_new(a, const char *, n) : NULL;
        if (r == 0 && !ret->leaders)
                r = -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                r = journal_parse(a, texts[i].text, texts[i].n, &entries[ret->n]);
                if (r == -EBADMSG)
                        store_unread_add(l->store, KEY_JOURNAL, texts[i].name, JOURNAL_UNREAD);
                ret->n += r == 0;
                r = r == -ENOMEM ? r : 0;
        }
        ret->entries = entries;
        return r;
}

static int audit_find_lacking(const Leadership *l, Arena *a, CatchUp *c) {
        for (uint32_t i = 0; i < c->n && c->entries[i].at >= c->since; i++) {
                const JournalEntry *e = &c->entries[i];
                const char *leader = audit_leader_of(a, e->id);

                if (!leader)
                        return -ENOMEM;
                if (!journal_is_open(e->event) && strcmp(leader, l->self) != 0 &&
                    audit_is_newest(c->entries, i) && !settled_audit_has(c->audit, c->n_audit, leader, e))
                        c->leaders[i] = leader;
        }
        return 0;
}

/* All of one leader's that one operator wanted, or nobody by name; oldest first. */
static int audit_write_leader(Leadership *l, Arena *a, const Settings *settings, CatchUp *c, uint32_t first,
                              uint32_t *io_n) {
        const char *leader = c->leaders[first], *by = c->entries[first].by;
        RecordMove *moves = arena_new(a, RecordMove, c->n - first);
        uint32_t n = 0;

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = c->n; i-- > first;)
                if (c->leaders[i] && strcmp(c->leaders[i], leader) == 0 && text_equal(c->entries[i].by, by)) {
                        moves[n++] =
                                audit_move_of(&c->entries[i], c->entries[i].event, c->entries[i].message);
                        c->leaders[i] = NULL;
                }
        *io_n += n;
        return audit_put(l, a, settings,
                         (AuditEntry){ .at = c->entries[first].at,
                                       .leader = leader,
                                       .mode = "journal",
                                       .by = by,
                                       .moves = moves,
                                       .n_moves = n });
}

int settled_audit_catch_up(Leadership *l, Arena *a, const Settings *settings, uint32_t *ret_n) {
        CatchUp c = { .since = clock_now_of(l->world->clock) - WITHIN };
        int r = audit_store_read(l->store, a, c.since - WITHIN, &c.audit, &c.n_audit);

        *ret_n = 0;
        if (r == 0)
                r = audit_read_journal(l, a, &c);
        if (r == 0)
                r = audit_find_lacking(l, a, &c);
        for (uint32_t i = 0; r == 0 && i < c.n; i++)
                if (c.leaders[i])
                        r = audit_write_leader(l, a, settings, &c, i, ret_n);
        return r;
}
