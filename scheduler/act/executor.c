/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/executor.h"

#include <stdlib.h>
#include <string.h>

const char *const migration_phase_names[MIGRATION_PHASE_N] = {
        [MIGRATION_QUEUED] = "queued",   [MIGRATION_RUNNING] = "running", [MIGRATION_VERIFYING] = "verifying",
        [MIGRATION_DONE] = "done",       [MIGRATION_FAILED] = "failed",   [MIGRATION_ABORTED] = "aborted",
        [MIGRATION_UNCLEAR] = "unclear", [MIGRATION_DRY] = "dry-run",     [MIGRATION_FOREIGN] = "foreign",
};

typedef struct RequestCopy {
        MigrationRequest request;
        MoveOrder order;
        char texts[];
} RequestCopy;

MigrationRequest *migration_request_copy(const MigrationRequest *r) {
        const MoveOrder *o = r->order;
        const char *const from[] = { o->vm,     o->from,         o->to,         o->uuid,       o->from_uri,
                                     o->to_uri, o->from_machine, o->to_machine, r->migrate_uri };
        size_t room = 0;
        RequestCopy *copy;
        char *at;

        for (size_t i = 0; i < ARRAY_SIZE(from); i++)
                room += from[i] ? strlen(from[i]) + 1 : 0;
        copy = malloc(sizeof(*copy) + room);
        if (!copy)
                return NULL;
        copy->request = *r;
        copy->order = *o;
        copy->request.order = &copy->order;
        copy->request.manner.reason = copy->order.manner.reason = copy->order.why = NULL;
        copy->order.to_address = NULL;
        at = copy->texts;
        for (size_t i = 0; i < ARRAY_SIZE(from); i++) {
                const char **to[] = { &copy->order.vm,           &copy->order.from,
                                      &copy->order.to,           &copy->order.uuid,
                                      &copy->order.from_uri,     &copy->order.to_uri,
                                      &copy->order.from_machine, &copy->order.to_machine,
                                      &copy->request.migrate_uri };

                if (from[i]) {
                        *to[i] = at;
                        at = stpcpy(at, from[i]) + 1;
                }
        }
        return &copy->request;
}
