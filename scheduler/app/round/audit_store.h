/* SPDX-License-Identifier: Apache-2.0 */
/* The audit of a cluster in the store: written by who leads, read by anyone; and whether predictions have
 * been too wrong to go on with.
 *
 * Owner: all is in the caller's arena. Threads: the store's.
 * Errors: a negative errno of the store, -ENOMEM; an entry that cannot be read counts as none.
 *
 * Units: usec_t, in microseconds since the epoch.
 */
#pragma once

#include "scheduler/app/round/mover.h"
#include "scheduler/app/round/round_record.h"
#include "scheduler/app/state/leadership.h"
#include "scheduler/model/audit.h"

#define AUDIT_ACK_NAME                                                                                       \
        "audit-acknowledged" /* state: since when predictions count again, µs since the epoch */
#define AUDIT_ACK_BY_NAME "audit-acknowledged-by" /* …: who said so last; for people */

/* What was decided and came about since then, newest first, each with `after` where its hosts have been
 * looked at again. */
int audit_store_read(Store *store, Arena *a, usec_t since, const AuditEntry **ret,
                     uint32_t *ret_n) must_check;

/* The entry of a round. `record`: its name in the store, "" when it has none. */
AuditEntry audit_store_entry(const RoundRecord *round_record, const char *record);

/* Writes a decision with its outcome; its id, sums of what was measured and loads of the hosts as `facts` has
 * them are filled in. 1: another leads. */
int audit_store_write(Leadership *l, Arena *a, const Settings *settings, const Snapshot *facts,
                      AuditEntry entry) must_check;

/* Looks again at the hosts of decisions that were carried out a while ago (service.settle), by facts read
 * just now, and writes how loaded they are. 1: another leads. */
int audit_store_look(Leadership *l, Arena *a, const Settings *settings, const Snapshot *facts) must_check;

/* What ends the pause, for people. */
#define AUDIT_PAUSE_ENDS "until moves have gone well again, or until plimsoll audit --acknowledge"

/* Whether balance should pause: predictions were too wrong, or too many moves failed (service.pause_…), and nobody
 * has acknowledged it since. Repairs and evacuation never do. */
int audit_store_verdict(Store *store, Arena *a, const Settings *settings, AuditPause *ret) must_check;

/* From now on what was wrong before does not count. by: who says so. */
int audit_store_acknowledge(Store *store, const char *by) must_check;

/* When that was said last, and by whom; 0 and NULL: never, or what is kept of it is damaged. */
int audit_store_acknowledged(Store *store, Arena *a, usec_t *ret, const char **ret_by) must_check;
