/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/executor_dry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SENTENCE 256

typedef struct Entry {
        uint32_t id;
        char sentence[SENTENCE];
} Entry;

typedef struct DryExecutor {
        ExecutorDryOptions options;
        Entry *entries;
        size_t n, room;
        uint32_t next_id;
} DryExecutor;

static Entry *executor_dry_find(DryExecutor *e, uint32_t id) {
        for (size_t i = 0; i < e->n; i++)
                if (e->entries[i].id == id)
                        return &e->entries[i];
        assert(false); /* not an id that start() gave and forget() did not take */
        return NULL;
}

static int dry_start(void *self, const MigrationRequest *request, uint32_t *ret_id) {
        DryExecutor *e = self;
        Entry *entry;

        if (e->n == e->room) {
                size_t room = e->room ? 2 * e->room : 16;
                Entry *grown = reallocarray(e->entries, room, sizeof(Entry));

                if (!grown)
                        return -ENOMEM;
                e->entries = grown;
                e->room = room;
        }
        entry = &e->entries[e->n++];
        entry->id = e->next_id++;
        (void) snprintf(entry->sentence, sizeof(entry->sentence), "would move %s from %s to %s",
                        request->order->vm, request->order->from, request->order->to);
        if (e->options.say)
                e->options.say(e->options.arg, entry->sentence);
        *ret_id = entry->id;
        return 0;
}

static void dry_poll(void *self, uint32_t id, MigrationStatus *ret) {
        const Entry *entry = executor_dry_find(self, id);

        *ret = (MigrationStatus){ .phase = MIGRATION_DRY, .dirty_kib_s = UNKNOWN, .downtime_ms = UNKNOWN };
        (void) snprintf(ret->message, sizeof(ret->message), "%s", entry->sentence);
}

static void dry_abort(void *self, uint32_t id) {
        (void) self; /* it has ended */
        (void) id;
}

static void dry_wait(void *self, usec_t at_most) {
        (void) self; /* there is nothing to wait for */
        (void) at_most;
}

static void dry_forget(void *self, uint32_t id) {
        DryExecutor *e = self;

        *executor_dry_find(e, id) = e->entries[e->n - 1];
        e->n--;
}

static void dry_free(void *self) {
        DryExecutor *e = self;

        free(e->entries);
        free(e);
}

int executor_dry_open(ExecutorDryOptions options, Executor *ret) {
        DryExecutor *e = calloc(1, sizeof(*e));

        if (!e)
                return -ENOMEM;
        e->options = options;
        *ret = (Executor){ .name = "dry",
                           .self = e,
                           .start = dry_start,
                           .poll = dry_poll,
                           .abort = dry_abort,
                           .wait = dry_wait,
                           .forget = dry_forget,
                           .free = dry_free };
        return 0;
}
