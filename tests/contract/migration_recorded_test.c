/* SPDX-License-Identifier: Apache-2.0 */
/* What the libvirt executor asks of two hosts, and what it says of a migration, over hundreds of scripted libvirts: one whose
 * hosts, VM, manner and job are drawn, one call of which fails, or fails for a while. tests/recorded/migrations.txt has the
 * status each ended with, and of every fiftieth what was asked, call by call; of the others a sum of that. */
#include <criterion/criterion.h>

#include "tests/recorded.h"
#include "tests/scripted_libvirt.h"

#define STORIES 2000

static Prng dice;

static uint32_t below(uint32_t n) {
        return prng_below(&dice, n);
}

static bool one_in(uint32_t n) {
        return below(n) == 0;
}

/* ---- a VM ---- */

static const char *const disk_texts[] = {
        "<disk type='file' device='disk'><source file='/local/vm.qcow2'/><target dev='vda'/></disk>",
        "<disk type='file' device='disk'><source file='/local/deep/vm.qcow2'/><target dev='vdb'/></disk>",
        "<disk type='block' device='disk'><source dev='/dev/vg/vm'/><target dev='vdc'/></disk>",
        "<disk type='file' device='disk'><source file='vm.raw'/><target dev='vdd'/></disk>",
        "<disk type='volume' device='disk'><source pool='gold' volume='vm'/><target dev='vde'/></disk>",
        "<disk type='volume' device='disk'><source pool='lead' volume='vm'/><target dev='vdf'/></disk>",
        "<disk type='file' device='disk'><source file='/devices/vm'/><target dev='vdg'/></disk>",
};

/* The same on both hosts, but for what a bad one would have made of it. */
static void draw_xml(char *here, char *there, size_t size) {
        const char *type = one_in(4) ? "qemu" : "kvm";
        const bool agent = one_in(3), huge = one_in(6), cpu = !one_in(8), of_host = one_in(5),
                   red = one_in(4), group = one_in(4);
        const char *first = disk_texts[below(ARRAY_SIZE(disk_texts))],
                   *second = disk_texts[below(ARRAY_SIZE(disk_texts))];
        char *const texts[] = { here, there };

        for (int h = 0; h < 2; h++)
                (void) snprintf(
                        texts[h], size,
                        "<domain type='%s'><os><type arch='x86_64' machine='q35'>hvm</type></os>%s%s<devices>"
                        "<emulator>/usr/bin/qemu</emulator>%s%s%s<interface type='network'><mac address='52:54:00:00:00:01'/>"
                        "<source network='%s'%s/></interface>%s</devices></domain>",
                        type, huge ? "<memoryBacking><hugepages/></memoryBacking>" : "",
                        cpu && of_host ? "<cpu mode='host-passthrough'/>"
                        : cpu          ? "<cpu mode='custom'><model>Skylake</model></cpu>"
                                       : "",
                        first, second == first ? "" : second,
                        "<disk type='network' device='disk'><source name='rbd/vm'/><target dev='vdz'/></disk>",
                        red ? "red" : "blue", h == 1 && group ? " portgroup='other'" : "",
                        agent ? "<channel><target name='org.qemu.guest_agent.0' state='connected'/></channel>"
                              : "");
        if (one_in(40))
                (void) snprintf(there, size, "<pool/>");
        if (one_in(60))
                (void) snprintf(here, size, "<domain");
}

/* ---- two hosts ---- */

static ScriptSpot draw_spot(int usual) {
        static const ScriptSpot odd[] = {
                { -1, 0 },
                { VIR_DOMAIN_RUNNING, 0 },
                { VIR_DOMAIN_SHUTOFF, 0 },
                { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_USER },
                { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_MIGRATION },
                { VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED },
                { VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED },
                { VIR_DOMAIN_CRASHED, 0 },
                { VIR_DOMAIN_PMSUSPENDED + 1, 0 },
        };

        return one_in(12) ? odd[below(ARRAY_SIZE(odd))] : (ScriptSpot){ usual, 0 };
}

static void draw_places(bool offline, bool moved, bool broken) {
        const int runs = offline ? VIR_DOMAIN_SHUTOFF : VIR_DOMAIN_RUNNING;

        script.before[0] = draw_spot(runs);
        script.before[1] = one_in(10) ? (ScriptSpot){ VIR_DOMAIN_SHUTOFF, 0 } : draw_spot(-1);
        script.settled[0] = draw_spot(moved ? -1 : runs);
        script.settled[1] = draw_spot(moved ? runs : -1);
        script.lag = one_in(4) ? below(8) : 0;
        script.after[0] = script.lag > 0 ? draw_spot(runs) : script.settled[0];
        script.after[1] = script.lag > 0 ? draw_spot(runs) : script.settled[1];
        if (!broken)
                return;
        script.lag = one_in(3) ? 99 : below(12);
        script.after[0] = (ScriptSpot){ VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED };
        script.after[1] = (ScriptSpot){ VIR_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_POSTCOPY_FAILED };
}

static void draw_hosts(void) {
        static const unsigned long versions[] = { 1001000, 3003000, 6000000, 9000000, 10002000 };
        const unsigned long long held = 1ULL << (19 + below(3));

        for (int h = 0; h < 2; h++) {
                script.persistent[h] = !one_in(3);
                script.libvirt[h] = one_in(4) ? versions[below(5)] : 9008000;
                script.qemu[h] = one_in(4) ? versions[below(5)] : 8000000;
                script.driver[h] = one_in(30) ? "LXC" : "QEMU";
        }
        script.network = one_in(10) ? NULL : "blue";
        script.network_active = one_in(10) ? 0 : 1;
        script.pool = one_in(8) ? NULL : "gold";
        script.pool_active = one_in(8) ? 0 : 1;
        script.directory = one_in(3) ? "/local/deep" : one_in(4) ? "/loca" : "/local";
        script.volume = one_in(3) ? "/local/vm.qcow2" : NULL;
        script.cpu = one_in(8)   ? VIR_CPU_COMPARE_INCOMPATIBLE
                     : one_in(3) ? VIR_CPU_COMPARE_IDENTICAL
                                 : VIR_CPU_COMPARE_SUPERSET;
        script.rss_kib = one_in(3) ? 0 : held;
        script.info_kib = one_in(8) ? 0 : held + 4096;
        /* just enough, or just not */
        script.free_kib = held / 2 - 1;
        script.free_kib += below(3);
        script.lent_kib[0] = held / 4;
        script.lent_kib[1] = held / 4 + (one_in(4) ? 0 : 64 * 1024) + (script.rss_kib > 0 ? 0 : 4096);
        script.n_stats = one_in(12) ? (int) (15 + below(3)) : one_in(12) ? (int) below(2) : 4;
        script.autostart = one_in(3);
        script.agent = !one_in(4);
        script.late_agent = one_in(3) ? below(5) : 0;
        script.job = one_in(25);
        script.machine = one_in(30) ? "aaaaaaaa-2222" : NULL;
}

/* So that most come to be migrated. */
static void draw_kind_hosts(void) {
        script.network = strstr(script.xml[0], "'red'") ? "red" : "blue";
        script.pool = strstr(script.xml[0], "'lead'") ? "lead" : "gold";
        script.network_active = script.pool_active = 1;
        script.cpu = VIR_CPU_COMPARE_SUPERSET;
        script.lent_kib[1] += 128 * 1024;
        script.job = false;
        script.machine = NULL;
}

/* ---- its job, and what is done meanwhile ---- */

static void draw_job(bool eventful) {
        static const usec_t steps[] = { 1, 20, 99, 100, 400, 1000, 3000, 4999, 10000, 10001, 15000 };
        unsigned long long left = 600 << 20;
        unsigned iteration = 0;

        script.n_looks = one_in(3) ? below(3) : below(SCRIPT_LOOKS);
        for (unsigned k = 0; k < SCRIPT_LOOKS; k++) {
                ScriptLook *look = &script.looks[k];

                iteration += one_in(3);
                left = one_in(6) ? 0 : one_in(3) ? left : left - left / (2 + below(8));
                look->type = one_in(8) ? VIR_DOMAIN_JOB_NONE : VIR_DOMAIN_JOB_UNBOUNDED;
                look->takes = steps[below(eventful ? ARRAY_SIZE(steps) : 6)] * USEC_PER_MSEC;
                look->total = k == 0 && one_in(3) ? 0 : 1 << 30;
                look->left = left;
                look->iteration = iteration;
                look->rate = one_in(4) ? 0 : 1ULL << (20 + below(11));
                look->dirty = below(5000);
                look->limit = one_in(9) ? 10 + below(4) * 100 : 0;
                look->stop = eventful && one_in(25);
                look->poll = one_in(6);
                left = left == 0 ? 100 << 20 : left;
        }
        script.deaf = one_in(5);
        script.operation = VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
}

static void draw_fault(void) {
        static const char *const calls[] = {
                "thread",        "open",      "open",   "open",         "type",      "libvirt",
                "qemu",          "cpu",       "memory", "network",      "pool",      "pools",
                "directory",     "volume",    "lookup", "lookup",       "lookup",    "uuid",
                "state",         "state",     "state",  "persistent",   "active",    "autostart",
                "set-autostart", "xml",       "info",   "guest-memory", "job",       "look",
                "abort",         "post-copy", "pause",  "speed",        "set-speed", "network-active",
                "pool-active"
        };
        static const int codes[] = { VIR_ERR_INTERNAL_ERROR,     VIR_ERR_NO_SUPPORT,  VIR_ERR_NO_DOMAIN,
                                     VIR_ERR_CONFIG_UNSUPPORTED, VIR_ERR_INVALID_ARG, VIR_ERR_NO_CONNECT };

        script.fails = one_in(3) ? NULL : calls[below(ARRAY_SIZE(calls))];
        script.nth = 1 + (one_in(2) ? 0 : below(5));
        script.times = one_in(2) ? 1 : 1 + below(4);
        script.code = codes[below(ARRAY_SIZE(codes))];
}

static void draw_end(void) {
        static const int codes[] = { VIR_ERR_OPERATION_FAILED, VIR_ERR_OPERATION_ABORTED,
                                     VIR_ERR_NO_CONNECT,       VIR_ERR_OPERATION_INVALID,
                                     VIR_ERR_MIGRATE_UNSAFE,   VIR_ERR_INTERNAL_ERROR };
        static const char *const says[] = { "migration failed: reset", "unable to connect to server at h2",
                                            "operation aborted: migration out job" };
        const bool fails = one_in(3);

        for (size_t k = 0; k < ARRAY_SIZE(script.results); k++)
                script.results[k] = fails && !one_in(5) ? codes[below(ARRAY_SIZE(codes))] : 0;
        if (fails)
                script.results[0] = codes[below(ARRAY_SIZE(codes))];
        script.says = says[below(ARRAY_SIZE(says))];
}

static MigrationRequest draw_request(MoveOrder *order) {
        MigrationRequest r = { .order = order };
        const bool post_copy = one_in(3);

        *order = (MoveOrder){
                .vm = "vm", .from = "h1", .to = "h2", .from_uri = "fake://h1", .to_uri = "fake://h2"
        };
        order->uuid = one_in(6) ? NULL : SCRIPT_UUID;
        order->from_machine = one_in(4) ? "m1" : NULL;
        order->to_machine = one_in(4) ? "m2" : NULL;
        r.offline = one_in(10);
        r.resume = one_in(12);
        r.copy_disks = one_in(5);
        r.tls = one_in(4);
        r.post_copy = r.resume || post_copy;
        r.auto_converge = one_in(4);
        r.bandwidth_mib_s = one_in(3) ? 0 : 50;
        r.migrate_uri = one_in(3) ? "tcp://h2-mig" : NULL;
        r.time_limit = one_in(3) ? (usec_t) (1 + below(20)) * USEC_PER_SEC : 0;
        r.manner.strategy = post_copy ? STRATEGY_POST_COPY : (MoveStrategy) below(3);
        r.manner.bandwidth_kbit = one_in(2) ? 0 : 900000;
        r.manner.channels = below(5);
        r.manner.compress = one_in(2);
        r.manner.deadline_ms = one_in(2) ? 0 : 1000 + below(20000);
        r.manner.at_deadline = (DeadlineAction) below(DEADLINE_ACTION_N);
        r.manner.downtime_limit_ms = one_in(3) ? 0 : 300;
        r.manner.downtime_limit_ms_most = one_in(3) ? 0 : 900;
        return r;
}

/* ---- a story ---- */

static MigrationRequest draw_story(uint64_t seed, MoveOrder *order) {
        static char xml[2][4096];
        MigrationRequest request;

        dice = prng_seeded(seed);
        script = (Script){ .xml = { xml[0], xml[1] } };
        memset(script_calls, 0, sizeof(script_calls));
        script_now = 5000 * USEC_PER_SEC;
        script_held = 0;
        script_looked = script_migrations = script_asked_after = script_opened = script_agent_asked =
                script_locks = 0;
        script_over = script_aborted = false;
        script_migration = NULL;
        script_locked = 0;
        draw_xml(xml[0], xml[1], sizeof(xml[0]));
        request = draw_request(order);
        draw_hosts();
        if (!one_in(4))
                draw_kind_hosts();
        draw_job(one_in(2));
        draw_end();
        draw_places(request.offline, script.results[0] == 0,
                    request.resume || (request.post_copy && one_in(3)));
        if (request.resume && !one_in(4))
                script.before[0] = script.after[0];
        draw_fault();
        script.stop_at_open = one_in(12) ? 1 + below(6) : 0;
        script.stop_at_lock = one_in(8) ? 2 + below(30) : 0;
        script.poll_at_open = one_in(6) ? 1 + below(4) : 0;
        return request;
}

static uint32_t sum_of(const char *text) { /* FNV-1a */
        uint32_t sum = 2166136261U;

        for (const char *c = text; *c; c++)
                sum = (sum ^ (unsigned char) *c) * 16777619U;
        return sum;
}

/* What is as it begins is left out. */
static void put_number(FILE *out, const char *name, int64_t value, int64_t usual) {
        if (value != usual)
                (void) fprintf(out, " %s %lld", name, (long long) value);
}

static void put_status(FILE *out, const MigrationStatus *s) {
        (void) fprintf(out, "%s, %lld to %lld,", migration_phase_names[s->phase],
                       (long long) (s->started / USEC_PER_MSEC - 5000000),
                       (long long) (s->ended / USEC_PER_MSEC - 5000000));
        put_number(out, "done", s->bytes_done, 0);
        put_number(out, "left", s->bytes_left, 0);
        put_number(out, "of", s->bytes_total, 0);
        put_number(out, "a second", s->bytes_per_s, 0);
        put_number(out, "dirty", s->dirty_kib_s, UNKNOWN);
        put_number(out, "down", s->downtime_ms, UNKNOWN);
        put_number(out, "iteration", s->iteration, 0);
        put_number(out, "stalled", s->stalled, 0);
        put_number(out, "pause", s->pause_limit_ms, 0);
        put_number(out, "cap", s->cap_mib_s, 0);
        put_number(out, "post-copy", s->post_copy, 0);
        put_number(out, "resumes", s->resumes, 0);
        put_number(out, "miss", (int64_t) s->miss, 0);
        put_number(out, "of", (int64_t) s->blame, 0);
        (void) fprintf(out, "%s%s%s%s\n", s->from_found[0] ? " found from " : "", s->from_found,
                       s->to_found[0] ? " found to " : "", s->to_found);
        if (s->message[0])
                (void) fprintf(out, "  %s\n", s->message);
        if (s->remark[0])
                (void) fprintf(out, "  remark: %s\n", s->remark);
}

static void tell(FILE *out, uint64_t seed) {
        const ExecutorLibvirtOptions options = { .connect_at_most = 8 * USEC_PER_SEC,
                                                 .verify_at_most = 1200 * USEC_PER_MSEC,
                                                 .give_up = seed % 3 == 0 ? 400 * USEC_PER_MSEC
                                                                          : 20 * USEC_PER_SEC,
                                                 .resume_after = 20 * USEC_PER_SEC };
        MoveOrder order;
        MigrationRequest request = draw_story(seed, &order);
        Hub *hub = hub_new(options);
        Migration *m = NULL;
        MigrationStatus s = { 0 };
        char *text = NULL;
        size_t n = 0;

        said = open_memstream(&text, &n);
        cr_assert(said && hub);
        (void) fprintf(out, "%llu", (unsigned long long) seed);
        if (script.fails)
                (void) fprintf(out, " (%s fails %u times from %u on with %d)", script.fails, script.times,
                               script.nth, script.code);
        (void) fputs(": ", out);
        if (migration_start(hub, &request, &m) == 0) {
                migration_poll(m, &s);
                migration_unref(m);
        } else {
                (void) fprintf(out, "not begun: ");
        }
        cr_assert_eq(0, script_locked, "seed %llu: it is locked still", (unsigned long long) seed);
        put_number(said, "news", (int64_t) hub->phases, 0);
        cr_assert_eq(1, hub->refs, "seed %llu: who holds it?", (unsigned long long) seed);
        hub_unref(hub);
        cr_assert_eq(0, fclose(said));
        put_status(out, &s);
        cr_assert_eq(0, script_held, "seed %llu: %d of libvirt's objects are held still",
                     (unsigned long long) seed, script_held);
        if (seed % 50 == 0)
                (void) fprintf(out, "  %s\n", text);
        else
                (void) fprintf(out, "  asked: %08x\n", sum_of(text));
        if (getenv("SHOW") && strtoull(getenv("SHOW"), NULL, 10) == seed)
                (void) fprintf(stderr, "%s\n", text);
        free(text);
}

Test(migrations, what_is_asked_and_said_of_each) {
        Recording r;

        cr_assert_eq(0, virInitialize());
        recording_begin(&r, "migrations");
        for (uint64_t seed = 1; seed <= STORIES; seed++)
                tell(r.f, seed);
        recording_end(&r);
}
