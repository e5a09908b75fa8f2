/* SPDX-License-Identifier: Apache-2.0 */
/* What was exported goes back into a store: all of it or nothing (MULTI), and nothing where the store has other data already,
 * or a service leads, unless told so.
 *
 * Agents' keys, leases and what operators asked for stay as they are. A key that would have expired meanwhile stays away.
 *
 * Units: usec_t, in microseconds. Owner: the caller's arena. Errors: as store.h: then nothing was changed, or, where the
 * server went away at the very end, all of it may have been. Threads: the Store's: one.
 */
#pragma once

#include "scheduler/store/admin/store_export.h"

typedef struct ImportOrder {
        bool replace;   /* what the store has goes */
        bool while_led; /* though a service leads */
} ImportOrder;

typedef enum ImportOutcome {
        IMPORT_DONE,
        IMPORT_SAME,    /* the store has all that already, and nothing else: nothing was changed */
        IMPORT_FULL,    /* it has other data: nothing was changed */
        IMPORT_LED,     /* a service leads: nothing was changed */
        IMPORT_CHANGED, /* somebody wrote meanwhile: nothing was changed */
        IMPORT_LATER,   /* the file is from later than the server's clock says: nothing was changed */
} ImportOutcome;

typedef struct ImportResult {
        ImportOutcome outcome;
        uint32_t n_keys, n_expired;
        const char *there;  /* IMPORT_FULL: the first keys that are there, in words */
        const char *leader; /* IMPORT_LED */
} ImportResult;

int store_import(Store *s, Arena *a, const StoreExport *content, ImportOrder order,
                 ImportResult *ret) must_check;
