/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/migration/migration_model.h"

/* A pre-copy that has not come near its end after so many rounds does not end by itself. QEMU has no such
 * limit, Xen stopped at 29 (Clark et al. 2005); a guest that dirties 95 % of the bandwidth takes 60. */
#define ROUNDS_MAX 100

/* MIGRATION_SPEED_PERMILLE: of an Ethernet frame of 1538 bytes with preamble and gap, TCP with time stamps
 * carries 1448: 941 permille. 920 to 950 measured (tests/bench/predict).
 * MIGRATION_FIXED_MS: libvirt's begin, prepare (QEMU starts on the target), finish and confirm, and QEMU's
 * last round; 670 to 900 measured with libvirt 9.0. MIGRATION_SWITCH_MS: the pause of idle guests, 95 to 190
 * measured. */

/* Of a page, QEMU's stream needs a little more than the page: 8 bytes of header; 9 bytes a zero page. */
#define OVERHEAD_PERMILLE INT64_C(1003)

/* An unmeasured guest is taken to dirty a twentieth of the bandwidth; the interval runs from an idle one to
 * one that dirties half of it. */
#define DIRTY_GUESS_PERMILLE INT64_C(50)
#define DIRTY_HIGH_PERMILLE  INT64_C(500)

/* QEMU sends for up to 50 ms between two looks (migration/ram.c, MAX_WAIT): half of that, on average, is less
 * left than is allowed. */
#define SLACK_MS     INT64_C(25)
#define LIMIT_MS_MAX INT64_C(60000)

/* The window a burst is measured over. */
#define BURST_MS INT64_C(1000)

/* Sizes beyond 4 PiB are taken as that: sums of rounds stay far below 2^63. */
#define SENT_MIB_MAX (INT64_C(1) << 32)

/* QEMU's auto-converge: when what was dirtied since the last look is more than half of what was sent, twice,
 * vCPUs are slowed down by 20 %, then by 10 % more each time, to 99 % (QEMU, migration/ram.c and the defaults
 * of throttle-trigger-threshold, cpu-throttle-initial, -increment, max-cpu-throttle in qapi/migration.json).
 */
#define THROTTLE_LOOKS   2
#define THROTTLE_FIRST   INT64_C(20)
#define THROTTLE_MORE    INT64_C(10)
#define THROTTLE_MOST    INT64_C(99)
#define THROTTLE_TRIGGER INT64_C(500) /* permille */

typedef struct Throttle {
        uint32_t looks;
        int64_t percent;
} Throttle;

typedef struct Rounds {
        int64_t bytes, downtime_ms;
        uint32_t rounds;
        bool converges;
} Rounds;

/* Bytes dirtied within t: at `burst` for BURST_MS, then at `later`, for those pages that were not dirty yet.
 */
typedef struct Dirt {
        int64_t burst, later; /* bytes a ms */
} Dirt;

static int64_t migration_model_clamp(int64_t value, int64_t low, int64_t high) {
        return value < low ? low : value > high ? high : value;
}

static int64_t migration_model_least(int64_t left, int64_t right) {
        return left < right ? left : right;
}

static int64_t migration_model_most(int64_t left, int64_t right) {
        return left > right ? left : right;
}

/* part of bytes, exact enough, without overflow for bytes up to 2^60 / 1000 × permille. */
static int64_t permille_of(int64_t bytes, int64_t permille) {
        return bytes / 1000 * permille + bytes % 1000 * permille / 1000;
}

static int64_t ms_for(int64_t bytes, int64_t bytes_per_ms) {
        return migration_model_clamp(bytes / bytes_per_ms, 0, MIGRATION_MS_MAX);
}

static int64_t migration_model_dirtied(Dirt d, int64_t ms, int64_t memory) {
        const int64_t first = migration_model_least(ms, BURST_MS);
        int64_t later, sum;

        if (__builtin_mul_overflow(ms - first, d.later, &later) ||
            __builtin_add_overflow(first * d.burst, later, &sum) || sum > memory)
                return memory;
        return sum;
}

static void migration_model_throttle(Throttle *t, int64_t next, int64_t left) {
        if (next <= permille_of(left, THROTTLE_TRIGGER) || ++t->looks < THROTTLE_LOOKS)
                return;
        t->looks = 0;
        t->percent = t->percent == 0 ? THROTTLE_FIRST
                                     : migration_model_least(t->percent + THROTTLE_MORE, THROTTLE_MOST);
}

/* Each round sends what the one before left dirty; a guest cannot dirty more than it has. QEMU looks again
 * whenever less is left than it can send within the allowed downtime, and goes on with what was dirtied since
 * on top of that (migration_iteration_run(), ram_save_pending()): so that a round is what is beyond it, and
 * the end comes when as good as nothing is. A guest that writes is stopped with about the whole of the
 * allowed downtime to send, an idle one with next to nothing. */
static Rounds migration_model_simulate(int64_t memory, int64_t bytes_per_ms, Dirt dirt,
                                       const MigrationFacts *f) {
        const int64_t enough = permille_of(
                bytes_per_ms, migration_model_clamp(f->downtime_limit_ms, 0, LIMIT_MS_MAX) * 1000);
        const int64_t slack = bytes_per_ms * SLACK_MS;
        int64_t beyond = migration_model_most(memory - enough, 0);
        Throttle slowed = { 0 };
        Rounds r = { 0 };

        while (r.rounds < ROUNDS_MAX && beyond > slack) {
                const int64_t free = migration_model_dirtied(dirt, beyond / bytes_per_ms, memory);
                const int64_t next = free - permille_of(free, slowed.percent * 10);

                r.bytes += beyond;
                r.rounds++;
                if (f->mode == MIGRATION_AUTO_CONVERGE && slowed.percent < THROTTLE_MOST)
                        migration_model_throttle(&slowed, next, beyond);
                else if (next >= beyond && r.rounds > 1)
                        break; /* no round will leave less than this one */
                beyond = next;
        }
        r.converges = beyond <= slack;
        r.bytes += migration_model_least(memory, enough) + beyond;
        r.downtime_ms =
                ms_for(r.rounds > 1 ? enough + beyond : migration_model_least(memory, beyond), bytes_per_ms);
        return r;
}

/* After one round it runs on the target; what it dirtied meanwhile is sent once more. */
static Rounds post_copied(int64_t memory, int64_t bytes_per_ms, Dirt dirt) {
        return (Rounds){ .bytes = memory + migration_model_dirtied(dirt, memory / bytes_per_ms, memory),
                         .rounds = 1,
                         .converges = true };
}

static Rounds send_all(int64_t memory, int64_t bytes_per_ms, Dirt dirt, const MigrationFacts *f) {
        return f->mode == MIGRATION_POST_COPY ? post_copied(memory, bytes_per_ms, dirt)
                                              : migration_model_simulate(memory, bytes_per_ms, dirt, f);
}

static int64_t per_ms(int64_t kib_s) {
        return migration_model_clamp(kib_s, 0, QUANTITY_MAX) * 1024 / 1000;
}

/* Both windows' figures on one line through what each saw; what the longer one saw is no less. */
static Dirt dirt_of(const MoveBasis *b, int64_t learned) {
        const int64_t window = b->dirty_window_ms > BURST_MS ? b->dirty_window_ms : MIGRATION_WINDOW_MS;
        const int64_t mean = per_ms(permille_of(b->dirty_kib_s, learned));
        Dirt d = { .burst = mean, .later = mean };

        if (b->dirty_burst_kib_s == UNKNOWN || b->dirty_burst_kib_s <= b->dirty_kib_s)
                return d;
        d.burst = per_ms(permille_of(b->dirty_burst_kib_s, learned));
        d.later = mean <= INT64_MAX / MIGRATION_MS_MAX && window <= MIGRATION_MS_MAX
                          ? migration_model_most(mean * window - d.burst * BURST_MS, 0) / (window - BURST_MS)
                          : mean;
        return d;
}

static Dirt dirt_steady(int64_t bytes_per_ms) {
        return (Dirt){ .burst = bytes_per_ms, .later = bytes_per_ms };
}

static int64_t memory_bytes(const MigrationFacts *f, int64_t mib) {
        const int64_t learned =
                f->bytes_permille > 0 ? migration_model_clamp(f->bytes_permille, 1, 10000) : 1000;
        const int64_t bytes =
                permille_of(migration_model_clamp(mib, 0, SENT_MIB_MAX) << 20, OVERHEAD_PERMILLE);

        return permille_of(bytes, learned);
}

static int64_t or_own(int64_t learned, int64_t own) {
        return learned > 0 ? learned : own;
}

/* The units the rounds are reckoned in. */
typedef struct Terms {
        int64_t memory, disk, rate, fixed, pause; /* bytes, bytes, bytes a ms, ms, ms */
        Dirt dirt;
        bool measured;
} Terms;

static Terms terms_of(const MigrationFacts *f) {
        const MoveBasis *b = &f->basis;
        const int64_t speed =
                migration_model_clamp(or_own(f->speed_permille, MIGRATION_SPEED_PERMILLE), 1, 2000);
        const int64_t nominal = migration_model_clamp(
                migration_model_clamp(b->bandwidth_kbit, 1, QUANTITY_MAX) / 8, 1, QUANTITY_MAX);
        const int64_t dirtier = migration_model_clamp(or_own(f->dirty_permille, 1000), 1, 20000);
        Terms t = {
                .memory = memory_bytes(f, b->memory_mib),
                .disk = migration_model_clamp(b->local_disk_mib, 0, SENT_MIB_MAX) << 20,
                .rate = migration_model_most(permille_of(nominal, speed), 1),
                .fixed = migration_model_clamp(or_own(f->fixed_ms, MIGRATION_FIXED_MS), 0, MIGRATION_MS_MAX),
                .pause =
                        migration_model_clamp(or_own(f->switch_ms, MIGRATION_SWITCH_MS), 0, MIGRATION_MS_MAX),
                .measured = b->dirty_kib_s != UNKNOWN,
        };

        t.dirt = t.measured ? dirt_of(b, dirtier) : dirt_steady(permille_of(t.rate, DIRTY_GUESS_PERMILLE));
        return t;
}

/* What any migration takes beside sending. */
static MigrationForecast cold_forecast(const Terms *t, int64_t unsure) {
        return (MigrationForecast){ .converges = true,
                                    .predicted = { .ms_low = permille_of(t->fixed, 1000 - unsure) / 2,
                                                   .ms = t->fixed,
                                                   .ms_high = 2 * permille_of(t->fixed, 1000 + unsure) } };
}

int64_t migration_ms(const MigrationFacts *f) {
        const Terms t = terms_of(f);
        Rounds r;

        if (f->cold)
                return t.fixed;
        r = send_all(t.memory, t.rate, t.dirt, f);

        return r.converges
                       ? migration_model_least(t.fixed + ms_for(r.bytes + t.disk, t.rate), MIGRATION_MS_MAX)
                       : MIGRATION_MS_MAX;
}

MigrationForecast migration_forecast(MigrationFacts f) {
        const Terms t = terms_of(&f);
        const int64_t unsure =
                migration_model_clamp(or_own(f.unsure_permille, MIGRATION_UNSURE_PERMILLE), 0, 900);
        const Dirt none = t.measured ? t.dirt : dirt_steady(0);
        const Dirt much = t.measured ? t.dirt : dirt_steady(permille_of(t.rate, DIRTY_HIGH_PERMILLE));
        const Rounds r = send_all(t.memory, t.rate, t.dirt, &f);
        const Rounds low = send_all(f.memory_low_mib > 0 ? memory_bytes(&f, f.memory_low_mib) : t.memory,
                                    t.rate, none, &f);
        const Rounds high = send_all(f.memory_high_mib > 0 ? memory_bytes(&f, f.memory_high_mib) : t.memory,
                                     t.rate, much, &f);
        const int64_t sent_low = migration_model_least(low.bytes, r.bytes) + t.disk;
        const int64_t sent_high = migration_model_most(high.bytes, r.bytes) + t.disk;
        MigrationForecast ret = { .converges = r.converges, .rounds = r.rounds, .memory_bytes = t.memory };

        if (f.cold)
                return cold_forecast(&t, unsure);
        ret.predicted = (Prediction){
                .ms_low = permille_of(t.fixed + ms_for(sent_low, t.rate), 1000 - unsure),
                .ms = t.fixed + ms_for(r.bytes + t.disk, t.rate),
                .ms_high = permille_of(t.fixed + ms_for(sent_high, t.rate), 1000 + unsure),
                .bytes_low = permille_of(sent_low, 1000 - unsure),
                .bytes = r.bytes + t.disk,
                .bytes_high = permille_of(sent_high, 1000 + unsure),
                .downtime_ms_low = migration_model_least(low.downtime_ms, r.downtime_ms) + t.pause / 2,
                .downtime_ms = r.downtime_ms + t.pause,
                .downtime_ms_high =
                        migration_model_most(migration_model_most(high.downtime_ms, r.downtime_ms),
                                             r.converges ? f.downtime_limit_ms : 0) +
                        2 * t.pause,
                .basis = f.basis,
        };
        return ret;
}

int64_t migration_busy_permille(const MigrationForecast *f) {
        const int64_t disk = migration_model_clamp(f->predicted.basis.local_disk_mib, 0, SENT_MIB_MAX) << 20;
        const int64_t sent = f->predicted.bytes - disk;

        if (!f->converges || sent <= 0)
                return f->converges ? 0 : 1000;
        return 1000 - migration_model_clamp(f->memory_bytes / (sent / 1000 + 1), 0, 1000);
}
