/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/audit_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/files/audit_text.h"
#include "scheduler/store/store_unread.h"

#define ENTRIES_MOST 100000U
#define ACK_BY_SIZE  256U                  /* of a name, as operator_name() makes them */
#define LOOK_BACK    256U                  /* decisions that a round looks at */
#define LOOK_WITHIN  (3600 * USEC_PER_SEC) /* later than that, what hosts do says nothing of a decision */

/* ---- reading ---- */

static int parse_all(Store *store, Arena *a, const StoredText *texts, uint32_t n, const AuditEntry **ret,
                     uint32_t *ret_n) {
        AuditEntry *list = arena_new(a, AuditEntry, n);
        uint32_t good = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                TextFault fault = { 0 };
                int r = audit_text_parse(a, texts[i].text, texts[i].n, &list[good], &fault);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        store_unread_add(store, KEY_AUDIT, texts[i].name, "its moves are not counted");
                good += r == 0;
        }
        return audit_text_join(a, list, good, ret, ret_n);
}

static int read_some(Store *store, Arena *a, usec_t since, uint32_t most, const AuditEntry **ret,
                     uint32_t *ret_n) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        int r = store_get_audit(store, a, since, most, &texts, &n);

        return r < 0 ? r : parse_all(store, a, texts, n, ret, ret_n);
}

int audit_store_read(Store *store, Arena *a, usec_t since, const AuditEntry **ret, uint32_t *ret_n) {
        return read_some(store, a, since, ENTRIES_MOST, ret, ret_n);
}

/* ---- writing ---- */

static int64_t audit_store_share(int64_t part, int64_t whole) {
        return part == UNKNOWN || whole <= 0 ? UNKNOWN : part * 1000 / whole;
}

static HostLoad audit_store_load_of(const Host *host) {
        return (HostLoad){ .host = host->name,
                           .cpu_permille = audit_store_share(host->cpu_busy_mcores, host->cpus * 1000),
                           .memory_permille = audit_store_share(host->memory_used_mib, host->memory_mib) };
}

static int add_load(const Snapshot *s, const char *name, HostLoad *list, uint32_t *io_n) {
        HostIx h = snapshot_host(s, name);

        if (h == IX_NONE || audit_load(list, *io_n, name))
                return 0;
        list[(*io_n)++] = audit_store_load_of(&s->hosts[h]);
        return 1;
}

static int compare_load(const void *left, const void *right) {
        return strcmp(((const HostLoad *) left)->host, ((const HostLoad *) right)->host);
}

/* The hosts of those moves that were made or tried, as the snapshot has them. */
static int audit_store_loads(Arena *a, const Snapshot *s, const RecordMove *moves, uint32_t n,
                             const HostLoad **ret, uint32_t *ret_n) {
        HostLoad *list = arena_new(a, HostLoad, (size_t) n * 2);
        uint32_t k = 0;

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                (void) add_load(s, moves[i].order->from, list, &k);
                (void) add_load(s, moves[i].order->to, list, &k);
        }
        if (k > 0)
                qsort(list, k, sizeof(*list), compare_load);
        *ret = list;
        *ret_n = k;
        return 0;
}

/* What all of them took: from the first start to the last end nobody has kept, so the sum of a wave's
 * longest; bytes in all. UNKNOWN when nothing ran. */
static void sum_up(AuditEntry *entry) {
        int64_t longest = 0;

        for (uint32_t i = 0; i < entry->n_moves; i++) {
                const RecordMove *m = &entry->moves[i];

                if (m->took.ms >= 0) {
                        entry->ms = entry->ms == UNKNOWN ? 0 : entry->ms;
                        longest = m->took.ms > longest ? m->took.ms : longest;
                }
                if (m->took.bytes >= 0)
                        entry->bytes = (entry->bytes == UNKNOWN ? 0 : entry->bytes) + m->took.bytes;
                if (i + 1 == entry->n_moves || entry->moves[i + 1].order->wave != m->order->wave) {
                        entry->ms += longest;
                        longest = 0;
                }
        }
}

static int audit_store_put(Leadership *l, Arena *a, const Settings *settings, const AuditEntry *entry) {
        const char *text = NULL;
        size_t n = 0;
        int r = audit_text_print(a, entry, &text, &n);

        return r < 0 ? r
                     : store_put_audit(l->store, l->token, text, n,
                                       settings_int(settings, "service", "audit_keep"));
}

AuditEntry audit_store_entry(const RoundRecord *round_record, const char *record) {
        const Plan *plan = round_record->round->plan;

        return (AuditEntry){ .at = round_record->input->now,
                             .leader = round_record->leader,
                             .mode = round_record->mode,
                             .record = record[0] ? record : NULL,
                             .status = plan_status_names[plan->status],
                             .paused = round_record->input->paused,
                             .refused = plan->n_refused_all,
                             .predicted_ms = plan->makespan_ms,
                             .predicted_bytes = plan->bytes,
                             .moves = round_record->moves,
                             .n_moves = round_record->n_moves };
}

int audit_store_write(Leadership *l, Arena *a, const Settings *settings, const Snapshot *facts,
                      AuditEntry entry) {
        int r;

        entry.id = text_format(a, "%s/%llx", entry.leader, (unsigned long long) entry.at);
        if (!entry.id)
                return -ENOMEM;
        entry.ms = entry.bytes = UNKNOWN;
        sum_up(&entry);
        r = audit_store_loads(a, facts, entry.moves, entry.n_moves, &entry.before, &entry.n_before);
        return r < 0 ? r : audit_store_put(l, a, settings, &entry);
}

static bool audit_store_ran(const AuditEntry *entry) {
        return entry->n_moves > 0 && entry->ms != UNKNOWN;
}

int audit_store_look(Leadership *l, Arena *a, const Settings *settings, const Snapshot *facts) {
        const usec_t now = clock_now_of(l->world->clock);
        const AuditEntry *list = NULL;
        uint32_t n = 0;
        int r = read_some(l->store, a, now - LOOK_WITHIN, LOOK_BACK, &list, &n);

        for (uint32_t i = 0; i < n && r == 0; i++) {
                AuditEntry later = { .id = list[i].id };

                if (!audit_store_ran(&list[i]) || list[i].n_after > 0)
                        continue;
                r = audit_store_loads(a, facts, list[i].moves, list[i].n_moves, &later.after, &later.n_after);
                if (r == 0 && later.n_after > 0)
                        r = audit_store_put(l, a, settings, &later);
        }
        return r;
}

/* ---- when to pause ---- */

int audit_store_acknowledged(Store *store, Arena *a, usec_t *ret, const char **ret_by) {
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_note(store, a, AUDIT_ACK_NAME, &text, &n);

        *ret = 0;
        *ret_by = NULL;
        if (r == 0 && text_to_int(text, n, 0, bound_of(BOUND_STORED), ret) < 0)
                *ret = 0;
        if (r < 0 || *ret == 0)
                return r < 0 ? r : 0;
        r = store_get_note(store, a, AUDIT_ACK_BY_NAME, &text, &n);
        if (r == 0 && n > 0 && n < ACK_BY_SIZE)
                *ret_by = text_copy(a, text, n);
        return r < 0 ? r : 0;
}

int audit_store_verdict(Store *store, Arena *a, const Settings *settings, AuditPause *ret) {
        AuditBound bound = { .moves = (uint32_t) settings_int(settings, "service", "pause_after"),
                             .factor_permille = settings_int(settings, "service", "pause_factor") * 1000,
                             .missed_permille = settings_int(settings, "service", "pause_failed"),
                             .least_ms = settings_int(settings, "service", "min_pause_difference") /
                                         USEC_PER_MSEC };
        const AuditEntry *list = NULL;
        const char *by;
        uint32_t n = 0;
        int r = 0;

        *ret = (AuditPause){ 0 };
        if (bound.moves == 0)
                return 0;
        r = audit_store_acknowledged(store, a, &bound.since, &by);
        if (r == 0)
                r = read_some(store, a, bound.since, LOOK_BACK, &list, &n);
        return r < 0 ? r : audit_wrong(a, list, n, bound, ret);
}

/* Who first: balance goes on by the other. */
int audit_store_acknowledge(Store *store, const char *by) {
        char text[24];
        int n = snprintf(text, sizeof(text), "%lld", (long long) clock_now()),
            r = store_put_note(store, AUDIT_ACK_BY_NAME, by, strnlen(by, ACK_BY_SIZE - 1));

        return r < 0 ? r : store_put_note(store, AUDIT_ACK_NAME, text, (size_t) n);
}
