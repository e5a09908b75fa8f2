/* SPDX-License-Identifier: Apache-2.0 */
/* A host is put into maintenance, and taken out of it: its operator's mark is changed, whoever else changes marks meanwhile.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: texts are in the arena. Errors: -ENOMEM, a negative errno of the store;
 * 1: another keeps changing the same mark, and nothing was changed. Threads: the store's.
 */
#pragma once

#include "scheduler/app/state/host_mark.h"

typedef struct MarkChange {
        OperatorMark was, is;
} MarkChange;

/* `want`: by, why, several, for_good, leave_by (0: none). Of a host that is in maintenance already its deadline is changed where one is
 * given, and for_good where that is wanted; all else stays whoever's it was. 0: it is in maintenance. */
int host_maintenance_enter(Store *store, Arena *a, const char *host, const OperatorMark *want,
                           MarkChange *ret) must_check;

/* It is as it was before it. 0; ret->was.state tells whether it was in maintenance. */
int host_maintenance_exit(Store *store, Arena *a, const char *host, const char *by,
                          MarkChange *ret) must_check;
