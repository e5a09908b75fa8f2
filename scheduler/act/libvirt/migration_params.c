/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/migration_params.h"

#include <stdio.h>
#include <string.h>

static void migration_params_lack(MigrationParams *m, const char *what) {
        size_t n = strlen(m->lacks);

        (void) snprintf(m->lacks + n, sizeof(m->lacks) - n, "%s%s", n > 0 ? ", " : "", what);
}

static int64_t migration_params_bandwidth(const MigrationRequest *r) {
        int64_t mib = r->manner.bandwidth_kbit / KBIT_A_MIB;

        if (r->manner.bandwidth_kbit > 0)
                return mib > 0 ? mib : 1;
        return r->bandwidth_mib_s;
}

static void add_parallel(MigrationParams *m, const MigrationRequest *r, MigrationCapabilities both) {
        if (r->manner.strategy != STRATEGY_MULTIFD || r->manner.channels < 2)
                return;
        if (!both.parallel) {
                migration_params_lack(m, "parallel connections");
                return;
        }
        m->flags |= VIR_MIGRATE_PARALLEL;
        m->channels =
                (int) (r->manner.channels < MANNER_CHANNELS_MAX ? r->manner.channels : MANNER_CHANNELS_MAX);
        m->zstd = r->manner.compress && both.zstd;
        if (m->zstd)
                m->flags |= VIR_MIGRATE_COMPRESSED;
        if (r->manner.compress && !both.zstd)
                migration_params_lack(m, "zstd");
}

static void add_post_copy(MigrationParams *m, const MigrationRequest *r, MigrationCapabilities both) {
        bool wanted = r->post_copy || r->manner.strategy == STRATEGY_POST_COPY ||
                      r->manner.at_deadline == DEADLINE_POST_COPY;

        if (!wanted)
                return;
        if (!both.post_copy || ((m->flags & VIR_MIGRATE_PARALLEL) && !both.parallel_post_copy)) {
                migration_params_lack(m, m->flags & VIR_MIGRATE_PARALLEL
                                                 ? "post-copy beside parallel connections"
                                                 : "post-copy");
                return;
        }
        m->flags |= VIR_MIGRATE_POSTCOPY;
        m->can_post_copy = true;
        m->switch_early = r->manner.strategy == STRATEGY_POST_COPY;
}

static void add_auto_converge(MigrationParams *m, const MigrationRequest *r, MigrationCapabilities both) {
        bool wanted = r->manner.strategy == STRATEGY_AUTO_CONVERGE ||
                      r->manner.at_deadline == DEADLINE_AUTO_CONVERGE;

        if (!wanted && !r->auto_converge)
                return;
        if (both.auto_converge)
                m->flags |= VIR_MIGRATE_AUTO_CONVERGE;
        else if (wanted)
                migration_params_lack(m, "auto-converge");
}

MigrationParams migration_params_of(const MigrationRequest *r, MigrationCapabilities both, bool persistent) {
        MigrationParams m = { .flags = VIR_MIGRATE_PEER2PEER,
                              .at_deadline = r->manner.at_deadline,
                              .deadline = r->manner.deadline_ms > 0 ? r->manner.deadline_ms * USEC_PER_MSEC
                                                                    : r->time_limit };

        if (r->offline) { /* a definition alone: nothing of the rest applies */
                m.flags |= VIR_MIGRATE_OFFLINE | VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
                return m;
        }
        m.flags |= VIR_MIGRATE_LIVE;
        if (persistent)
                m.flags |= VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
        if (r->tls)
                m.flags |= VIR_MIGRATE_TLS; /* asked for even if a host may not know it: then it fails, and in
                                               the clear it does not go */
        m.bandwidth_mib_s = migration_params_bandwidth(r);
        add_parallel(&m, r, both);
        add_post_copy(&m, r, both);
        add_auto_converge(&m, r, both);
        if (m.at_deadline == DEADLINE_ABORT && r->post_copy && r->manner.deadline_ms == 0)
                m.at_deadline = DEADLINE_POST_COPY; /* nobody said otherwise */
        return m;
}

int migration_params_list(const MigrationRequest *r, const MigrationParams *m, const char *const *disks,
                          virTypedParameterPtr *ret, int *ret_n) {
        int room = 0, k = 0;

        *ret = NULL;
        *ret_n = 0;
        if (m->bandwidth_mib_s > 0) {
                k = virTypedParamsAddULLong(ret, ret_n, &room, VIR_MIGRATE_PARAM_BANDWIDTH,
                                            (unsigned long long) m->bandwidth_mib_s);
                if (k == 0 && m->can_post_copy) /* else it would take all there is once it has switched */
                        k = virTypedParamsAddULLong(ret, ret_n, &room, VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY,
                                                    (unsigned long long) m->bandwidth_mib_s);
        }
        if (k == 0 && m->channels > 0)
                k = virTypedParamsAddInt(ret, ret_n, &room, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS,
                                         m->channels);
        if (k == 0 && m->zstd)
                k = virTypedParamsAddString(ret, ret_n, &room, VIR_MIGRATE_PARAM_COMPRESSION, "zstd");
        if (k == 0 && r->migrate_uri && !r->offline)
                k = virTypedParamsAddString(ret, ret_n, &room, VIR_MIGRATE_PARAM_URI, r->migrate_uri);
        for (size_t i = 0; k == 0 && disks && disks[i]; i++)
                k = virTypedParamsAddString(ret, ret_n, &room, VIR_MIGRATE_PARAM_MIGRATE_DISKS, disks[i]);
        return k;
}

/* ---- the allowed pause ---- */

PauseLimit pause_limit_of(const MoveManner *m) {
        return (PauseLimit){ .now_ms = m->downtime_limit_ms,
                             .most_ms = m->downtime_limit_ms_most,
                             .lowest = UNKNOWN };
}

bool pause_limit_look(PauseLimit *limit, const MigrationStatus *s) {
        bool stalled;

        if (s->iteration <= limit->iteration || s->bytes_left <= 0)
                return false;
        limit->iteration = s->iteration;
        /* seen some time after the iteration began, never at the same one: an eighth less is none */
        stalled = limit->lowest != UNKNOWN && s->bytes_left >= limit->lowest - limit->lowest / 8;
        if (!stalled)
                limit->lowest = s->bytes_left;
        limit->stalled += stalled;
        if (!stalled || limit->now_ms <= 0 || limit->now_ms >= limit->most_ms)
                return false;
        limit->now_ms = limit->now_ms * 3 / 2 < limit->most_ms ? limit->now_ms * 3 / 2 : limit->most_ms;
        return true;
}
