/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/round_store.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/round/cool_downs.h"
#include "scheduler/app/state/live_state.h"
#include "scheduler/model/bounds.h"
#include "scheduler/store/store_unread.h"

#define JOURNAL_LOOK_BACK 4096U
#define DOUBT_LASTS       (3600 * USEC_PER_SEC) /* longer than a migration takes */

/* "MILLISECONDS-N", of the server. */
static usec_t round_store_entry_time(const char *id) {
        int64_t ms;

        return text_to_int(id, strcspn(id, "-"), 0, bound_of(BOUND_TIME) / USEC_PER_MSEC, &ms) < 0
                       ? 0
                       : ms * USEC_PER_MSEC;
}

/* *ret_doubt: when the newest was written of those that cannot be read; 0: all can. */
static int round_store_read_journal(Store *store, Arena *a, const JournalEntry **ret, uint32_t *ret_n,
                                    usec_t *ret_doubt) {
        StoredText *texts = NULL;
        JournalEntry *entries;
        uint32_t n = 0, n_entries = 0;
        int r = store_get_journal(store, a, JOURNAL_LOOK_BACK, &texts, &n);

        *ret_doubt = 0;
        if (r < 0)
                return r;
        entries = arena_new(a, JournalEntry, n);
        if (!entries)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                r = journal_parse(a, texts[i].text, texts[i].n, &entries[n_entries]);
                if (r == -ENOMEM)
                        return r;
                n_entries += r == 0;
                if (r == 0)
                        continue;
                store_unread_add(store, KEY_JOURNAL, texts[i].name, JOURNAL_UNREAD);
                if (*ret_doubt == 0) /* the newest comes first */
                        *ret_doubt = round_store_entry_time(texts[i].name);
        }
        *ret = entries;
        *ret_n = n_entries;
        return 0;
}

int round_store_journal(Store *store, Arena *a, const JournalEntry **ret, uint32_t *ret_n) {
        usec_t doubt;

        return round_store_read_journal(store, a, ret, ret_n, &doubt);
}

static int round_store_open_ones(Store *store, Arena *a, const JournalEntry **ret, uint32_t *ret_n,
                                 usec_t *ret_doubt) {
        const JournalEntry *entries = NULL;
        uint32_t n = 0;
        int r = round_store_read_journal(store, a, &entries, &n, ret_doubt);

        return r < 0 ? r : journal_open_ones(a, entries, n, ret, ret_n);
}

int round_store_open(Store *store, Arena *a, const JournalEntry **ret, uint32_t *ret_n) {
        usec_t doubt;

        return round_store_open_ones(store, a, ret, ret_n, &doubt);
}

/* Which of the VMs it was about nobody knows: a migration of any may run. */
static uint32_t round_store_doubtful(const Snapshot *s, usec_t doubt, CoolDown *to) {
        for (VmIx v = 0; v < s->n_vms; v++)
                to[v] = (CoolDown){
                        .vm = s->vms[v].name,
                        .until = doubt + DOUBT_LASTS,
                        .why = "an entry of the journal cannot be read: a migration may still run"
                };
        return s->n_vms;
}

/* What cannot be read counts as none. */
static int round_store_cooling(Store *store, Arena *a, StoredText text, const CoolDown **ret,
                               uint32_t *ret_n) {
        int r = cool_downs_parse(a, text.text, text.n, ret, ret_n);

        if (r < 0 && r != -ENOMEM)
                store_unread_add(store, KEY_STATE, COOL_DOWNS_NAME,
                                 "VMs that were moved recently may be moved again");
        return r == -ENOMEM ? r : 0;
}

/* Begun by whoever shows it, and seen by it a moment ago. */
static bool round_store_runs(const LiveState *live, const char *self, const JournalEntry *entry) {
        const size_t n = live->leader ? strlen(live->leader) : 0;

        if (entry->event == JOURNAL_UNCLEAR || n == 0 || (self && strcmp(self, live->leader) != 0) ||
            strncmp(entry->id, live->leader, n) != 0 || entry->id[n] != '/')
                return false;
        for (uint32_t i = 0; i < live->n_moves; i++) {
                const LiveMove *m = &live->moves[i];

                if (m->status.phase != MIGRATION_QUEUED && !migration_has_ended(m->status.phase) &&
                    strcmp(m->order->vm, entry->order->vm) == 0 &&
                    strcmp(m->order->to, entry->order->to) == 0)
                        return true;
        }
        return false;
}

static int round_store_live(Store *store, Arena *a, uint32_t n_open, LiveState *ret) {
        int r = n_open > 0 ? live_state_get(store, a, ret) : 0;

        return r == -ENOMEM || (r < 0 && r != -EBADMSG) ? r : 0;
}

static CoolDown round_store_open_move(const JournalEntry *entry, bool runs) {
        return (CoolDown){ .vm = entry->order->vm,
                           .until = INT64_MAX,
                           .open = entry->order,
                           .runs = runs,
                           .why = runs ? "it is being migrated"
                                       : "the end of its last migration is not known yet" };
}

int round_store_holds(Store *store, Arena *a, const char *self, RoundInput *in) {
        const JournalEntry *open = NULL;
        const CoolDown *cooling = NULL;
        uint32_t n_open = 0, n_cooling = 0;
        const char *text = NULL;
        LiveState live = { 0 };
        CoolDown *all;
        size_t n = 0;
        usec_t doubt = 0;
        int r = store_get_state(store, a, COOL_DOWNS_NAME, &text, &n);

        if (r == 0)
                r = round_store_cooling(store, a, (StoredText){ .text = text, .n = n }, &cooling, &n_cooling);
        if (r >= 0)
                r = round_store_open_ones(store, a, &open, &n_open, &doubt);
        if (r >= 0)
                r = round_store_live(store, a, n_open, &live);
        if (r < 0)
                return r;
        all = arena_new(a, CoolDown, (size_t) n_cooling + n_open + (in->snapshot ? in->snapshot->n_vms : 0));
        if (!all)
                return -ENOMEM;
        if (n_cooling > 0)
                memcpy(all, cooling, sizeof(*all) * n_cooling);
        for (uint32_t i = 0; i < n_open; i++)
                all[n_cooling + i] = round_store_open_move(&open[i], round_store_runs(&live, self, &open[i]));
        in->cool_downs = all;
        in->n_cool_downs = n_cooling + n_open;
        if (in->snapshot && in->now < doubt + DOUBT_LASTS)
                in->n_cool_downs += round_store_doubtful(in->snapshot, doubt, all + in->n_cool_downs);
        return 0;
}

int round_store_cool(const Leadership *l, const char *vm, const char *by, const Settings *settings) {
        const CoolLength length = { .first = settings_int(settings, "service", "cool_down"),
                                    .most = settings_int(settings, "service", "max_cool_down") };
        const usec_t now = clock_now_of(l->world->clock);
        const CoolDown *list = NULL;
        const char *text = NULL;
        uint32_t n = 0;
        size_t size = 0;
        Arena a;
        int r;

        r = arena_open((size_t) 1 << 30, &a);
        if (r < 0)
                return r;
        r = store_get_state(l->store, &a, COOL_DOWNS_NAME, &text, &size);
        if (r == 0)
                r = round_store_cooling(l->store, &a, (StoredText){ .text = text, .n = size }, &list, &n);
        if (r >= 0)
                r = cool_downs_moved(&a, list, n, (VmMoved){ vm, now, by }, length, &list, &n);
        if (r == 0)
                r = cool_downs_print(&a, list, n, now, &text, &size);
        if (r == 0)
                r = store_lead_state(l->store, l->token, COOL_DOWNS_NAME, text, size, 0);
        arena_close(&a);
        return r;
}

int round_store_write(const Leadership *l, Arena *a, const JournalEntry *entry) {
        const char *text = NULL;
        size_t n = 0;
        int r = journal_print(a, entry, &text, &n);

        return r < 0 ? r : store_journal(l->store, l->token, text, n);
}
