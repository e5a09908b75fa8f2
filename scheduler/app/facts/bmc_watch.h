/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the BMCs of redfish.file, one after the other, in a thread of its own, and keeps what they say in the
 * store (state "redfish": a report a host, one after the other), for every reader of the store: see
 * bmc_reports().
 *
 * A BMC that does not answer leaves what it said before until it is stale; it is logged once when it begins
 * and once when it ends. Only the leading service reads: a BMC has few sessions.
 *
 * Owner:   the program; bmc_watch_free() ends the thread, within redfish.timeout. Threads: one store of its
 * own.
 *
 * Units: usec_t, in microseconds. Errors: a negative errno; a BMC's own failures are logged.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/model/sample.h"
#include "scheduler/model/settings.h"
#include "scheduler/store/store.h"

typedef struct BmcWatch BmcWatch;

typedef struct BmcWatchOptions {
        const char *redis, *cluster; /* copied */
        const char *file, *ca_file;
        bool insecure;
        usec_t every, timeout;
} BmcWatchOptions;

int bmc_watch_new(const BmcWatchOptions *options, BmcWatch **ret) must_check;
BmcWatch *bmc_watch_free(BmcWatch *w);

/* It is to read only while this process leads: the token of its lease, or 0. Any thread. */
void bmc_watch_lead(BmcWatch *w, uint64_t token);

/* From the settings; 1: redfish.file is empty. */
int bmc_watch_start(const Settings *settings, const char *redis, const char *cluster,
                    BmcWatch **ret) must_check;

/* What BMCs said, from the store, sorted by host: sections to be added to those hosts' reports. In `a`; n 0:
 * nothing. A text that cannot be read counts as nothing. */
int bmc_reports(Store *store, Arena *a, const Report *const **ret, uint32_t *ret_n) must_check;

/* Their text in the store. 0 or -ENOMEM. */
int bmc_reports_parse(Arena *a, const char *text, size_t n_text, const Report *const **ret,
                      uint32_t *ret_n) must_check;

/* The report with its BMC's sections, or itself when it has none. `bmcs` as bmc_reports() gave them. NULL: no
 * memory. */
const Report *bmc_merge(Arena *a, const Report *report, const Report *const *bmcs, uint32_t n) must_check;
