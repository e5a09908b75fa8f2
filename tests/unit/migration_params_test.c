/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt is asked for: every kind of request, of hosts that can all, some or none of it, in exact words; and when the
 * allowed pause is raised. */
#include "scheduler/act/libvirt/migration_params.h"
#include "tests/recorded.h"

static const char *const names[] = { "live", "peer",     "persist",    "undefine",  "offline",
                                     "tls",  "parallel", "compressed", "post-copy", "auto-converge" };
static const unsigned bits[] = { VIR_MIGRATE_LIVE,         VIR_MIGRATE_PEER2PEER,
                                 VIR_MIGRATE_PERSIST_DEST, VIR_MIGRATE_UNDEFINE_SOURCE,
                                 VIR_MIGRATE_OFFLINE,      VIR_MIGRATE_TLS,
                                 VIR_MIGRATE_PARALLEL,     VIR_MIGRATE_COMPRESSED,
                                 VIR_MIGRATE_POSTCOPY,     VIR_MIGRATE_AUTO_CONVERGE };

static void print_list(FILE *f, const MigrationRequest *r, const MigrationParams *m,
                       const char *const *disks) {
        virTypedParameterPtr list = NULL;
        int n = 0;

        cr_assert_eq(0, migration_params_list(r, m, disks, &list, &n));
        for (int i = 0; i < n; i++) {
                char *text = list[i].type == VIR_TYPED_PARAM_STRING ? list[i].value.s : NULL;

                if (text)
                        (void) fprintf(f, " %s=%s", list[i].field, text);
                else
                        (void) fprintf(f, " %s=%lld", list[i].field,
                                       list[i].type == VIR_TYPED_PARAM_INT ? (long long) list[i].value.i
                                                                           : (long long) list[i].value.ul);
        }
        virTypedParamsFree(list, n);
}

static void record(FILE *f, const char *tells, const MigrationRequest *r, MigrationCapabilities both,
                   bool persistent) {
        static const char *const disks[] = { "vda", "vdb", NULL };
        const MigrationParams m = migration_params_of(r, both, persistent);
        unsigned rest = m.flags;

        (void) fprintf(f, "%s:", tells);
        for (size_t i = 0; i < sizeof(bits) / sizeof(*bits); i++) {
                if (m.flags & bits[i])
                        (void) fprintf(f, " %s", names[i]);
                rest &= ~bits[i];
        }
        cr_assert_eq(0, rest);
        (void) fprintf(f, "; deadline %lld us, then %d%s%s;", (long long) m.deadline, (int) m.at_deadline,
                       m.can_post_copy ? ", can post-copy" : "", m.switch_early ? ", early" : "");
        print_list(f, r, &m, persistent ? disks : NULL);
        (void) fprintf(f, "%s%s\n", *m.lacks ? "; lacks " : "", m.lacks);
}

static const MigrationCapabilities can_all = { true, true, true, true, true, true };

/* Every strategy, with every way to end, of hosts that lack one thing each. */
static void record_manner(FILE *f, MoveStrategy strategy, DeadlineAction at_deadline) {
        MigrationRequest r = { .manner = { .strategy = strategy,
                                           .at_deadline = at_deadline,
                                           .channels = 4,
                                           .compress = true,
                                           .bandwidth_kbit = 10 * KBIT_A_MIB,
                                           .deadline_ms = 7000 },
                               .migrate_uri = "tcp://h2" };

        for (int lack = 0; lack < 6; lack++) {
                MigrationCapabilities both = can_all;
                char tells[64];

                *(bool *[]){ &both.tls,       &both.parallel,           &both.zstd,
                             &both.post_copy, &both.parallel_post_copy, &both.auto_converge }[lack] = false;
                (void) snprintf(tells, sizeof(tells), "strategy %d, at the deadline %d, lack %d",
                                (int) strategy, (int) at_deadline, lack);
                record(f, tells, &r, both, lack % 2 == 0);
        }
}

static void record_requests(FILE *f) {
        MigrationRequest r = { .bandwidth_mib_s = 5, .time_limit = 60 * USEC_PER_SEC };

        record(f, "nothing is asked for", &r, (MigrationCapabilities){ 0 }, false);
        r.tls = true;
        record(f, "encrypted, of hosts that cannot", &r, (MigrationCapabilities){ 0 }, true);
        r.auto_converge = true;
        record(f, "slowed, if they can", &r, can_all, false);
        record(f, "slowed, and they cannot: nobody asked for it", &r, (MigrationCapabilities){ 0 }, false);
        r.post_copy = true;
        record(f, "post-copy is allowed", &r, can_all, false);
        r.manner.deadline_ms = 1;
        record(f, "and there is a deadline of its own", &r, can_all, false);
        for (uint32_t channels = 1; channels <= MANNER_CHANNELS_MAX + 1;
             channels += channels == 3 ? MANNER_CHANNELS_MAX - 4 : 1) {
                r.manner = (MoveManner){ .strategy = STRATEGY_MULTIFD, .channels = channels };
                record(f, "connections", &r, can_all, false);
        }
        for (int64_t kbit = KBIT_A_MIB - 1; kbit <= KBIT_A_MIB + 1; kbit++) {
                r.manner = (MoveManner){ .bandwidth_kbit = kbit };
                record(f, "about a mebibyte a second", &r, can_all, false);
        }
        r.manner = (MoveManner){ .bandwidth_kbit = 1 };
        record(f, "next to nothing a second", &r, can_all, false);
        r.manner = (MoveManner){ .bandwidth_kbit = 2 * KBIT_A_MIB - 1 };
        record(f, "not quite two", &r, can_all, false);
        r.migrate_uri = "tcp://h2";
        r.offline = true;
        record(f, "its definition alone", &r, can_all, false);
}

Test(migration_params, every_kind_of_request) {
        Recording r;

        cr_assert_eq(0, virInitialize());
        recording_begin(&r, "migration_params");
        for (int strategy = 0; strategy < STRATEGY_N; strategy++)
                for (int at = 0; at < DEADLINE_ACTION_N; at++)
                        record_manner(r.f, (MoveStrategy) strategy, (DeadlineAction) at);
        record_requests(r.f);
        recording_end(&r);
}

/* ---- the allowed pause ---- */

static MigrationStatus seen(uint32_t iteration, int64_t left) {
        return (MigrationStatus){ .iteration = iteration, .bytes_left = left };
}

static bool looks(PauseLimit *limit, uint32_t iteration, int64_t left) {
        const MigrationStatus s = seen(iteration, left);

        return pause_limit_look(limit, &s);
}

Test(migration_params, the_pause_is_half_as_long_again_for_each_iteration_that_gets_nowhere) {
        const MoveManner m = { .downtime_limit_ms = 100, .downtime_limit_ms_most = 230 };
        PauseLimit limit = pause_limit_of(&m);

        cr_assert_not(looks(&limit, 1, 800), "the first is the measure");
        cr_assert_not(looks(&limit, 1, 900), "of the same iteration once");
        cr_assert_not(looks(&limit, 2, 0), "nothing is left");
        cr_assert_not(looks(&limit, 2, 699), "more than an eighth less");
        cr_assert_eq(0, limit.stalled);
        cr_assert(looks(&limit, 3, 612), "an eighth of 699 is 87");
        cr_assert_eq(150, limit.now_ms);
        cr_assert_not(looks(&limit, 4, 611), "a byte less");
        cr_assert_eq(1, limit.stalled);
        cr_assert(looks(&limit, 5, 611));
        cr_assert_eq(225, limit.now_ms);
        cr_assert(looks(&limit, 6, 1000));
        cr_assert_eq(230, limit.now_ms, "no more than is allowed");
        cr_assert_not(looks(&limit, 7, 1000));
        cr_assert_eq(4, limit.stalled);
        cr_assert_eq(230, limit.now_ms);
}

Test(migration_params, a_pause_that_nobody_set_is_not_raised) {
        const MoveManner m = { .downtime_limit_ms_most = 230 };
        PauseLimit limit = pause_limit_of(&m);

        cr_assert_not(looks(&limit, 1, 800));
        cr_assert_not(looks(&limit, 2, 800));
        cr_assert_eq(1, limit.stalled);
        cr_assert_eq(0, limit.now_ms);
        limit.now_ms = 1;
        cr_assert(looks(&limit, 3, 700));
        cr_assert_eq(1, limit.now_ms);
}
