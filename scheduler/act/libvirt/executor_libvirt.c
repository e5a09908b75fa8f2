/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/executor_libvirt.h"

#include <errno.h>
#include <stdlib.h>

#include "scheduler/act/libvirt/libvirt_connection.h"
#include "scheduler/act/libvirt/libvirt_migration.h"

typedef struct Entry {
        uint32_t id;
        Migration *migration;
} Entry;

typedef struct LibvirtExecutor {
        Hub *hub;
        Entry *entries;
        size_t n, room;
        uint32_t next_id;
        uint64_t phases_seen;
} LibvirtExecutor;

static Entry *executor_libvirt_find(LibvirtExecutor *executor, uint32_t id) {
        for (size_t i = 0; i < executor->n; i++)
                if (executor->entries[i].id == id)
                        return &executor->entries[i];
        assert(false); /* not an id that start() gave and forget() did not take */
        return NULL;
}

static int executor_start(void *self, const MigrationRequest *request, uint32_t *ret_id) {
        LibvirtExecutor *e = self;
        Migration *m = NULL;
        int r;

        if (e->n == e->room) {
                size_t room = e->room ? 2 * e->room : 16;
                Entry *grown = reallocarray(e->entries, room, sizeof(Entry));

                if (!grown)
                        return -ENOMEM;
                e->entries = grown;
                e->room = room;
        }
        r = migration_start(e->hub, request, &m);
        if (r < 0)
                return r;
        *ret_id = e->next_id++;
        e->entries[e->n++] = (Entry){ .id = *ret_id, .migration = m };
        return 0;
}

static void executor_poll(void *self, uint32_t id, MigrationStatus *ret) {
        migration_poll(executor_libvirt_find(self, id)->migration, ret);
}

static void executor_abort(void *self, uint32_t id) {
        migration_stop(executor_libvirt_find(self, id)->migration);
}

static void executor_limit(void *self, uint32_t id, int64_t mib_s) {
        migration_limit(executor_libvirt_find(self, id)->migration, mib_s);
}

static usec_t executor_now(void *self) {
        (void) self;
        return clock_monotonic();
}

static void executor_wait(void *self, usec_t at_most) {
        LibvirtExecutor *e = self;

        hub_wait_phase(e->hub, at_most, &e->phases_seen);
}

static void executor_forget(void *self, uint32_t id) {
        LibvirtExecutor *e = self;
        Entry *entry = executor_libvirt_find(e, id);

        migration_unref(entry->migration);
        *entry = e->entries[--e->n];
}

static bool all_ended(const LibvirtExecutor *executor) {
        MigrationStatus status;

        for (size_t i = 0; i < executor->n; i++) {
                migration_poll(executor->entries[i].migration, &status);
                if (!migration_has_ended(status.phase))
                        return false;
        }
        return true;
}

static void executor_free(void *self) {
        LibvirtExecutor *e = self;

        for (size_t i = 0; i < e->n; i++)
                migration_stop(e->entries[i].migration);
        while (!all_ended(e))
                executor_wait(e, 200 * USEC_PER_MSEC); /* poll() gives up in time */
        for (size_t i = 0; i < e->n; i++)
                migration_unref(e->entries[i].migration);
        hub_unref(e->hub);
        free(e->entries);
        free(e);
}

int executor_libvirt_open(ExecutorLibvirtOptions options, Executor *ret) {
        LibvirtExecutor *e;
        int r = libvirt_start();

        if (r < 0)
                return r;
        if (options.connect_at_most == 0)
                options.connect_at_most = 8 * USEC_PER_SEC;
        if (options.verify_at_most == 0)
                options.verify_at_most = 15 * USEC_PER_SEC;
        if (options.give_up == 0)
                options.give_up = 60 * USEC_PER_SEC;
        if (options.resume_after == 0)
                options.resume_after = 2 * USEC_PER_SEC;
        e = calloc(1, sizeof(*e));
        if (!e)
                return -ENOMEM;
        e->hub = hub_new(options);
        if (!e->hub) {
                free(e);
                return -ENOMEM;
        }
        *ret = (Executor){ .name = "libvirt",
                           .self = e,
                           .start = executor_start,
                           .poll = executor_poll,
                           .abort = executor_abort,
                           .limit = executor_limit,
                           .now = executor_now,
                           .wait = executor_wait,
                           .forget = executor_forget,
                           .free = executor_free };
        return 0;
}
