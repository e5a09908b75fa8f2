/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/round_store.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/round/cool_downs.h"
#include "scheduler/model/host_uri.h"

#define JOURNAL_LOOK_BACK 4096U
#define LOOK_AT_MOST      (5 * USEC_PER_SEC)
#define SETTLED_AFTER     (60 * USEC_PER_SEC)

int round_store_open(Store *store, Arena *a, const JournalEntry **ret, uint32_t *ret_n) {
        StoredText *texts = NULL;
        JournalEntry *entries;
        uint32_t n = 0, n_entries = 0;
        int r = store_get_journal(store, a, JOURNAL_LOOK_BACK, &texts, &n);

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
        }
        return journal_open_ones(a, entries, n_entries, ret, ret_n);
}

int round_store_holds(Store *store, Arena *a, RoundInput *in) {
        const JournalEntry *open = NULL;
        const CoolDown *cooling = NULL;
        uint32_t n_open = 0, n_cooling = 0;
        const char *text = NULL;
        CoolDown *all;
        size_t n = 0;
        int r = store_get_state(store, a, COOL_DOWNS_NAME, &text, &n);

        if (r == 0 && cool_downs_parse(a, text, n, &cooling, &n_cooling) == -ENOMEM)
                return -ENOMEM;
        if (r >= 0)
                r = round_store_open(store, a, &open, &n_open);
        if (r < 0)
                return r;
        all = arena_new(a, CoolDown, (size_t) n_cooling + n_open);
        if (!all)
                return -ENOMEM;
        if (n_cooling > 0)
                memcpy(all, cooling, sizeof(*all) * n_cooling);
        for (uint32_t i = 0; i < n_open; i++)
                all[n_cooling + i] = (CoolDown){ .vm = open[i].order->vm,
                                                 .until = INT64_MAX,
                                                 .why = "how its last migration ended is not known yet" };
        in->cool_downs = all;
        in->n_cool_downs = n_cooling + n_open;
        return 0;
}

/* What two sightings amount to. Running on one and active on the other is a migration still under way. */
static JournalEvent round_store_judge(const DomainState *source, const DomainState *target, usec_t age) {
        if (source->presence == PRESENCE_NONE && target->presence == PRESENCE_RUNNING)
                return JOURNAL_DONE;
        if (source->presence == PRESENCE_RUNNING && target->presence == PRESENCE_NONE)
                return JOURNAL_FAILED;
        if (source->presence != PRESENCE_UNKNOWN && target->presence == PRESENCE_OTHER)
                return JOURNAL_STARTED;
        if (source->presence == PRESENCE_NONE && target->presence == PRESENCE_NONE && age > SETTLED_AFTER)
                return JOURNAL_FAILED; /* shut down since: it runs on neither, so nothing is in danger */
        return JOURNAL_UNCLEAR;
}

/* Of one that was off: where it is defined, whatever became of it since. */
static JournalEvent judge_cold(const DomainState *source, const DomainState *target, usec_t age) {
        if (source->presence == PRESENCE_UNKNOWN || target->presence == PRESENCE_UNKNOWN)
                return JOURNAL_UNCLEAR;
        if (source->defined != target->defined)
                return target->defined ? JOURNAL_DONE : JOURNAL_FAILED;
        if (age <= SETTLED_AFTER)
                return JOURNAL_STARTED; /* libvirt defines it there before it undefines it here */
        return source->defined ? JOURNAL_UNCLEAR : JOURNAL_FAILED;
}

int round_store_cool(const Leadership *l, const char *vm, const Settings *settings) {
        const CoolLength length = { .first = settings_int(settings, "service", "cool_down"),
                                    .most = settings_int(settings, "service", "cool_down_most") };
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
        if (r == 0 && cool_downs_parse(&a, text, size, &list, &n) == -ENOMEM)
                r = -ENOMEM;
        if (r >= 0)
                r = cool_downs_moved(&a, list, n, (VmMoved){ vm, now }, length, &list, &n);
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

/* The move by the URIs of the settings: those that the journal has are shown, and never opened. */
static int settle_order(Arena *a, const Settings *settings, const MoveOrder *journal, const MoveOrder **ret) {
        MoveOrder *o = arena_new(a, MoveOrder, 1);
        int r = o ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        *o = *journal;
        r = host_uri_of(a, settings, o->from, &o->from_uri);
        if (r == 0)
                r = host_uri_of(a, settings, o->to, &o->to_uri);
        *ret = o;
        return r;
}

static int settle_one(Leadership *l, Arena *a, const Settings *settings, const JournalEntry *journal,
                      Settled *ret) {
        JournalEntry entry = *journal, settled;
        const JournalEntry *e = &entry;
        DomainState source = { 0 }, target = { 0 };
        int r = settle_order(a, settings, journal->order, &entry.order);

        if (r < 0)
                return r;
        settled = entry;
        *ret = (Settled){ .entry = *e,
                          .now = JOURNAL_UNCLEAR,
                          .words = "its UUID is not known, or a host's URI is not in the settings" };
        if (!e->order->uuid || !e->order->from_uri || !e->order->to_uri)
                return 0;
        r = l->world->look(l->world->self, e->order->from_uri, e->order->uuid, LOOK_AT_MOST, &source);
        if (r == 0)
                r = l->world->look(l->world->self, e->order->to_uri, e->order->uuid, LOOK_AT_MOST, &target);
        if (r < 0)
                return r;
        ret->now = (journal_is_cold(e) ? judge_cold : round_store_judge)(
                &source, &target, clock_now_of(l->world->clock) - e->at);
        ret->words =
                text_format(a, "%s: %s; %s: %s", e->order->from, source.words, e->order->to, target.words);
        if (source.post_copy_failed)
                ret->now = JOURNAL_UNCLEAR; /* it does not go on by itself */
        ret->resumable = source.post_copy_failed && target.presence != PRESENCE_NONE &&
                         target.presence != PRESENCE_UNKNOWN && e->resumes < RESUMES_MOST;
        if (source.post_copy_failed && e->resumes >= RESUMES_MOST)
                ret->words = text_format(a,
                                         "%s; it is not taken up again any more: virsh -c %s " RESUME_BY_HAND
                                         " %s %s (of a persistent VM with --persistent --undefinesource)",
                                         ret->words ? ret->words : "", e->order->from_uri, e->order->vm,
                                         e->order->to_uri);
        if (!ret->words)
                return -ENOMEM;
        if (journal_is_open(ret->now))
                return 0;
        settled.event = ret->now;
        settled.at = clock_now_of(l->world->clock);
        settled.message = text_format(a, "settled by asking both hosts: %s", ret->words);
        return settled.message ? round_store_write(l, a, &settled) : -ENOMEM;
}

int round_store_settle(Leadership *l, Arena *a, const Settings *settings, const Settled **ret,
                       uint32_t *ret_n) {
        const JournalEntry *open = NULL;
        uint32_t n = 0;
        Settled *list;
        int r = round_store_open(l->store, a, &open, &n);

        if (r < 0)
                return r;
        list = arena_new(a, Settled, n);
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n && r == 0; i++) {
                if (!leadership_keep(l))
                        return 1;
                r = settle_one(l, a, settings, &open[i], &list[i]);
                if (r == 0 && list[i].now == JOURNAL_DONE)
                        r = round_store_cool(l, open[i].order->vm, settings);
        }
        *ret = list;
        *ret_n = n;
        return r;
}
