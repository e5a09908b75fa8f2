/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_epoch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/facts/memory_file.h"
#include "scheduler/app/round/audit_store.h"
#include "scheduler/base/log.h"

#define QUOTE      512
#define FILE_EVERY (60 * USEC_PER_SEC)

static usec_t epoch_monotonic(const Leadership *l) {
        return clock_monotonic_of(l->world->clock);
}

/* ---- the file ---- */

/* One that cannot be read is as good as none: the store is taken as it is, as at the first start. */
static int service_epoch_read(ServiceEpoch *epoch) {
        char quoted[QUOTE];
        TextFault fault = { 0 };
        int r = memory_file_read(&epoch->arena, epoch->path, epoch->memory, &fault);

        if (r < 0 && r != -ENOMEM) {
                log_event(LOG_WARNING, "store.memory_unread", "error=%s",
                          log_quote(fault.what, quoted, sizeof(quoted)));
                epoch->memory = store_memory_free(epoch->memory);
                epoch->memory = store_memory_new();
        }
        return r == -ENOMEM || !epoch->memory ? -ENOMEM : 0;
}

static void service_epoch_write(ServiceEpoch *epoch, usec_t now) {
        static const SayState unwritten = { LOG_WARNING, "store.memory_unwritten", "store.memory_written" };
        TextFault fault = { 0 };
        int r;

        if (!epoch->path)
                return;
        r = memory_file_write(epoch->path, epoch->memory, now >= epoch->file_due, &epoch->written, &fault);
        (void) service_say(&epoch->said, &unwritten, r < 0 ? fault.what : NULL, now);
        if (now >= epoch->file_due)
                epoch->file_due = now + FILE_EVERY;
}

int service_epoch_open(ServiceEpoch *epoch, const Store *store, const char *state_dir, const char *cluster) {
        const char *path = NULL;
        int r = arena_open((size_t) 512 << 20, &epoch->arena);

        epoch->memory = r == 0 ? store_memory_new() : NULL;
        if (!epoch->memory)
                return -ENOMEM;
        r = memory_file_path(&epoch->arena, state_dir, store_place(store), cluster, &path);
        if (r < 0 || !path)
                return r;
        epoch->path = strdup(path);
        return epoch->path ? service_epoch_read(epoch) : -ENOMEM;
}

void service_epoch_close(ServiceEpoch *epoch) {
        epoch->memory = store_memory_free(epoch->memory);
        said_close(&epoch->said);
        arena_close(&epoch->arena);
        free(epoch->path);
        epoch->path = NULL;
}

/* ---- a loss ---- */

static int service_epoch_rewrite(ServiceEpoch *epoch, const Leadership *l, const StoreFinding *found) {
        const bool forgotten = found->fate == STORE_FORGOTTEN;
        LostStore loss = { .why = found->why, .by = l->self, .at = clock_now_of(l->world->clock) };
        const char *text = NULL;
        char quoted[QUOTE];
        uint32_t n_written = 0;
        size_t n = 0;
        int r = 0;

        if (forgotten) {
                r = store_loss_of(epoch->memory, &epoch->arena, &loss, l->world->random(l->world->self));
                if (r == 0)
                        r = store_loss_print(&epoch->arena, &loss, &text, &n);
        }
        if (r == 0)
                r = store_memory_rewrite(epoch->memory, l->store, text, &n_written);
        if (r < 0)
                return r;
        if (forgotten || n_written > 0)
                log_event(forgotten ? LOG_ERROR : LOG_WARNING, forgotten ? "store.forgotten" : "store.behind",
                          "why=%s rewritten=%u", log_quote(found->why, quoted, sizeof(quoted)), n_written);
        return forgotten || n_written > 0;
}

/* ---- until it is acknowledged ---- */

static int service_epoch_audit(ServiceEpoch *epoch, Leadership *l, const Settings *settings,
                               const LostStore *loss) {
        const Snapshot none = { .cluster = "" };
        int r = audit_store_write(l, &epoch->arena, settings, &none,
                                  (AuditEntry){ .at = clock_now_of(l->world->clock),
                                                .leader = l->self,
                                                .mode = "store",
                                                .status = plan_status_names[PLAN_BLOCKED],
                                                .waiting = loss->id ? loss->id : LOSS_UNREADABLE,
                                                .answer = "acknowledged",
                                                .by = loss->answer.by,
                                                .answered_at = loss->answer.at });

        return r == 1 ? -ECANCELED : r;
}

static int service_epoch_acknowledged(ServiceEpoch *epoch, Leadership *l, const Settings *settings,
                                      const LostStore *loss) {
        char by[QUOTE], why[QUOTE];
        int r = store_end_loss(l->store, l->token, loss->text, loss->before);

        if (r != 0)
                return r == 1 ? -ECANCELED : r;
        log_event(LOG_INFO, "store.acknowledged", "by=%s at=%lld why=%s",
                  log_quote(loss->answer.by, by, sizeof(by)), (long long) loss->answer.at,
                  log_quote(loss->answer.why, why, sizeof(why)));
        epoch->waits = false;
        return service_epoch_audit(epoch, l, settings, loss);
}

/* The memory has it as of this look. */
static int service_epoch_wait(ServiceEpoch *epoch, Leadership *l, const Settings *settings) {
        char quoted[QUOTE];
        LostStore loss;
        int r = store_loss_read(l->store, &epoch->arena, &loss);

        if (r < 0)
                return r;
        if (r == 0 && !epoch->waits)
                log_event(LOG_WARNING, "store.waits", "why=%s next=\"plimsoll store acknowledge\"",
                          log_quote(loss.why, quoted, sizeof(quoted)));
        if (r == 1 && epoch->waits)
                log_event(LOG_INFO, "store.goes_on", "why=\"its loss was acknowledged\"");
        epoch->waits = r == 0;
        return r == 0 && loss.answered && leadership_holds(l)
                       ? service_epoch_acknowledged(epoch, l, settings, &loss)
                       : 0;
}

int service_epoch_look(ServiceEpoch *epoch, Leadership *l, const Settings *settings, EpochLook how) {
        StoreFinding found;
        usec_t now = epoch_monotonic(l);
        int r = store_memory_look(epoch->memory, l->store, l->ttl, how == EPOCH_ALL, &found);

        arena_rewind(&epoch->arena, 0);
        if (r < 0)
                return r;
        epoch->looked = now;
        if (found.fate != STORE_INTACT) {
                r = service_epoch_rewrite(epoch, l, &found);
                how = EPOCH_ALL;
        }
        if (r >= 0 && how == EPOCH_ALL) {
                int k = service_epoch_wait(epoch, l, settings);

                service_epoch_write(epoch, now);
                r = k < 0 ? k : r;
        }
        return r;
}

bool service_epoch_is_due(const ServiceEpoch *epoch, const Leadership *l) {
        return epoch_monotonic(l) >= epoch->looked + l->ttl / 4;
}
