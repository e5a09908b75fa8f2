/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/settle_moves.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/facts/hold_store.h"
#include "scheduler/app/round/resume_move.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/round/settled_audit.h"
#include "scheduler/app/state/admission_record.h"
#include "scheduler/app/state/settle_word.h"
#include "scheduler/model/host_uri.h"
#include "scheduler/snapshot/build/host_admit.h"

#define SETTLED_AFTER (60 * USEC_PER_SEC)

/* Two hosts are taken to speak of one moment when their answers came so close together, and not longer ago than
 * OLDEST: a migration between the two would be seen by one of them. */
#define ONE_MOMENT (5 * USEC_PER_SEC)
#define OLDEST     (15 * USEC_PER_SEC)

/* A move is so old before its source alone is believed: what libvirt was asked for has begun by then. */
#define ALONE_AFTER (10 * USEC_PER_SEC)

/* What two sightings amount to. Running on one and active on the other is a migration still under way. */
static JournalEvent settle_judge(const DomainState *source, const DomainState *target, usec_t age) {
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
static JournalEvent settle_judge_cold(const DomainState *source, const DomainState *target, usec_t age) {
        if (source->presence == PRESENCE_UNKNOWN || target->presence == PRESENCE_UNKNOWN)
                return JOURNAL_UNCLEAR;
        if (source->defined != target->defined)
                return target->defined ? JOURNAL_DONE : JOURNAL_FAILED;
        if (age <= SETTLED_AFTER)
                return JOURNAL_STARTED; /* libvirt defines it there before it undefines it here */
        return source->defined ? JOURNAL_UNCLEAR : JOURNAL_FAILED;
}

/* The move by the URIs of the settings, to the machines that were admitted: the URIs that the journal has are shown, and
 * never opened. */
static int settle_order(Arena *a, const Settings *settings, const AdmissionRecords *records,
                        const MoveOrder *journal, const MoveOrder **ret) {
        const Admissions admissions = { .records = records->at, .n = records->n };
        const HostAdmission *from = admission_find(&admissions, journal->from),
                            *to = admission_find(&admissions, journal->to);
        MoveOrder *o = arena_new(a, MoveOrder, 1);
        int r = o ? 0 : -ENOMEM;

        if (r < 0)
                return r;
        *o = *journal;
        o->from_machine = from ? from->uuid : NULL;
        o->to_machine = to ? to->uuid : NULL;
        o->to_address = to ? to->address : NULL;
        r = host_uri_of(a, settings, o->from, from, &o->from_uri);
        if (r == 0)
                r = host_uri_of(a, settings, o->to, to, &o->to_uri);
        *ret = o;
        return r;
}

static usec_t settle_moves_apart(usec_t left, usec_t right) {
        return left > right ? left - right : right - left;
}

/* What is older, or was said at another moment, is no answer to go by. */
static void settle_pair(SightingQuery *source, SightingQuery *target, usec_t now) {
        SightingQuery *older = source->seen_at < target->seen_at ? source : target;

        if (older->seen_at > 0 && (settle_moves_apart(source->seen_at, target->seen_at) > ONE_MOMENT ||
                                   now - older->seen_at > OLDEST))
                older->state = (DomainState){ .presence = PRESENCE_UNKNOWN,
                                              .words = "cannot be queried: no recent answer" };
}

static int settle_words(Arena *a, const SightingQuery *source, const SightingQuery *target, Settled *io) {
        const MoveOrder *o = io->entry.order;

        io->words =
                text_format(a, "%s: %s; %s: %s", o->from, source->state.words, o->to, target->state.words);
        if (io->words && source->state.post_copy_failed && io->entry.resumes >= RESUMES_MOST)
                io->words = text_format(a,
                                        "%s; it is not resumed again: virsh -c %s " RESUME_BY_HAND
                                        " %s %s (for a persistent VM add --persistent --undefinesource)",
                                        io->words, o->from_uri, o->vm, o->to_uri);
        return io->words ? 0 : -ENOMEM;
}

/* Another machine answers in a host's place: it is kept from moves. */
static int settle_found(const Leadership *l, Arena *a, const MoveOrder *order, const SightingQuery pair[2]) {
        int r = pair[0].state.found[0] ? admission_found(l, a, order->from, pair[0].state.found) : 0;

        if (r >= 0 && pair[1].state.found[0])
                r = admission_found(l, a, order->to, pair[1].state.found);
        return r < 0 ? r : 0;
}

/* Its target cannot be asked, and its source proves that it stayed. */
static bool settle_stayed(const JournalEntry *entry, const SightingQuery pair[2], usec_t age, usec_t now) {
        const DomainState *source = &pair[0].state;

        return !journal_is_cold(entry) && pair[1].state.presence == PRESENCE_UNKNOWN &&
               !pair[1].state.found[0] && source->presence == PRESENCE_RUNNING && source->idle &&
               !source->post_copy_failed && pair[0].seen_at > 0 && now - pair[0].seen_at <= OLDEST &&
               age > ALONE_AFTER;
}

/* A person says where it runs, and no host that answers says otherwise. */
static JournalEvent settle_by_word(const SettleWord *word, const JournalEntry *entry,
                                   const DomainState *source, const DomainState *target) {
        if (strcmp(word->at, entry->order->to) == 0)
                return source->presence == PRESENCE_RUNNING ? JOURNAL_UNCLEAR : JOURNAL_DONE;
        if (strcmp(word->at, entry->order->from) == 0)
                return target->presence == PRESENCE_RUNNING ? JOURNAL_UNCLEAR : JOURNAL_FAILED;
        return JOURNAL_UNCLEAR;
}

/* How it is known, for journal and audit. */
static const char *settle_message(Arena *a, const SightingQuery pair[2], const SettleWord *word,
                                  Settled *io) {
        if (word)
                return text_format(a, "settled by %s, who reports that it runs on %s (%s); %s", word->by,
                                   word->at, word->why, io->words);
        if (pair[1].state.presence == PRESENCE_UNKNOWN)
                return text_format(a, "settled by its source alone, where it runs without a migration: %s",
                                   io->words);
        return text_format(a, "settled by querying both hosts: %s", io->words);
}

static int settle_one(const Leadership *l, Arena *a, const SightingQuery pair[2], const SettleWord *word,
                      Settled *io) {
        const DomainState *source = &pair[0].state, *target = &pair[1].state;
        const JournalEntry *e = &io->entry;
        JournalEntry settled = *e;
        const usec_t now = clock_now_of(l->world->clock);

        io->now = JOURNAL_UNCLEAR;
        io->words = "its UUID is not known, or a host's URI is not in the settings";
        if (!e->order->uuid || !e->order->from_uri || !e->order->to_uri)
                return 0;
        io->now = (journal_is_cold(e) ? settle_judge_cold : settle_judge)(source, target, now - e->at);
        io->doubled = source->presence == PRESENCE_RUNNING && target->presence == PRESENCE_RUNNING;
        if (source->post_copy_failed)
                io->now = JOURNAL_UNCLEAR; /* it does not go on by itself */
        if (io->now == JOURNAL_UNCLEAR && settle_stayed(e, pair, now - e->at, clock_monotonic()))
                io->now = JOURNAL_FAILED;
        if (io->now != JOURNAL_UNCLEAR)
                word = NULL;
        else if (word)
                io->now = settle_by_word(word, e, source, target);
        io->by = word && !journal_is_open(io->now) ? word->by : NULL;
        io->resumable = source->post_copy_failed && target->presence != PRESENCE_NONE &&
                        target->presence != PRESENCE_UNKNOWN && e->resumes < RESUMES_MOST;
        if (settle_words(a, &pair[0], &pair[1], io) < 0)
                return -ENOMEM;
        if (journal_is_open(io->now) && (!io->doubled || e->event == JOURNAL_UNCLEAR))
                return 0; /* that it runs on both is for everybody to know */
        settled.event = io->now;
        settled.at = now;
        settled.message = settle_message(a, pair, io->by ? word : NULL, io);
        io->words = settled.message && !journal_is_open(io->now) ? settled.message : io->words;
        return settled.message ? round_store_write(l, a, &settled) : -ENOMEM;
}

/* One that was begun and did not come about is not tried again at once, whoever began it. */
static int settle_learn(const Leadership *l, const Settings *settings, const Settled *settled) {
        const MoveOrder *order = settled->entry.order;
        const MoveMissed missed = { .order = order,
                                    .miss = MISS_FAILED,
                                    .blame = BLAME_PAIR,
                                    .why = settled->words,
                                    .at = clock_now_of(l->world->clock) };

        if (settled->now == JOURNAL_DONE)
                return hold_store_done(l, order);
        return settled->now == JOURNAL_FAILED && settled->entry.event != JOURNAL_INTENT
                       ? hold_store_missed(l, &missed, NULL, settings)
                       : 0;
}

static bool settle_stops(void *arg) {
        const Leadership *l = arg;

        return l->world->stop_request(l->world->stop_arg) != STOP_NONE;
}

/* Both hosts of each, all at once. ret[2 * n]. */
static int settle_look(const SettleInput *in, Arena *a, Settled *list, uint32_t n, SightingQuery **ret) {
        SightingQuery *pairs = arena_new(a, SightingQuery, 2 * (size_t) n);
        AdmissionRecords records = { 0 };
        usec_t now;
        int r = pairs ? 0 : -ENOMEM;

        if (r == 0 && n > 0)
                r = admission_records(in->leadership->store, a, &records);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                const MoveOrder *o;

                r = settle_order(a, in->settings, &records, list[i].entry.order, &list[i].entry.order);
                o = list[i].entry.order;
                pairs[(size_t) 2 * i] =
                        (SightingQuery){ .uri = o->from_uri, .machine = o->from_machine, .uuid = o->uuid };
                pairs[(size_t) 2 * i + 1] =
                        (SightingQuery){ .uri = o->to_uri, .machine = o->to_machine, .uuid = o->uuid };
        }
        if (r == 0)
                r = sightings_look(in->sightings, pairs, 2 * n, in->patience, settle_stops, in->leadership);
        now = clock_monotonic();
        for (uint32_t i = 0; r == 0 && i < n; i++)
                settle_pair(&pairs[(size_t) 2 * i], &pairs[(size_t) 2 * i + 1], now);
        *ret = pairs;
        return r;
}

/* Words are taken away when they have served, or are about no open move: one that a host contradicts waits. */
static int settle_words_take(const Leadership *l, const SettleWords *words, const Settled *list, uint32_t n) {
        int r = 0;

        for (uint32_t k = 0; r == 0 && k < words->n; k++) {
                bool waits = false;

                for (uint32_t i = 0; i < n; i++)
                        waits |= journal_is_open(list[i].now) && words->at[k].id &&
                                 strcmp(list[i].entry.id, words->at[k].id) == 0;
                if (!waits)
                        r = store_take_word(l->store, l->token, &words->texts[k]);
        }
        return r;
}

int settle_moves(const SettleInput *in, Arena *a, const Settled **ret, uint32_t *ret_n) {
        Leadership *l = in->leadership;
        const JournalEntry *open = NULL;
        SightingQuery *pairs = NULL;
        SettleWords words = { 0 };
        uint32_t n = 0;
        Settled *list;
        int r = round_store_open(l->store, a, &open, &n);

        if (r < 0)
                return r;
        list = arena_new(a, Settled, n);
        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                list[i].entry = open[i];
        r = settle_look(in, a, list, n, &pairs);
        if (r == 0)
                r = settle_words_read(l->store, a, &words);
        for (uint32_t i = 0; i < n && r == 0; i++) {
                if (!leadership_keep(l))
                        return 1;
                r = settle_found(l, a, list[i].entry.order, &pairs[(size_t) 2 * i]);
                if (r == 0)
                        r = settle_one(l, a, &pairs[(size_t) 2 * i], settle_word_of(&words, &open[i]),
                                       &list[i]);
                if (r == 0 && list[i].now == JOURNAL_DONE)
                        r = round_store_cool(l, open[i].order->vm, open[i].by_hand ? open[i].by : NULL,
                                             in->settings);
                if (r == 0 && !journal_is_open(list[i].now))
                        r = settled_audit(l, a, in->settings, &list[i]);
                if (r == 0)
                        r = settle_learn(l, in->settings, &list[i]);
        }
        if (r == 0)
                r = settle_words_take(l, &words, list, n);
        *ret = list;
        *ret_n = n;
        return r;
}
