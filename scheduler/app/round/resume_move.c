/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/resume_move.h"

#include <errno.h>

#include "scheduler/app/round/mover.h"

#define LOOK_EVERY (200 * USEC_PER_MSEC)

/* Its end is the executor's word, who asks both hosts. */
static int resume_move_run(Leadership *l, const Executor *executor, const MigrationRequest *request,
                           MigrationStatus *ret) {
        uint32_t id = 0;
        bool told = false;
        int r = executor->start(executor->self, request, &id);

        if (r < 0)
                return r;
        for (executor->poll(executor->self, id, ret); !migration_has_ended(ret->phase);
             executor->poll(executor->self, id, ret)) {
                if (!told &&
                    (!leadership_keep(l) || l->world->stop_request(l->world->stop_arg) == STOP_ABORT)) {
                        executor->abort(executor->self, id);
                        told = true;
                }
                executor->wait(executor->self, LOOK_EVERY);
        }
        executor->forget(executor->self, id);
        return 0;
}

int resume_move(Leadership *l, Arena *a, const Settings *settings, const Executor *executor,
                const JournalEntry *entry, MigrationStatus *ret) {
        JournalEntry e = *entry;
        MigrationRequest request = { .order = e.order,
                                     .auto_converge =
                                             settings_int(settings, "migration", "auto_converge") != 0,
                                     .tls = settings_int(settings, "migration", "tls") != 0,
                                     .post_copy = true,
                                     .resume = true };
        int r = mover_migrate_uri(a, settings, e.order, &request.migrate_uri);

        e.event = JOURNAL_STARTED;
        e.resumes++;
        e.at = clock_now_of(l->world->clock);
        e.message = "post-copy was interrupted, and is resumed";
        if (r == 0)
                r = round_store_write(l, a, &e);
        if (r == 0)
                r = resume_move_run(l, executor, &request, ret);
        if (r != 0)
                return r;
        e.event = ret->phase == MIGRATION_DONE ? JOURNAL_DONE : JOURNAL_UNCLEAR;
        e.at = clock_now_of(l->world->clock);
        e.message = ret->message;
        r = round_store_write(l, a, &e);
        if (r == 0 && e.event == JOURNAL_DONE)
                r = round_store_cool(l, e.order->vm, e.by_hand ? e.by : NULL, settings);
        return r;
}
