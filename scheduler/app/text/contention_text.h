/* SPDX-License-Identifier: Apache-2.0 */
/* What hosts lack and what VMs wait for, as status and explain show it. What nobody told is "?" in text and
 * null in JSON, never 0.
 *
 * Units: permille of time; MiB, KiB/s by suffix. Owner: JSON is the caller's, by json_decref(); the arena is
 * scratch. Errors: -ENOMEM; JSON: NULL, no memory. Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/base/arena.h"
#include "scheduler/model/cluster.h"

/* From this share of time on it is worth a line: 5 % of waiting for a core is where others begin to warn (IBM's
 * and VMware's CPU ready; OpenShift's rule on vCPU delay). */
#define CONTENTION_REMARK 50

/* Tables of the hosts and the VMs that wait for something, the worst first; nothing where none does. all: every
 * one of which anything is known. 0; -ENOMEM. */
int contention_print(Arena *a, const Snapshot *s, bool all, const Screen *screen) must_check;

/* One line each, with its newline, of the VM and of its host; nothing where nothing is known. */
void contention_print_vm(const Snapshot *s, const Vm *vm, const Screen *screen);

/* Objects; every member is there, null where it is not known. */
json_t *contention_host_json(const Host *host);
json_t *contention_vm_json(const Vm *vm);

/* The permille that VMs got of the CPU time they wanted: of each host's, and of all. UNKNOWN: of none is it known.
 * hosts[s->n_hosts] is the arena's. 0; -ENOMEM. */
typedef struct ContentionScores {
        int64_t *hosts, all;
} ContentionScores;
int contention_scores(Arena *a, const Snapshot *s, ContentionScores *ret) must_check;

/* The VMs that wait, the worst first, at most `most`: [{ "vm", "host", … }]. NULL: no memory. */
json_t *contention_vms_json(Arena *a, const Snapshot *s, uint32_t most);
