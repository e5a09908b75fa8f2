/* SPDX-License-Identifier: Apache-2.0 */
/* Audit entries as JSON texts, schema plimsoll.audit-entry/1: one when a decision has been carried out, a
 * second one with the same id when its hosts were looked at again. Pure but for jansson's own memory.
 *
 * Units: usec_t, in microseconds since the epoch; ms, bytes by suffix. Owner: the arena. Errors: -EBADMSG,
 * -ENOMEM. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/audit.h"

/* entry->n_after > 0: only its id, and `after`. 0 or -ENOMEM. */
int audit_text_print(Arena *a, const AuditEntry *entry, const char **ret, size_t *ret_n) must_check;

/* 0; -EBADMSG with *reterr_fault; -ENOMEM. status NULL: it is the second one, and has id and `after` alone.
 */
int audit_text_parse(Arena *a, const char *text, size_t n, AuditEntry *ret,
                     TextFault *reterr_fault) must_check;

/* What the two of each amount to: entries[n] newest first in, decisions newest first out, each with `after`
 * where there is one. A second one without a first is left out. In `a`. 0 or -ENOMEM. */
int audit_text_join(Arena *a, const AuditEntry *entries, uint32_t n, const AuditEntry **ret,
                    uint32_t *ret_n) must_check;
