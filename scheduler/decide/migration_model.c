#include "scheduler/decide/migration_model.h"

/* A pre-copy that has not come near its end after so many rounds does not end by itself. QEMU has no such
 * limit, Xen stopped at 29 (Clark et al. 2005). */
#define ROUNDS_MAX 30

/* What it takes to prepare, connect, switch over and verify, whatever is sent: seen on idle guests with
 * libvirt's peer-to-peer migration. */
#define SETUP_MS      INT64_C(250)
#define SWITCHOVER_MS INT64_C(20)

/* Of a page, QEMU's stream needs a little more than the page (headers, zero-page marks). */
#define OVERHEAD_PERMILLE INT64_C(1020)

/* An unmeasured guest is taken to dirty a twentieth of the bandwidth; the interval runs from an idle one to
 * one that dirties half of it. */
#define DIRTY_GUESS_PERMILLE INT64_C(50)
#define DIRTY_HIGH_PERMILLE  INT64_C(500)

/* How far a measured forecast is off either way: page sampling, and other traffic on the link. */
#define UNSURE_PERMILLE INT64_C(150)

/* Sizes beyond 4 PiB are taken as that: sums of rounds stay far below 2^63. */
#define SENT_MIB_MAX (INT64_C(1) << 32)

typedef struct Rounds {
        int64_t bytes, downtime_ms;
        uint32_t rounds;
        bool converges;
} Rounds;

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
        return value < low ? low : value > high ? high : value;
}

/* part of bytes, exact enough, without overflow for bytes up to 2^60. */
static int64_t permille_of(int64_t bytes, int64_t permille) {
        return bytes / 1000 * permille + bytes % 1000 * permille / 1000;
}

static int64_t ms_for(int64_t bytes, int64_t bytes_per_ms) {
        return clamp(bytes / bytes_per_ms, 0, MIGRATION_MS_MAX);
}

/* Each round sends what the one before left dirty; a guest cannot dirty more than it has. The last one, with
 * the guest stopped, starts once the rest can be sent within the allowed downtime. */
static Rounds simulate(int64_t memory, int64_t bytes_per_ms, int64_t dirty_per_ms, int64_t limit_ms) {
        int64_t left = memory;
        Rounds r = { 0 };

        while (r.rounds < ROUNDS_MAX && left / bytes_per_ms > limit_ms) {
                int64_t ms = left / bytes_per_ms, dirtied;

                r.bytes += left;
                r.rounds++;
                if (__builtin_mul_overflow(ms, dirty_per_ms, &dirtied) || dirtied > memory)
                        dirtied = memory;
                if (dirtied >= left && r.rounds > 1)
                        break; /* no round will leave less than this one */
                left = dirtied;
        }
        r.converges = left / bytes_per_ms <= limit_ms;
        r.bytes += left;
        r.downtime_ms = ms_for(left, bytes_per_ms) + SWITCHOVER_MS;
        return r;
}

static int64_t least(int64_t a, int64_t b) {
        return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b) {
        return a > b ? a : b;
}

MigrationForecast migration_forecast(MigrationFacts f) {
        int64_t memory = permille_of(clamp(f.memory_mib, 0, SENT_MIB_MAX) << 20, OVERHEAD_PERMILLE);
        int64_t disk = clamp(f.local_disk_mib, 0, SENT_MIB_MAX) << 20;
        int64_t rate = clamp(clamp(f.bandwidth_kbit, 1, QUANTITY_MAX) / 8, 1, QUANTITY_MAX); /* bytes a ms */
        bool measured = f.dirty_kib_s != UNKNOWN;
        int64_t dirty = measured ? clamp(f.dirty_kib_s, 0, QUANTITY_MAX) * 1024 / 1000
                                 : permille_of(rate, DIRTY_GUESS_PERMILLE);
        int64_t dirty_high = measured ? dirty : permille_of(rate, DIRTY_HIGH_PERMILLE);
        int64_t dirty_low = measured ? dirty : 0;
        Rounds r = simulate(memory, rate, dirty, f.downtime_limit_ms);
        Rounds low = simulate(memory, rate, dirty_low, f.downtime_limit_ms);
        Rounds high = simulate(memory, rate, dirty_high, f.downtime_limit_ms);
        MigrationForecast ret = { .converges = r.converges, .rounds = r.rounds };

        ret.predicted = (Prediction){
                .ms_low = SETUP_MS + permille_of(ms_for(low.bytes + disk, rate), 1000 - UNSURE_PERMILLE),
                .ms = SETUP_MS + ms_for(r.bytes + disk, rate),
                .ms_high = SETUP_MS + permille_of(ms_for(high.bytes + disk, rate), 1000 + UNSURE_PERMILLE),
                .bytes_low = low.bytes + disk,
                .bytes = r.bytes + disk,
                .bytes_high = high.bytes + disk,
                .downtime_ms_low = least(low.downtime_ms, r.downtime_ms),
                .downtime_ms = r.downtime_ms,
                .downtime_ms_high = most(high.downtime_ms, r.downtime_ms),
        };
        return ret;
}
