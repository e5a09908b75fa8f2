/* SPDX-License-Identifier: Apache-2.0 */
/* Reports as the store has them, parsed on all cores.
 *
 * Units: none. Owner: the arena. Errors: a negative errno of the store, -ENOMEM. Threads: one calls;
 * `workers` do the reading.
 */
#pragma once

#include "scheduler/base/workers.h"
#include "scheduler/model/sample.h"
#include "scheduler/store/store.h"

typedef struct ReadReport {
        const char *host;       /* by its key in the store */
        const Report *report;   /* NULL: it cannot be read */
        const TextFault *fault; /* then why */
} ReadReport;

/* One for each text, in their order, in `a`. 0 or -ENOMEM. */
int reports_read(Arena *a, const Workers *workers, const StoredText *texts, uint32_t n,
                 ReadReport **ret) must_check;

typedef struct FetchedReports {
        ReadReport *reports;
        uint32_t n;
        const char *const *members; /* as store_get_reports() has them */
        uint32_t n_members;
} FetchedReports;

/* All reports of the store, read while they are fetched; their texts are kept only as long as that takes.
 * 0; a negative errno of the store, with its words there; -ENOMEM. */
int reports_fetch(Arena *a, const Workers *workers, Store *store, FetchedReports *ret) must_check;
