/* SPDX-License-Identifier: Apache-2.0 */
/* The columns of a problem while they are written: problem_hosts.c has those of hosts, problem_vms.c those of VMs. For them and
 * problem_build.c only.
 *
 * Units: the problem's own (problem_build.h). Owner: all is in the problem's arena. Errors: -ENOMEM. Threads: one for each
 * Problem.
 */
#pragma once

#include "scheduler/decide/migration/migration_model.h"
#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/model/host_memory.h"

typedef struct Build {
        Arena *arena;
        const Snapshot *s;
        const Settings *settings;
        ResourceLayout layout;
        MemoryPolicy memory_policy;
        const HostMemory *memory; /* [host] */
        Problem *p;
        MigrationNet net;
        MovePolicy policy;
        int64_t longest_ms;                      /* of a move for balance */
        int64_t *capacity, *limit, *base, *need; /* p's, while they are written */
        int64_t *mhz;                            /* [host] */
} Build;
static inline int64_t problem_build_at_most(int64_t value, int64_t most) {
        return value < most ? value : most;
}

static inline int64_t problem_build_known(int64_t value) {
        return value > 0 ? value : 0;
}

/* a × b ÷ c, QUANTITY_MAX where that is too much. a, b ≥ 0, c > 0. */
static inline int64_t problem_build_scaled(int64_t left, int64_t right, int64_t c) {
        int64_t product;

        if (__builtin_mul_overflow(left, right, &product))
                return QUANTITY_MAX;
        return problem_build_at_most(product / c, QUANTITY_MAX);
}
/* ---- problem_hosts.c ---- */

/* What a VM's being there costs, where its host is to be emptied. not_now: SNAPSHOT_NO_…. */
int64_t problem_leave_weight(unsigned not_now, const Host *host, int64_t grade);
HostRole problem_build_role_of(unsigned not_now, const Host *host);

/* Targets that could not be reached lately. */
void problem_build_missed(const Snapshot *s, HostRole *roles);

/* capacity, limit. */
void problem_host_columns(Build *b, HostIx h);

/* After needs: as much as the host tells, and at least what its VMs have of it now. base, of the host's own use. */
void problem_host_hugepages(Build *b);
void problem_host_base(Build *b);

/* ---- problem_vms.c ---- */

/* need, home, pinned, price, leave. After the columns of hosts. */
int problem_vm_columns(Build *b) must_check;
