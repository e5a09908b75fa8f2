/* SPDX-License-Identifier: Apache-2.0 */
/* Migrations that fail, and what is tried again when: the whole service in simulated time, on the simulated executor; facts,
 * journal, records and what is remembered of failures are in a real Redis, whose clock is ours (redis_clock.c).
 */

#include "scheduler/app/state/live_state.h"
#include "tests/integration/sim_world.h"

#define BREAKS             (100 * SECOND) /* after BEGIN: h1 reports a fault of grade 4, where the story has that */
#define REFUSAL            "Requested operation is not valid: cannot migrate domain with 1 snapshots"
#define REFUSED_CONNECTION "unable to connect to server at 'h2:16509': Connection refused"

enum { HOSTS = 5, VMS = 12, ENTRIES = 4000, SEEDS = 6 };

enum { SERVICE, AGENTS, ACTORS };

/* ---- the world: vm01 … vm06 on h1, the others on h2 … ---- */

typedef SimulatedMove (*Script)(const MoveOrder *order);

static char host_names[HOSTS][8], vm_names[VMS][8], vm_uuids[VMS][40];
static int host_of[VMS], n_hosts;
static int64_t mcores_of[VMS];
static bool breaks;
static Script how;
static Store *agents_store;

static int number_of(const char *name) {
        return (int) strtol(name + strcspn(name, "0123456789"), NULL, 10) - 1;
}

static void moved(void *arg, const MoveOrder *m) {
        (void) arg;
        cr_assert_eq(host_of[number_of(m->vm)], number_of(m->from), "%s is moved from where it is no more",
                     m->vm);
        host_of[number_of(m->vm)] = number_of(m->to);
}

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        (void) arg;
        return how(request->order);
}

static SimulatedMove goes(const MoveOrder *order) {
        return (SimulatedMove){ .end = SIMULATED_DONE,
                                .takes = order->predicted.ms * USEC_PER_MSEC,
                                .bytes = order->predicted.bytes,
                                .downtime_ms = 40 };
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open(
                (ExecutorSimulatedOptions){ .clock = &clock_sim, .script = script, .moved = moved }, ret);
}

/* ---- the agents ---- */

static void report(Arena *a, int h, bool broken) {
        char uri[32];
        const SimHost host = { .name = host_names[h],
                               .uri = uri,
                               .cpus = 16,
                               .mib = 1 << 17,
                               .own_mib = 1024,
                               .at = sim_now(),
                               .interval = 5 * SECOND,
                               .expiry = HOUR,
                               .broken = broken };
        SimVm vms[VMS];
        uint32_t n = 0;

        (void) snprintf(uri, sizeof(uri), "test:///%d", h);
        for (int v = 0; v < VMS; v++)
                if (host_of[v] == h)
                        vms[n++] = (SimVm){ .name = vm_names[v],
                                            .uuid = vm_uuids[v],
                                            .vcpus = 4,
                                            .mib = 2048,
                                            .mcores = mcores_of[v] };
        sim_report(agents_store, a, &host, vms, n);
}

static void *agents_run(void *arg) {
        bool rung = false;
        Arena a;

        (void) arg;
        sim_actor_begin(AGENTS);
        cr_assert_eq(0, arena_open((size_t) 64 << 20, &a));
        while (sim_now() < sim_end) {
                const bool broken = breaks && sim_now() >= BEGIN + BREAKS;

                arena_rewind(&a, 0);
                for (int h = 0; h < n_hosts; h++)
                        report(&a, h, broken && h == 0);
                if (broken && !rung)
                        cr_assert_eq(0, store_raise_alarm(agents_store, host_names[0], sim_now()));
                rung = broken;
                sim_sleep(10 * SECOND);
        }
        arena_close(&a);
        return sim_actor_end();
}

/* ---- a story ---- */

typedef struct Story {
        char *log;
        size_t size;
        JournalEntry journal[ENTRIES]; /* oldest first */
        uint32_t n;
        LiveState live; /* at its end */
} Story;

static Story story;
static char redis_option[160], interval_option[40] = "--set=service.interval=30s",
                               moves_option[40] = "--set=plan.moves_out=1";
static char *words[] = { (char[]){ "plimsolld" },
                         redis_option,
                         (char[]){ "--cluster=sim" },
                         (char[]){ "--mode=auto" },
                         (char[]){ "--settings=/dev/null" },
                         (char[]){ "--state-dir=/nonexistent" },
                         (char[]){ "--set=cluster.hosts=*" },
                         (char[]){ "--set=service.lease=2m" },
                         interval_option,
                         moves_option };

static void *service_run(void *arg) {
        sim_actor_begin(SERVICE);
        (void) !cluster_service_run(arg);
        return sim_actor_end();
}

static void read_journal(void) {
        StoredText *texts;

        cr_assert_eq(0, store_get_journal(agents_store, &arena, ENTRIES, &texts, &story.n));
        for (uint32_t i = 0; i < story.n; i++)
                cr_assert_eq(
                        0, journal_parse(&arena, texts[i].text, texts[i].n, &story.journal[story.n - 1 - i]));
}

static void read_live(void) {
        const char *text;
        TextFault f;
        size_t n;

        cr_assert_eq(0, store_get_state(agents_store, &arena, LIVE_STATE_NAME, &text, &n));
        cr_assert_eq(0, live_state_parse(&arena, text, n, &story.live, &f), "%s", f.what);
}

static void begin_world(int hosts, usec_t length) {
        static const usec_t first[ACTORS] = { [SERVICE] = SECOND, [AGENTS] = 0 };

        sim_begin(ACTORS, first, length);
        n_hosts = hosts;
        for (int h = 0; h < hosts; h++)
                (void) snprintf(host_names[h], sizeof(host_names[h]), "h%d", h + 1);
        for (int v = 0; v < VMS; v++) {
                (void) snprintf(vm_names[v], sizeof(vm_names[v]), "vm%02d", v + 1);
                (void) snprintf(vm_uuids[v], sizeof(vm_uuids[v]), "00000000-0000-4000-8000-%012d", v + 1);
        }
}

/* All lasts `length`; host_of, mcores_of, breaks and sim_chance are the story's. */
static void live_through(int hosts, usec_t length, Script script_of) {
        ServiceWorld world = { SIM_WORLD, .nap = 4 * SECOND, .open_executor = open_executor };
        ClusterServiceOptions o = { .world = &world };
        pthread_t threads[ACTORS];
        ClusterService *service;
        TextFault f = { 0 };
        Options options;
        FILE *log = open_memstream(&story.log, &story.size);

        how = script_of;
        begin_world(hosts, length);
        server_start(NULL, NULL);
        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        cr_assert_eq(0, options_parse(service_options, ARRAY_SIZE(words), words, &options, &f), "%s", f.what);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "sim" }, &agents_store, &f));
        o.options = &options;
        o.log = log;
        cr_assert_eq(0, cluster_service_open(&o, &service));
        cr_assert_eq(0, pthread_create(&threads[SERVICE], NULL, service_run, service));
        cr_assert_eq(0, pthread_create(&threads[AGENTS], NULL, agents_run, NULL));
        for (int i = 0; i < ACTORS; i++)
                (void) pthread_join(threads[i], NULL);
        (void) cluster_service_free(service);
        (void) fclose(log);
        read_journal();
        read_live();
        agents_store = store_free(agents_store);
        server_kill();
}

/* Six VMs on h1, which breaks; one on each of the others. */
static void h1_breaks(void) {
        breaks = true;
        sim_chance = prng_seeded(1);
        for (int v = 0; v < VMS; v++) {
                host_of[v] = v < 6 ? 0 : 1 + v % 3;
                mcores_of[v] = 300;
        }
}

static uint32_t tries(const char *vm, const char *to) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < story.n; i++)
                n += story.journal[i].event == JOURNAL_INTENT &&
                     (!vm || strcmp(vm, story.journal[i].order->vm) == 0) &&
                     (!to || strcmp(to, story.journal[i].order->to) == 0);
        return n;
}

static const JournalEntry *done(const char *vm) {
        for (uint32_t i = 0; i < story.n; i++)
                if (story.journal[i].event == JOURNAL_DONE && strcmp(vm, story.journal[i].order->vm) == 0)
                        return &story.journal[i];
        return NULL;
}

/* ---- the law: nothing is tried before its wait is over. Worked out from the journal alone. ---- */

typedef struct Wait {
        usec_t until;
        int64_t row;
} Wait;

static Wait pairs[VMS][HOSTS], wholes[VMS], targets[HOSTS];
static uint32_t n_tries, n_missed;

static void wait_grows(Wait *w, usec_t at) {
        usec_t length = MINUTE;

        w->row = w->row > 0 && at > w->until + 6 * HOUR ? 1 : w->row + 1;
        for (int64_t i = 1; i < w->row && length < HOUR; i++)
                length *= 2;
        w->until = at + (length > HOUR ? HOUR : length);
}

/* blame: of those that fail. */
static void check_waits(MissBlame (*blame)(const MoveOrder *)) {
        memset(pairs, 0, sizeof(pairs));
        memset(wholes, 0, sizeof(wholes));
        memset(targets, 0, sizeof(targets));
        n_tries = n_missed = 0;
        for (uint32_t i = 0; i < story.n; i++) {
                const JournalEntry *e = &story.journal[i];
                const int v = number_of(e->order->vm), to = number_of(e->order->to);
                Wait *pair = &pairs[v][to];
                uint32_t n = 0;

                switch (e->event) {
                case JOURNAL_INTENT:
                        n_tries++;
                        cr_assert(e->at >= pair->until && e->at >= wholes[v].until &&
                                          e->at >= targets[to].until,
                                  "%s to %s at %lld s: it waits until %lld, %lld, %lld\n%s", e->order->vm,
                                  e->order->to, (long long) ((e->at - BEGIN) / SECOND),
                                  (long long) ((pair->until - BEGIN) / SECOND),
                                  (long long) ((wholes[v].until - BEGIN) / SECOND),
                                  (long long) ((targets[to].until - BEGIN) / SECOND), story.log);
                        break;
                case JOURNAL_DONE:
                        *pair = wholes[v] = targets[to] = (Wait){ 0 };
                        break;
                case JOURNAL_FAILED:
                case JOURNAL_ABORTED:
                        n_missed++;
                        if (blame(e->order) == BLAME_TARGET) {
                                wait_grows(&targets[to], e->at);
                                break;
                        }
                        if (blame(e->order) == BLAME_PAIR)
                                wait_grows(pair, e->at);
                        for (int h = 0; h < HOSTS; h++)
                                n += pairs[v][h].row > 0;
                        if (blame(e->order) == BLAME_VM || n >= 3)
                                wait_grows(&wholes[v], e->at);
                        break;
                default:
                        break;
                }
        }
}

static MissBlame of_pair(const MoveOrder *order) {
        (void) order;
        return BLAME_PAIR;
}

static MissBlame of_vm(const MoveOrder *order) {
        (void) order;
        return BLAME_VM;
}

static MissBlame of_target(const MoveOrder *order) {
        (void) order;
        return BLAME_TARGET;
}

TestSuite(failing_moves, .init = sim_setup, .fini = fixture_teardown, .timeout = 280);

/* ---- the stories ---- */

static SimulatedMove one_never_goes(const MoveOrder *order) {
        if (strcmp(order->vm, "vm01") != 0)
                return goes(order);
        return (SimulatedMove){ .end = SIMULATED_FAILS,
                                .takes = SECOND,
                                .message = REFUSAL,
                                .miss = MISS_REFUSED,
                                .blame = BLAME_VM };
}

Test(failing_moves, one_vm_that_never_migrates_holds_up_nobody_while_its_host_dies) {
        usec_t transfers = 0;

        h1_breaks();
        live_through(4, BREAKS + 30 * MINUTE, one_never_goes);
        for (int v = 1; v < 6; v++) {
                cr_assert_not_null(done(vm_names[v]), "%s stays\n%s", vm_names[v], story.log);
                transfers += done(vm_names[v])->took.ms * USEC_PER_MSEC;
        }
        for (int v = 1; v < 6; v++)
                cr_assert_leq(done(vm_names[v])->at, BEGIN + BREAKS + MINUTE + transfers, "%s\n%s",
                              vm_names[v], story.log);
        check_waits(of_vm);
        cr_assert(tries("vm01", NULL) >= 4 && tries("vm01", NULL) <= 6, "%u times in half an hour\n%s",
                  tries("vm01", NULL), story.log); /* after 1, 2, 4, 8 and 16 minutes */
        cr_assert_eq(1, story.live.n_stays);
        cr_assert_str_eq("vm01", story.live.stays[0].vm);
        cr_assert_not_null(strstr(story.live.stays[0].why, REFUSAL), "%s", story.live.stays[0].why);
        cr_assert_str_eq("blocked", story.live.plan_status);
}

/* An operator who waits for h1 to be empty need not wait for the next interval to be told. */
Test(failing_moves, what_cannot_leave_is_said_soon_after_it_failed_however_long_the_interval) {
        (void) snprintf(interval_option, sizeof(interval_option), "--set=service.interval=15m");
        h1_breaks();
        live_through(4, BREAKS + 17 * MINUTE, one_never_goes);
        cr_assert_geq(tries("vm01", NULL), 1);
        cr_assert_eq(1, story.live.n_stays, "%s", story.log);
        cr_assert_str_eq("vm01", story.live.stays[0].vm);
        cr_assert_not_null(strstr(story.live.stays[0].why, REFUSAL), "%s", story.live.stays[0].why);
}

/* The next round begins as the wait ends, however long the interval, and none before. */
Test(failing_moves, what_waits_is_tried_again_as_soon_as_its_wait_is_over) {
        usec_t over = 0;
        uint32_t again = 0;

        (void) snprintf(interval_option, sizeof(interval_option), "--set=service.interval=20m");
        h1_breaks();
        live_through(4, BREAKS + 25 * MINUTE, one_never_goes);
        for (uint32_t i = 0, n = 0; i < story.n; i++) {
                const JournalEntry *e = &story.journal[i];

                if (strcmp(e->order->vm, "vm01") != 0)
                        continue;
                if (e->event == JOURNAL_FAILED)
                        over = e->at + (MINUTE << n++);
                if (e->event != JOURNAL_INTENT || over == 0)
                        continue;
                again++;
                /* at first another may be on the one way out of h1 */
                cr_assert(e->at >= over && e->at <= over + (again == 1 ? 28 : 8) * SECOND,
                          "%lld s after its wait\n%s", (long long) ((e->at - over) / SECOND), story.log);
        }
        cr_assert_eq(again, 4, "%u\n%s", again, story.log); /* after 1, 2, 4 and 8 minutes */
        check_waits(of_vm);
}

/* Each try takes longer than the wait after the one before. h4 takes one at a time. */
static SimulatedMove h2_and_h3_fail(const MoveOrder *order) {
        if (strcmp(order->to, "h4") == 0)
                return (SimulatedMove){
                        .end = SIMULATED_DONE, .takes = 100 * SECOND, .bytes = 1, .downtime_ms = 40
                };
        return (SimulatedMove){ .end = SIMULATED_FAILS,
                                .takes = 90 * SECOND,
                                .message = "internal error: qemu unexpectedly closed the monitor",
                                .miss = MISS_FAILED,
                                .blame = BLAME_PAIR };
}

/* h4 is the fullest, and its way in is taken: to wait for it is better than to try h2 or h3 once more. */
Test(failing_moves,
     a_target_that_was_not_tried_comes_before_one_that_failed_though_others_are_on_their_way_there) {
        (void) snprintf(moves_option, sizeof(moves_option), "--set=plan.moves_in=1");
        h1_breaks();
        for (int v = 3; v < VMS; v++) {
                host_of[v] = 3;
                mcores_of[v] = 900;
        }
        live_through(4, BREAKS + 20 * MINUTE, h2_and_h3_fail);
        for (int v = 0; v < 3; v++) {
                cr_assert_not_null(done(vm_names[v]), "%s stays\n%s", vm_names[v], story.log);
                cr_assert_leq(tries(vm_names[v], "h2"), 1, "%s\n%s", vm_names[v], story.log);
                cr_assert_leq(tries(vm_names[v], "h3"), 1, "%s\n%s", vm_names[v], story.log);
        }
        cr_assert_geq(tries(NULL, "h2") + tries(NULL, "h3"), 4, "%s", story.log);
        check_waits(of_pair);
}

static SimulatedMove h2_refuses(const MoveOrder *order) {
        if (strcmp(order->to, "h2") != 0)
                return goes(order);
        return (SimulatedMove){ .end = SIMULATED_FAILS,
                                .takes = SECOND / 10,
                                .message = REFUSED_CONNECTION,
                                .miss = MISS_UNREACHED,
                                .blame = BLAME_TARGET };
}

Test(failing_moves, of_a_broken_target_one_vm_learns_for_all) {
        usec_t transfers = 0;

        h1_breaks();
        live_through(3, BREAKS + 10 * MINUTE, h2_refuses);
        for (int v = 0; v < 6; v++) {
                cr_assert_not_null(done(vm_names[v]), "%s stays\n%s", vm_names[v], story.log);
                cr_assert_str_eq("h3", done(vm_names[v])->order->to);
                transfers += done(vm_names[v])->took.ms * USEC_PER_MSEC;
        }
        for (int v = 0; v < 6; v++)
                cr_assert_leq(done(vm_names[v])->at, BEGIN + BREAKS + 2 * MINUTE + transfers, "%s\n%s",
                              vm_names[v], story.log);
        check_waits(of_target);
        cr_assert(tries(NULL, "h2") >= 2 && tries(NULL, "h2") <= 4, "%u times\n%s", tries(NULL, "h2"),
                  story.log); /* balance would like it to have some, and asks after 1, 2 and 4 minutes */
}

static SimulatedMove one_never_ends(const MoveOrder *order) {
        if (strcmp(order->vm, "vm01") != 0)
                return goes(order);
        return (SimulatedMove){ .end = SIMULATED_HANGS, .takes = SECOND, .bytes = INT64_C(1) << 40 };
}

/* Each pair waits 1, 2, 4 … minutes; from the third target on it waits as a whole, as long, up to an hour. A pair's first waits
 * may be over before the third target's links are free: two pairs alone begin seven times at most in 100 minutes. */
Test(failing_moves, one_that_always_ends_at_its_deadline_is_tried_less_and_less) {
        h1_breaks();
        live_through(4, BREAKS + 100 * MINUTE, one_never_ends);
        for (int v = 1; v < 6; v++)
                cr_assert_not_null(done(vm_names[v]), "%s stays\n%s", vm_names[v], story.log);
        check_waits(of_pair);
        cr_assert(tries("vm01", NULL) >= 6 && tries("vm01", NULL) <= 2 * 7 + 1, "%u times in 100 minutes\n%s",
                  tries("vm01", NULL), story.log);
        cr_assert_eq(1, tries("vm01", "h2") > 0 && tries("vm01", "h3") > 0 && tries("vm01", "h4") > 0);
        cr_assert_eq(1, story.live.n_stays);
        cr_assert_not_null(strstr(story.live.stays[0].why, "did not finish by its deadline"), "%s",
                           story.live.stays[0].why);
}

static SimulatedMove a_tenth_fails(const MoveOrder *order) {
        if (host_of[number_of(order->vm)] != number_of(order->from)) /* facts were older than its last move */
                return (SimulatedMove){ .end = SIMULATED_FAILS, .takes = USEC_PER_MSEC };
        if (prng_below(&sim_chance, 10) > 0)
                return goes(order);
        return (SimulatedMove){ .end = SIMULATED_FAILS, .takes = (1 + prng_below(&sim_chance, 20)) * SECOND };
}

Test(failing_moves, a_tenth_of_all_fails_and_it_comes_to_rest) {
        uint32_t all = 0, missed = 0;

        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
                breaks = seed % 2 == 0;
                sim_chance = prng_seeded(seed);
                for (int v = 0; v < VMS; v++) { /* of a host that breaks all go to the only other one */
                        host_of[v] = breaks ? 0 : (int) prng_below(&sim_chance, 2);
                        mcores_of[v] = 500 + prng_below(&sim_chance, breaks ? 500 : 2000);
                }
                live_through(breaks ? 2 : HOSTS, HOUR, a_tenth_fails);
                check_waits(of_pair);
                all += n_tries;
                missed += n_missed;
                cr_assert(story.n > 0 && story.journal[story.n - 1].at < BEGIN + 40 * MINUTE,
                          "seed %llu: no rest\n%s", (unsigned long long) seed, story.log);
                for (int v = 0; v < VMS; v++)
                        cr_assert(!breaks || host_of[v] != 0, "seed %llu: %s stays\n%s",
                                  (unsigned long long) seed, vm_names[v], story.log);
                free(story.log);
        }
        cr_assert_gt(missed, 0, "of %u", all);
        cr_assert_lt(all, SEEDS * VMS * 4);
}
