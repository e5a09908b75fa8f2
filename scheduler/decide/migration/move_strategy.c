/* SPDX-License-Identifier: Apache-2.0 */
/* What of the settings is for the executor alone stands here too: one section, one table. */
#include "scheduler/decide/migration/move_strategy.h"

#include <errno.h>

static const char *const post_copy_words[] = { "never", "if-needed", NULL };
static const char *const compression_words[] = { "none", "zstd", NULL };

const SettingDef migration_settings[] = {
        { .name = "bandwidth",
          .type = SETTING_KBIT,
          .max = 1000000000,
          .doc = "Maximum bandwidth of all migrations of a host together; each is capped at its share. 0: as "
                 "much as is free. cluster.migration_bandwidth is the same setting; the lower of both applies." },
        { .name = "rack_bandwidth",
          .type = SETTING_KBIT,
          .max = 1000000000,
          .doc = "Bandwidth of a rack's uplink for migrations between racks. 0: not known, no limit." },
        { .name = "auto_converge",
          .type = SETTING_BOOL,
          .def = 1,
          .max = 1,
          .doc = "Throttle a VM that dirties its memory faster than the network can send it." },
        { .name = "post_copy",
          .type = SETTING_CHOICE,
          .choices = post_copy_words,
          .doc = "if-needed: switch a VM that does not converge to post-copy: it runs on the target before "
                 "all its memory is there. A network failure then stops the VM until the migration is "
                 "resumed, and a host failure loses it. The rules post-copy and no-post-copy override this "
                 "for single VMs." },
        { .name = "multifd",
          .type = SETTING_BOOL,
          .def = 1,
          .max = 1,
          .doc = "Use several connections on networks faster than 10 Gbit/s, if both hosts support it." },
        { .name = "compression",
          .type = SETTING_CHOICE,
          .choices = compression_words,
          .doc = "Compression of data sent over several connections (multifd)." },
        { .name = "downtime",
          .type = SETTING_DURATION,
          .def = 300 * USEC_PER_MSEC,
          .min = USEC_PER_MSEC,
          .max = 10 * USEC_PER_SEC,
          .doc = "Maximum downtime of a VM at the end of its migration." },
        { .name = "max_downtime_limit",
          .type = SETTING_DURATION,
          .def = USEC_PER_SEC,
          .min = USEC_PER_MSEC,
          .max = 60 * USEC_PER_SEC,
          .doc = "Limit up to which the maximum downtime is raised for a migration that does not converge." },
        { .name = "patience",
          .type = SETTING_COUNT,
          .def = 5,
          .min = 1,
          .max = 1000,
          .doc = "A migration is late after this many times its longest predicted duration, but at least one "
                 "minute. It is then switched to post-copy if allowed, or aborted." },
        { .name = "tls",
          .type = SETTING_BOOL,
          .max = 1,
          .doc = "Encrypt migrations by TLS, which must be set up for libvirt and QEMU on the hosts. Without "
                 "TLS a migration then fails." },
        { .name = "uri",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Address to which migration data is sent, for a separate migration network: "
                 "tcp://{host}.migration, with {host} for the target's name. Empty: the target's own name." },
        { .name = "force",
          .type = SETTING_BOOL,
          .max = 1,
          .doc = "Also try to evacuate VMs whose migration is not expected to converge." },
        { .name = NULL },
};

#define LATE_LEAST_MS (60 * INT64_C(1000))

MovePolicy move_policy(const Settings *settings) {
        MovePolicy p = {
                .post_copy = settings_int(settings, "migration", "post_copy") != 0,
                .auto_converge = settings_int(settings, "migration", "auto_converge") != 0,
                .multifd = settings_int(settings, "migration", "multifd") != 0,
                .compress = settings_int(settings, "migration", "compression") != 0,
                .force = settings_int(settings, "migration", "force") != 0,
                .patience = settings_int(settings, "migration", "patience"),
                .downtime_ms = settings_int(settings, "migration", "downtime") / USEC_PER_MSEC,
                .downtime_most_ms = settings_int(settings, "migration", "max_downtime_limit") / USEC_PER_MSEC,
        };

        if (p.downtime_most_ms < p.downtime_ms)
                p.downtime_most_ms = p.downtime_ms;
        return p;
}

MovePolicy move_policy_of(const MovePolicy *all, const Vm *vm) {
        MovePolicy p = *all;

        if (vm->post_copy != POST_COPY_UNSAID)
                p.post_copy = vm->post_copy == POST_COPY_IF_NEEDED;
        return p;
}

/* ---- the table ---- */

typedef struct Question {
        Arena *arena;
        MigrationFacts facts; /* over one connection and all the share */
        const MovePolicy *policy;
        int64_t share_kbit; /* all it has of the way */
        MigrationForecast plain;
} Question;

typedef struct StrategyDef {
        MoveStrategy strategy;
        /* Whether it is to be done so; fills the forecast then. */
        bool (*fits)(const Question *q, MoveChoice *io);
        const char *(*reason)(const Question *q);
} StrategyDef;

static MigrationForecast move_strategy_with(const Question *q, MigrationMode mode, int64_t kbit) {
        MigrationFacts f = q->facts;

        f.mode = mode;
        f.basis.bandwidth_kbit = kbit;
        return migration_forecast(f);
}

static int64_t mib_s(int64_t kbit) {
        return kbit / 8 * 1000 / (1 << 20);
}

/* Post-copy cannot follow it before QEMU 10.1: whoever may need that goes over one connection. */
static bool fits_multifd(const Question *q, MoveChoice *io) {
        MigrationForecast f;
        int64_t channels = (q->share_kbit + CHANNEL_KBIT - 1) / CHANNEL_KBIT;

        if (!q->policy->multifd || q->policy->post_copy || q->share_kbit <= MULTIFD_ABOVE_KBIT)
                return false;
        f = move_strategy_with(q, MIGRATION_PRE_COPY, q->share_kbit);
        if (!f.converges)
                return false;
        channels = channels > CHANNELS_CHOSEN_MOST ? CHANNELS_CHOSEN_MOST : channels;
        io->forecast = f;
        io->manner.channels = (uint32_t) channels;
        io->manner.compress = q->policy->compress;
        return true;
}

static const char *reason_multifd(const Question *q) {
        return text_format(q->arena, "the path has %lld Gbit/s, more than one connection can use",
                           (long long) (q->share_kbit / 1000000));
}

static bool fits_plain(const Question *q, MoveChoice *io) {
        io->forecast = q->plain;
        return q->plain.converges;
}

static const char *reason_plain(const Question *q) {
        const int64_t busy = migration_busy_permille(&q->plain);

        if (q->facts.basis.dirty_kib_s == UNKNOWN)
                return "its dirty rate is not known";
        if (busy < 10)
                return "it dirties almost no memory during the migration";
        return text_format(q->arena, "it dirties memory at about %lld %% of the path's bandwidth",
                           (long long) (busy / 10));
}

static bool fits_post_copy(const Question *q, MoveChoice *io) {
        io->forecast = move_strategy_with(q, MIGRATION_POST_COPY, q->facts.basis.bandwidth_kbit);
        return q->policy->post_copy;
}

static const char *too_fast(const Question *q, const char *rest) {
        const MoveBasis *b = &q->facts.basis;
        const int64_t kib_s = b->dirty_burst_kib_s > b->dirty_kib_s ? b->dirty_burst_kib_s : b->dirty_kib_s;

        return text_format(q->arena, "it dirties %lld MiB/s of memory, and the path carries %lld MiB/s: %s",
                           (long long) (kib_s / 1024), (long long) mib_s(b->bandwidth_kbit), rest);
}

static const char *reason_post_copy(const Question *q) {
        return too_fast(q, "pre-copy would not converge, and its policy allows post-copy");
}

static bool fits_auto_converge(const Question *q, MoveChoice *io) {
        io->forecast = move_strategy_with(q, MIGRATION_AUTO_CONVERGE, q->facts.basis.bandwidth_kbit);
        return q->policy->auto_converge && io->forecast.converges;
}

static const char *reason_auto_converge(const Question *q) {
        return too_fast(q, "it is throttled until pre-copy converges");
}

static bool fits_not_now(const Question *q, MoveChoice *io) {
        io->forecast = q->plain;
        return true;
}

static const char *reason_not_now(const Question *q) {
        return too_fast(q, q->policy->auto_converge
                                   ? "it would not converge even when throttled"
                                   : "it would not converge, and its policy allows nothing else");
}

static bool fits_cold(const Question *q, MoveChoice *io) {
        io->forecast = q->plain;
        return q->facts.cold;
}

static const char *reason_cold(const Question *q) {
        (void) q;
        return "it is off: only its definition is moved";
}

static const StrategyDef move_strategy_strategies[] = {
        { STRATEGY_COLD, fits_cold, reason_cold },
        { STRATEGY_MULTIFD, fits_multifd, reason_multifd },
        { STRATEGY_PLAIN, fits_plain, reason_plain },
        { STRATEGY_POST_COPY, fits_post_copy, reason_post_copy },
        { STRATEGY_AUTO_CONVERGE, fits_auto_converge, reason_auto_converge },
        { STRATEGY_NOT_NOW, fits_not_now, reason_not_now }, /* last: it fits always */
};

static const StrategyDef *move_strategy_choose(Question *q, MoveChoice *ret) {
        const StrategyDef *d = move_strategy_strategies;

        q->share_kbit = q->facts.basis.bandwidth_kbit;
        q->facts.downtime_limit_ms = q->policy->downtime_ms;
        if (q->facts.basis.bandwidth_kbit > MULTIFD_ABOVE_KBIT)
                q->facts.basis.bandwidth_kbit = MULTIFD_ABOVE_KBIT;
        q->plain = move_strategy_with(q, MIGRATION_PRE_COPY, q->facts.basis.bandwidth_kbit);
        while (!d->fits(q, ret))
                d++;
        return d;
}

/* ---- for planners ---- */

static void put_deadline(const MovePolicy *policy, MoveChoice *io) {
        io->manner.deadline_ms = io->forecast.predicted.ms_high * policy->patience;
        if (io->manner.deadline_ms < LATE_LEAST_MS)
                io->manner.deadline_ms = LATE_LEAST_MS;
}

int move_choose(Arena *a, MigrationFacts facts, bool known, const MovePolicy *policy, MoveChoice *ret) {
        Question q = { .arena = a, .facts = facts, .policy = policy };
        MoveChoice choice = { 0 };
        const StrategyDef *d = move_strategy_choose(&q, &choice);
        MoveManner *m = &choice.manner;

        m->strategy = d->strategy;
        m->reason = d->reason(&q);
        if (!m->reason)
                return -ENOMEM;
        put_deadline(policy, &choice);
        if (facts.cold) {
                *ret = choice;
                return 0;
        }
        m->bandwidth_kbit = known ? q.share_kbit : 0;
        m->slow_down = policy->auto_converge ? SLOW_DOWN_ALLOWED : SLOW_DOWN_NEVER;
        m->at_deadline = policy->post_copy ? DEADLINE_POST_COPY : DEADLINE_ABORT;
        m->downtime_limit_ms = policy->downtime_ms;
        m->downtime_limit_ms_most = policy->downtime_most_ms;
        *ret = choice;
        return 0;
}

/* ---- in time ---- */

typedef struct SwiftWay {
        MoveStrategy strategy;
        MigrationMode mode;
        const char *words;
} SwiftWay;

static const SwiftWay swift_ways[] = {
        { STRATEGY_AUTO_CONVERGE, MIGRATION_AUTO_CONVERGE, "throttled" },
        { STRATEGY_POST_COPY, MIGRATION_POST_COPY, "post-copy, as its policy allows" },
};

static bool swift_way_allowed(const SwiftWay *w, const MovePolicy *policy) {
        return w->mode == MIGRATION_POST_COPY ? policy->post_copy : policy->auto_converge;
}

/* Over one connection: neither is done over several. */
static MigrationForecast swift_forecast(MigrationFacts facts, const MovePolicy *policy, const SwiftWay *w) {
        facts.mode = w->mode;
        facts.downtime_limit_ms = policy->downtime_ms;
        if (facts.basis.bandwidth_kbit > MULTIFD_ABOVE_KBIT)
                facts.basis.bandwidth_kbit = MULTIFD_ABOVE_KBIT;
        return migration_forecast(facts);
}

int move_strategy_deadline(Arena *a, MigrationFacts facts, const MovePolicy *policy, int64_t within_ms,
                           MoveChoice *io) {
        const int64_t usual_ms = io->forecast.predicted.ms;

        if (usual_ms <= within_ms || io->manner.strategy == STRATEGY_NOT_NOW || facts.cold)
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(swift_ways); i++) {
                const SwiftWay *w = &swift_ways[i];
                const MigrationForecast f = swift_forecast(facts, policy, w);

                if (!swift_way_allowed(w, policy) || !f.converges || f.predicted.ms > within_ms)
                        continue;
                io->manner.reason = text_format(
                        a, "otherwise it would take %lld s, but must leave its host within %lld s: %s",
                        (long long) ((usual_ms + 999) / 1000), (long long) (within_ms / 1000), w->words);
                if (!io->manner.reason)
                        return -ENOMEM;
                io->forecast = f;
                io->manner.strategy = w->strategy;
                io->manner.channels = 0;
                io->manner.compress = false;
                put_deadline(policy, io);
                return 1;
        }
        return 0;
}

int64_t move_least_ms(MigrationFacts facts, const MovePolicy *policy) {
        int64_t ms = migration_forecast(facts).predicted.ms;

        for (size_t i = 0; i < ARRAY_SIZE(swift_ways); i++) {
                const MigrationForecast f = swift_forecast(facts, policy, &swift_ways[i]);

                if (swift_way_allowed(&swift_ways[i], policy) && f.converges && f.predicted.ms < ms)
                        ms = f.predicted.ms;
        }
        return ms;
}

/* ---- for problems ---- */

bool move_is_possible(const MigrationNet *net, VmIx v, const MovePolicy *policy) {
        Question q = { .facts = migration_facts(net, v, IX_NONE, IX_NONE, net->usual_kbit),
                       .policy = policy };
        MoveChoice choice = { 0 };

        return move_strategy_choose(&q, &choice)->strategy != STRATEGY_NOT_NOW;
}
