/* SPDX-License-Identifier: Apache-2.0 */
/* A refusal in words with its numbers: "lacks 3.2 GiB of memory", "rule web-apart: web2 runs there". Pure.
 *
 * Units: as the resource has them. Owner: words are in the arena. Errors: NULL: the arena is full; the others
 * have none. Threads: as the Trial's: one.
 */
#pragma once

#include "scheduler/decide/whynot/trial.h"

/* Why `reason`, which the engine gave for v on h, stands. In `a`; NULL: it is full. */
const char *refusal_text(Arena *a, const Trial *t, VmIx v, HostIx h, Reason reason) must_check;

/* The first rule of the snapshot that the reason is about (an index into Snapshot.rules), or IX_NONE. */
uint32_t refusal_rule(const Trial *t, VmIx v, HostIx h, Reason reason);

/* What h lacks of resource r to hold v as well; 0: nothing. */
int64_t refusal_lack(const Trial *t, VmIx v, HostIx h, uint32_t r);

/* Between two hosts' words: what v needs and h does not have, a network or a pool; NULL: nothing. */
const char *refusal_missing(const Strings *wanted, const Strings *there, bool known);

/* What a rule of that kind says when it refuses a host. */
Reason reason_of_rule(RuleKind kind);
