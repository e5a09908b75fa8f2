/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/store/store_memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/secret.h"
#include "scheduler/model/bounds.h"
#include "scheduler/store/store_memory_parts.h"
#include "scheduler/store/store_script.h"
#include "scheduler/store/store_unread.h"

#define KEY_ARENA    ((size_t) 512 << 20) /* address space: the memory of faults of 200,000 hosts */
#define LOOKS_LEASES 12                   /* a minute, at the usual 5 s */
#define LOOK_LEAST   (INT64_C(1000000000) * USEC_PER_SEC) /* 2001: no look is older */
#define JOURNAL_LAST 256                                  /* entries that are remembered */

StoreMemory *store_memory_new(void) {
        return calloc(1, sizeof(StoreMemory));
}

StoreMemory *store_memory_free(StoreMemory *m) {
        if (!m)
                return NULL;
        for (int k = 0; k < KEY_N; k++) {
                arena_close(&m->keys[k].arenas[0]);
                arena_close(&m->keys[k].arenas[1]);
        }
        free(m);
        return NULL;
}

static int item_by_name(const void *left, const void *right) {
        return strcmp(((const MemoryItem *) left)->name, ((const MemoryItem *) right)->name);
}

const MemoryItem *memory_find(const MemoryItem *items, uint32_t n, const char *name) {
        const MemoryItem key = { .name = name };

        return n > 0 ? bsearch(&key, items, n, sizeof(key), item_by_name) : NULL;
}

const MemoryItem *store_memory_items(const StoreMemory *m, StoreKey key, uint32_t *ret_n) {
        *ret_n = m->keys[key].n;
        return m->keys[key].items;
}

static const char *epoch_field(const MemoryItem *items, uint32_t n, const char *name) {
        const MemoryItem *i = memory_find(items, n, name);

        return i ? i->text : "";
}

const char *store_memory_identity(const StoreMemory *m) {
        return epoch_field(m->keys[KEY_EPOCH].items, m->keys[KEY_EPOCH].n, "id");
}

bool store_memory_knows(const StoreMemory *m) {
        return store_memory_identity(m)[0] != '\0';
}

/* The arena that is not in use, empty. */
static int memory_spare(MemoryKey *key, Arena **ret) {
        Arena *a = &key->arenas[!key->current];

        if (!a->base) {
                int r = arena_open(KEY_ARENA, a);

                if (r < 0)
                        return r;
        }
        arena_rewind(a, 0);
        *ret = a;
        return 0;
}

int store_memory_put(StoreMemory *m, StoreKey key, const MemoryItem *items, uint32_t n) {
        MemoryKey *to = &m->keys[key];
        MemoryItem *copy;
        Arena *a;
        int r = memory_spare(to, &a);

        if (r < 0)
                return r;
        copy = arena_new(a, MemoryItem, n);
        for (uint32_t i = 0; copy && i < n; i++) {
                copy[i] = (MemoryItem){ .name = text_copy(a, items[i].name, strlen(items[i].name)),
                                        .text = text_copy(a, items[i].text, items[i].n),
                                        .n = items[i].n,
                                        .since = items[i].since };
                if (!copy[i].name || !copy[i].text)
                        return -ENOMEM;
        }
        if (!copy)
                return -ENOMEM;
        if (n > 0 && key != KEY_JOURNAL)
                qsort(copy, n, sizeof(*copy), item_by_name);
        to->items = copy;
        to->n = n;
        to->current = !to->current;
        m->from_file = true;
        return 0;
}

/* ---- reading ---- */

/* What the store has of a key, in the spare arena of that key. */
typedef struct Seen {
        MemoryItem *items;
        uint32_t n;
        bool read;
} Seen;

static int read_string(Store *s, Arena *a, StoreKey key, StoredText **ret, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        char name[KEY_SIZE];
        StoredText *one = arena_new(a, StoredText, 1);
        Command c = { 0 };
        int k = one ? store_begin(s) : -ENOMEM;

        if (k < 0)
                return k;
        command_text(&c, "GET");
        command_text(&c, key_print(name, s->cluster, key, NULL));
        k = redis_call(&s->redis, &c, &reply);
        one->name = "";
        if (k == 0)
                k = reply_text(reply, a, &one->text, &one->n);
        *ret = one;
        *ret_n = k == 0;
        return k > 0 ? 0 : store_end(s, k, "GET");
}

static int read_set(Store *s, Arena *a, StoreKey key, StoredText **ret, uint32_t *ret_n) {
        owned(reply_free) redisReply *reply = NULL;
        const char *const *names = NULL;
        char name[KEY_SIZE];
        Command c = { 0 };
        int k = store_begin(s);

        if (k < 0)
                return k;
        command_text(&c, "SMEMBERS");
        command_text(&c, key_print(name, s->cluster, key, NULL));
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0)
                k = reply_names(reply, a, &s->drops, &names, ret_n);
        *ret = k == 0 ? arena_new(a, StoredText, *ret_n) : NULL;
        if (k == 0 && !*ret)
                k = -ENOMEM;
        for (uint32_t i = 0; k == 0 && i < *ret_n; i++)
                (*ret)[i] = (StoredText){ .name = names[i], .text = "" };
        return store_end(s, k, "SMEMBERS");
}

static int read_key(Store *s, Arena *a, StoreKey key, StoredText **ret, uint32_t *ret_n) {
        const char *type = store_key_defs[key].type;

        if (key == KEY_JOURNAL)
                return stream_read(s, a, key, JOURNAL_LAST, ret, ret_n);
        if (strcmp(type, "hash") == 0)
                return store_read_hash(s, a, key, ret, ret_n);
        return (strcmp(type, "set") == 0 ? read_set : read_string)(s, a, key, ret, ret_n);
}

/* "MILLISECONDS-N" */
static usec_t entry_time(const char *id) {
        int64_t ms;

        return text_to_int(id, strcspn(id, "-"), 0, bound_of(BOUND_STORED) / USEC_PER_MSEC, &ms) < 0
                       ? 0
                       : ms * USEC_PER_MSEC;
}

/* What was known of it before goes on: since when it is so, and what it was. */
static MemoryItem memory_item(const MemoryKey *before, StoreKey key, const StoredText *text, Arena *a) {
        const MemoryItem *old = key == KEY_JOURNAL ? NULL : memory_find(before->items, before->n, text->name);
        MemoryItem item = { .name = text->name, .text = text->text, .n = text->n };
        const char *was;

        if (key == KEY_JOURNAL)
                item.since = entry_time(text->name);
        if (!old)
                return item;
        if (old->n == text->n && memcmp(old->text, text->text, text->n) == 0) {
                item.since = old->since;
                was = old->was;
        } else
                was = old->text;
        item.was = was ? text_copy(a, was, strlen(was)) : NULL; /* no memory: not known */
        return item;
}

static int seen_read(StoreMemory *m, Store *s, StoreKey key, Seen *ret) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        Arena *a;
        int r = memory_spare(&m->keys[key], &a);

        if (r == 0)
                r = read_key(s, a, key, &texts, &n);
        if (r < 0)
                return r;
        ret->items = arena_new(a, MemoryItem, n);
        if (!ret->items)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++)
                ret->items[i] = memory_item(&m->keys[key], key, &texts[i], a);
        ret->n = n;
        ret->read = true;
        return 0;
}

static bool key_is_large(StoreKey key) {
        return key == KEY_FAULTS || key == KEY_HOSTS || key == KEY_KNOWN || key == KEY_MISSED;
}

static int seen_read_all(StoreMemory *m, Store *s, bool all, Seen seen[KEY_N]) {
        int r = 0;

        memset(seen, 0, sizeof(*seen) * KEY_N);
        for (int k = 0; r == 0 && k < KEY_N; k++)
                if (store_key_defs[k].loss == LOSS_REWRITTEN && (all || !key_is_large((StoreKey) k)))
                        r = seen_read(m, s, (StoreKey) k, &seen[k]);
        return r;
}

/* ---- judging ---- */

/* The oldest and the newest time of which something is known to be gone, or to have been written. */
typedef struct Gap {
        usec_t first_lost; /* INT64_MAX: nothing is */
        usec_t first_look; /* of our looks; likewise */
        usec_t newest;
} Gap;

static void gap_lost(Gap *gap, usec_t since) {
        if (since < gap->first_lost)
                gap->first_lost = since;
}

static usec_t epoch_look(const MemoryItem *items, uint32_t n) {
        const char *text = epoch_field(items, n, "look");
        int64_t look;

        return text_to_int(text, strlen(text), 0, bound_of(BOUND_SEQUENCE), &look) < 0 ? 0 : look;
}

static void judge_beats(const StoreMemory *m, const Seen *epoch, Gap *gap) {
        const usec_t look = epoch_look(epoch->items, epoch->n);
        /* Of a file: the one before it was written. */
        const usec_t last =
                m->n_beats > 0 ? m->beats[0] : epoch_look(m->keys[KEY_EPOCH].items, m->keys[KEY_EPOCH].n);

        if (last > gap->newest)
                gap->newest = last;
        if (last > look)
                gap->first_look = last;
        for (uint32_t i = 0; i < m->n_beats && m->beats[i] > look; i++)
                gap->first_look = m->beats[i];
        /* All that is remembered of looks is gone, and the ring is full: it may be more. */
        if (m->n_beats == MEMORY_BEATS && m->beats[MEMORY_BEATS - 1] > look)
                gap->first_look = 0;
}

/* Another service has seen a loss: what it did not know of may be gone, too. */
static bool judge_losses(const StoreMemory *m, const Seen *epoch) {
        const MemoryKey *mine = &m->keys[KEY_EPOCH];

        return strcmp(epoch_field(mine->items, mine->n, "losses"),
                      epoch_field(epoch->items, epoch->n, "losses")) != 0;
}

static void judge_marks(const StoreMemory *m, const Seen *marks, Gap *gap) {
        const MemoryKey *mine = &m->keys[KEY_MARKS];

        for (uint32_t i = 0; i < mine->n; i++) {
                const MemoryItem *item = &mine->items[i];
                const MemoryItem *is = memory_find(marks->items, marks->n, item->name);

                if (!is && mark_is_gone(item->text, item->n))
                        continue; /* the line that it left has done its time */
                if (!is ||
                    (item->was && strcmp(is->text, item->was) == 0 && strcmp(is->text, item->text) != 0))
                        gap_lost(gap, item->since);
        }
}

/* By its text: one that was written again has another id. */
static bool journal_has(const Seen *journal, const MemoryItem *item) {
        for (uint32_t i = 0; i < journal->n; i++)
                if (journal->items[i].n == item->n &&
                    memcmp(journal->items[i].text, item->text, item->n) == 0)
                        return true;
        return false;
}

/* Of a full answer only what is not older than its end can be missed: the rest may stand behind it. */
static void judge_journal(const StoreMemory *m, const Seen *journal, Gap *gap) {
        const MemoryKey *mine = &m->keys[KEY_JOURNAL];
        const usec_t end = journal->n == JOURNAL_LAST ? journal->items[journal->n - 1].since : -1;

        if (m->from_file)
                return;
        for (uint32_t i = 0; i < mine->n; i++) {
                if (mine->items[i].since > gap->newest)
                        gap->newest = mine->items[i].since;
                if (mine->items[i].since > end && !journal_has(journal, &mine->items[i]))
                        gap_lost(gap, mine->items[i].since);
        }
}

static const char *judge_identity(const StoreMemory *m, const Seen *epoch) {
        const char *mine = store_memory_identity(m), *is = epoch_field(epoch->items, epoch->n, "id");

        if (strcmp(mine, is) == 0)
                return NULL;
        /* one that has none was not acknowledged as another, whatever it was before its last loss */
        if (is[0] && strcmp(epoch_field(epoch->items, epoch->n, "before"), mine) == 0 &&
            !memory_find(epoch->items, epoch->n, "lost"))
                return NULL; /* that it is another was seen, and acknowledged: `losses` says so */
        return is[0] ? "it has another identity" : "its identity is gone";
}

static usec_t gap_length(const Gap *gap, usec_t first) {
        return first < INT64_MAX && gap->newest > first ? gap->newest - first : 0;
}

/* Looks alone are no harm: all that is remembered is there. They tell that something else may be gone, too; of a minute or
 * more nobody should go on without asking. */
static void store_memory_judge(StoreMemory *m, const Seen seen[KEY_N], usec_t lease, StoreFinding *ret) {
        Gap gap = { .first_lost = INT64_MAX, .first_look = INT64_MAX };
        const char *why;
        usec_t looks;

        judge_journal(m, &seen[KEY_JOURNAL], &gap);
        judge_beats(m, &seen[KEY_EPOCH], &gap);
        judge_marks(m, &seen[KEY_MARKS], &gap);
        why = judge_identity(m, &seen[KEY_EPOCH]);
        *ret = (StoreFinding){ .fate = STORE_INTACT, .lost_for = gap_length(&gap, gap.first_lost) };
        looks = gap_length(&gap, gap.first_look);
        if (!why && m->keys[KEY_TOKEN].n > 0 && seen[KEY_TOKEN].n == 0)
                why = "the token of its lease is gone";
        if (why || ret->lost_for > lease || looks > LOOKS_LEASES * lease)
                ret->fate = STORE_FORGOTTEN;
        else if (gap.first_lost < INT64_MAX || gap.first_look < INT64_MAX ||
                 judge_losses(m, &seen[KEY_EPOCH]))
                ret->fate = STORE_BEHIND;
        m->follows = ret->fate == STORE_BEHIND && gap.first_lost == INT64_MAX && gap.first_look == INT64_MAX;
        if (looks > ret->lost_for)
                ret->lost_for = looks;
        if (why)
                (void) snprintf(ret->why, sizeof(ret->why), "%s", why);
        else if (ret->fate == STORE_FORGOTTEN)
                (void) snprintf(ret->why, sizeof(ret->why),
                                "marks, journal or round counters of its last %.0f s are gone",
                                (double) ret->lost_for / USEC_PER_SEC);
        else if (ret->fate == STORE_BEHIND)
                (void) snprintf(ret->why, sizeof(ret->why), "it lacks the last writes (%.1f s)",
                                (double) ret->lost_for / USEC_PER_SEC);
}

/* ---- taking in ---- */

/* Writes that it was looked at, after all was read; makes the identity where there is none. */
static const char look_script[] =
        "redis.call('HSETNX', KEYS[1], 'id', ARGV[1])\n"
        "local now = redis.call('TIME')\n"
        "local look = now[1] * 1000000 + now[2]\n"
        "local last = tonumber(redis.call('HGET', KEYS[1], 'look') or '0') or 0\n"
        "if look <= last then look = last + 1 end\n"
        "redis.call('HSET', KEYS[1], 'look', string.format('%.0f', look))\n" /* exact to 2^53 */
        "return string.format('%.0f', look)\n";

static int look_write(Store *s, const char *identity, usec_t *ret) {
        static const StoreKey keys[] = { KEY_EPOCH };
        owned(reply_free) redisReply *reply = NULL;
        char made[SECRET_HEX];
        ScriptKeys buf;
        Command c = { 0 };
        int k = identity[0] ? 0 : secret_make(made);

        if (k == 0)
                k = store_begin(s);
        if (k < 0)
                return k;
        script_add(s, &c, look_script, keys, ARRAY_SIZE(keys), &buf);
        command_text(&c, identity[0] ? identity : made);
        k = redis_call(&s->redis, &c, &reply);
        if (k == 0 && (reply->type != REDIS_REPLY_STRING ||
                       text_to_int(reply->str, reply->len, 1, bound_of(BOUND_SEQUENCE), ret) < 0))
                k = -EPROTO;
        return store_end(s, k, "EVAL (look)");
}

static void beat_add(StoreMemory *m, usec_t beat) {
        memmove(m->beats + 1, m->beats, sizeof(m->beats[0]) * (MEMORY_BEATS - 1));
        m->beats[0] = beat;
        m->n_beats += m->n_beats < MEMORY_BEATS;
}

/* What was read is what is known. */
static int store_memory_take(StoreMemory *m, Store *s, Seen seen[KEY_N]) {
        const bool new = !memory_find(seen[KEY_EPOCH].items, seen[KEY_EPOCH].n, "id");
        usec_t beat = 0;
        int r = look_write(s, epoch_field(seen[KEY_EPOCH].items, seen[KEY_EPOCH].n, "id"), &beat);

        if (r == 0 && new) /* it is there now, ours or another's */
                r = seen_read(m, s, KEY_EPOCH, &seen[KEY_EPOCH]);
        if (r < 0)
                return r;
        for (int k = 0; k < KEY_N; k++) {
                MemoryKey *key = &m->keys[k];

                if (!seen[k].read)
                        continue;
                for (uint32_t i = 0; i < seen[k].n; i++)
                        if (seen[k].items[i].since == 0)
                                seen[k].items[i].since = beat;
                key->items = seen[k].items;
                key->n = seen[k].n;
                key->current = !key->current;
        }
        beat_add(m, beat);
        m->from_file = false;
        return 0;
}

/* Whoever remembers takes another identity for another store; whoever does not, yet, would take it as it is. */
static void store_memory_name_unread(Store *s, const Seen *epoch) {
        const MemoryItem *id = memory_find(epoch->items, epoch->n, "id"),
                         *look = memory_find(epoch->items, epoch->n, "look");

        if (id && !secret_is(id->text, id->n))
                store_unread_add(s, KEY_EPOCH, "id",
                                 "delete it and acknowledge (docs/redis-keys.md): there will be another");
        if (look && epoch_look(epoch->items, epoch->n) < LOOK_LEAST)
                store_unread_add(s, KEY_EPOCH, "look", "what was lost since it cannot be known");
}

int store_memory_look(StoreMemory *m, Store *s, usec_t lease, bool all, StoreFinding *ret) {
        Seen seen[KEY_N];
        int r = seen_read_all(m, s, all, seen);

        *ret = (StoreFinding){ .fate = STORE_INTACT };
        if (r < 0)
                return r;
        store_memory_name_unread(s, &seen[KEY_EPOCH]);
        if (store_memory_knows(m))
                store_memory_judge(m, seen, lease, ret);
        return ret->fate == STORE_INTACT ? store_memory_take(m, s, seen) : 0;
}

int store_memory_take_up(StoreMemory *m, Store *s) {
        Seen seen[KEY_N];
        int r = seen_read_all(m, s, true, seen);

        if (r < 0)
                return r;
        m->n_beats = 0;
        return store_memory_take(m, s, seen);
}
