/* SPDX-License-Identifier: Apache-2.0 */
/* A law of random lives of a service, a round at a time on a real Redis: whatever is lost (identity, marks, token, journal,
 * any other key of the table, or all of it), between rounds or in the middle of one, no VM is moved onto a host that was closed
 * or failing before, and once the store has forgotten nothing is balanced until somebody acknowledges it. What the table calls
 * written again is there again a round later, what it calls gone is gone, and agents' keys are there by their next report.
 */
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/state/host_mark.h"
#include "tests/integration/service_fixture.h"
#include "tests/integration/sim_world.h"

enum { HOSTS = 4, VMS = 16, ROUNDS = 45 };

static int host_of[VMS];
static int64_t load_of[VMS]; /* thousandths of a core */
/* What the service has known since its last round. */
static bool in_maintenance[HOSTS], failing[HOSTS];
/* What was so when the store forgot; while it has. */
static bool forgotten, was_emptied[HOSTS];
static bool lose_at_a_move;
static uint32_t n_moves, n_held, n_lost;

/* ---- what is lost ---- */

static void redis_cli(const char *const *words) {
        const char *argv[10] = { "redis-cli", "-s", socket_path };

        for (int i = 0; words[i]; i++)
                argv[3 + i] = words[i];
        run_and_wait(argv);
}
#define REDIS(...) redis_cli((const char *const[]){ __VA_ARGS__, NULL })

static bool is_there(StoreKey key, const char *part) {
        char name[KEY_SIZE], command[KEY_SIZE + 200], answer[16] = "";
        FILE *p;

        (void) snprintf(command, sizeof(command), "redis-cli -s %s EXISTS '%s'", socket_path,
                        key_print(name, "t", key, part));
        p = popen(command, "r");
        cr_assert_not_null(p);
        (void) !fgets(answer, sizeof(answer), p);
        (void) pclose(p);
        cr_assert(answer[0] == '0' || answer[0] == '1', "%s", answer);
        return answer[0] == '1';
}

/* Which keys there were before the last loss: those that are written again. */
static bool was_there[KEY_N];
static bool all_lost; /* and all of it went */
static uint32_t n_all_lost, n_came_back;

static bool is_rewritten(int key) {
        return store_key_defs[key].loss == LOSS_REWRITTEN;
}

static void what_is_there(void) {
        for (int k = 0; k < KEY_N; k++)
                was_there[k] = is_rewritten(k) && is_there((StoreKey) k, NULL);
}

/* By the table of keys (keys.h). */
static void what_was_lost_is_back(void) {
        for (int k = 0; k < KEY_N; k++) {
                if (!was_there[k])
                        continue;
                cr_assert(is_there((StoreKey) k, NULL), "%s was lost and is not written again",
                          store_key_defs[k].name);
                n_came_back++;
        }
        if (!all_lost)
                return;
        cr_assert_not(is_there(KEY_NOTE, "law"), "a note is gone with the store");
        cr_assert(is_there(KEY_REPORT, "h1"), "a report is made anew by its agent");
        cr_assert_eq(0, store_put_note(store, "law", "x", 1));
        all_lost = false;
}

/* Whether it is to be noticed as forgotten, however short ago it all was. All of it only between rounds: an operator who
 * takes a mark back in an emptied store that no service has looked at yet leaves nothing behind by which that is known. */
static bool lose(bool between, bool all) {
        const unsigned what = 1 + prng_below(&sim_chance, 15);
        const int other = (int) prng_below(&sim_chance, KEY_N);

        if (all) {
                what_is_there();
                REDIS("FLUSHDB");
                all_lost = true;
                n_all_lost++;
                n_lost++;
                return true;
        }
        if (between)
                what_is_there();
        if (between && is_rewritten(other) && other != KEY_EPOCH && other != KEY_MARKS &&
            other != KEY_JOURNAL && other != KEY_TOKEN) {
                char name[KEY_SIZE];

                REDIS("DEL", key_print(name, "t", (StoreKey) other, NULL));
        }
        if (what & 1)
                REDIS("HDEL", "plimsoll:{t}:epoch", "id");
        if (what & 2)
                REDIS("DEL", "plimsoll:{t}:marks");
        if (what & 4)
                REDIS("DEL", "plimsoll:{t}:lease:token", "plimsoll:{t}:lease");
        if (what & 8)
                REDIS("XTRIM", "plimsoll:{t}:journal", "MAXLEN", "0");
        n_lost++;
        return what & 5;
}

/* ---- the world: moves take next to no time ---- */

static const char *host_name(int h) {
        static const char *const names[HOSTS] = { "h1", "h2", "h3", "h4" };

        return names[h];
}

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        const int from = request->order->from[1] - '1', to = request->order->to[1] - '1';

        (void) arg;
        n_moves++;
        cr_assert_not(in_maintenance[to], "%s goes onto %s, which is in maintenance", request->order->vm,
                      request->order->to);
        cr_assert_not(failing[to], "%s goes onto %s, which fails", request->order->vm, request->order->to);
        if (forgotten)
                cr_assert(was_emptied[from], "%s leaves %s for %s though the store has forgotten",
                          request->order->vm, request->order->from, request->order->to);
        if (lose_at_a_move) {
                lose_at_a_move = false;
                (void) lose(false, false);
        }
        return (SimulatedMove){ .takes = 20 * USEC_PER_MSEC, .bytes = 1 << 20 };
}

static void moved(void *arg, const MoveOrder *order) {
        (void) arg;
        host_of[strtol(order->vm + 2, NULL, 10)] = order->to[1] - '1';
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open((ExecutorSimulatedOptions){ .script = script, .moved = moved }, ret);
}

static int look_there(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        (void) self;
        (void) at;
        (void) uuid;
        (void) at_most;
        *ret = (DomainState){ .presence = PRESENCE_RUNNING };
        return 0;
}

static void identify(void *self, char *buf, size_t size) {
        (void) self;
        (void) snprintf(buf, size, "law/%d/1", getpid());
}

static StopRequest stop_request(void *arg) {
        (void) arg;
        return STOP_NONE;
}

static const ServiceWorld world = { .nap = 20 * USEC_PER_MSEC,
                                    .random = sim_draw,
                                    .identify = identify,
                                    .open_store = sim_open_store,
                                    .open_executor = open_executor,
                                    .look = look_there,
                                    .stop_request = stop_request,
                                    .reloads = sim_reloads };

/* ---- agents ---- */

static void agent_report(int h) {
        char names[VMS][8], uuids[VMS][40];
        const SimHost host = { .name = host_name(h),
                               .cpus = 8,
                               .mib = 65536,
                               .own_mib = 536,
                               .at = clock_now(),
                               .interval = 5 * USEC_PER_SEC,
                               .expiry = 60 * USEC_PER_SEC,
                               .broken = failing[h] };
        SimVm vms[VMS];
        uint32_t n = 0;

        for (int v = 0; v < VMS; v++) {
                if (host_of[v] != h)
                        continue;
                (void) snprintf(names[v], sizeof(names[v]), "vm%d", v);
                (void) snprintf(uuids[v], sizeof(uuids[v]), "00000000-0000-4000-8000-%012d", v + 1);
                vms[n++] = (SimVm){
                        .name = names[v], .uuid = uuids[v], .vcpus = 2, .mib = 1024, .mcores = load_of[v]
                };
        }
        sim_report(store, &arena, &host, vms, n);
}

/* ---- operators ---- */

static void change_a_mark(void) {
        const int h = (int) prng_below(&sim_chance, HOSTS);
        const OperatorMark mark = { .state = HOST_MAINTENANCE, .by = "root@h9", .at = clock_now() };
        const char *text = "";

        in_maintenance[h] = !in_maintenance[h];
        if (in_maintenance[h])
                cr_assert_eq(0, host_mark_print(&arena, &mark, &text));
        cr_assert_eq(0, store_set_mark(store, host_name(h), text));
}

static bool has_forgotten(void) {
        LostStore loss;
        int r = store_loss_read(store, &arena, &loss);

        cr_assert_geq(r, 0);
        return r == 0;
}

static void acknowledge(void) {
        LostStore loss;

        if (store_loss_read(store, &arena, &loss) != 0)
                return;
        cr_assert_eq(0,
                     store_loss_acknowledge(store, &arena,
                                            &(LossAnswer){ .loss = loss.id, .by = "me", .at = clock_now() }));
        forgotten = false; /* the next round takes it in before it plans */
}

static void marks_are_as_they_were(void) {
        StoredText *marks;
        uint32_t n, wanted = 0;

        cr_assert_eq(0, store_get_marks(store, &arena, &marks, &n));
        for (int h = 0; h < HOSTS; h++)
                wanted += in_maintenance[h];
        cr_assert_eq(n, wanted, "%u marks instead of %u", n, wanted);
        for (uint32_t i = 0; i < n; i++)
                cr_assert(in_maintenance[marks[i].name[1] - '1'], "%s", marks[i].name);
}

/* ---- a life ---- */

static ClusterService *service;
static Options options;

static char redis_option[160];
static char *words[] = { (char[]){ "plimsolld" },
                         redis_option,
                         (char[]){ "--cluster=t" },
                         (char[]){ "--once" },
                         (char[]){ "--mode=auto" },
                         (char[]){ "--settings=/dev/null" },
                         (char[]){ "--state-dir=/nonexistent" },
                         (char[]){ "--set=cluster.hosts=*" },
                         (char[]){ "--set=service.lease=2s" },
                         (char[]){ "--set=service.hold=0s" },
                         (char[]){ "--set=service.settle=0s" },
                         (char[]){ "--set=service.cool_down=0s" },
                         (char[]){ "--set=service.pause_after=0" } };

static void service_open(void) {
        ClusterServiceOptions o = { .options = &options, .world = &world };
        TextFault f;

        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        cr_assert_eq(0, options_parse(service_options, ARRAY_SIZE(words), words, &options, &f), "%s", f.what);
        cr_assert_eq(0, cluster_service_open(&o, &service));
}

static void one_round(void) {
        for (int h = 0; h < HOSTS; h++)
                agent_report(h);
        (void) cluster_service_run(
                service); /* a round that is broken off ends with an error, and is made anew */
}

static void live_through(uint64_t seed) {
        sim_chance = prng_seeded(seed);
        for (int v = 0; v < VMS; v++)
                host_of[v] = (int) prng_below(&sim_chance, 2);
        service_open();
        cr_assert_eq(0, store_put_note(store, "law", "x", 1));
        for (int i = 0; i < ROUNDS; i++) {
                const uint32_t what = prng_below(&sim_chance, 8);
                const uint32_t before = n_lost;

                for (int v = 0; v < VMS; v++)
                        load_of[v] = 100 + prng_below(&sim_chance, 1500);
                if (what < 3 && !forgotten)
                        change_a_mark();
                if (what == 3 && i % 3 == 0 && !failing[3])
                        failing[3] = true; /* and stays so */
                if (what == 4 || what == 5)
                        acknowledge();
                /* Marks are known once a round has read them: then they may be lost. */
                if (i % 5 == 4) {
                        one_round();
                        forgotten = has_forgotten();
                        forgotten = lose(true, i % 20 == 14) || forgotten;
                        for (int h = 0; h < HOSTS; h++)
                                was_emptied[h] = was_emptied[h] || in_maintenance[h] || failing[h];
                }
                lose_at_a_move = i % 5 == 2 && i % 2 == 0;
                one_round();
                forgotten = has_forgotten();
                n_held += forgotten;
                if (!forgotten)
                        memset(was_emptied, 0, sizeof(was_emptied));
                if (n_lost == before || i % 5 == 4)
                        marks_are_as_they_were();
                if (i % 5 == 4)
                        what_was_lost_is_back();
        }
        service = cluster_service_free(service);
}

TestSuite(lost_store_law, .init = service_setup, .fini = service_teardown, .timeout = 120);

Test(lost_store_law, nothing_goes_where_it_must_not_and_nothing_is_balanced_until_it_is_acknowledged) {
        live_through(11);
        cr_expect_gt(n_moves, 10, "%u moves", n_moves);
        cr_expect_gt(n_held, 5);
        cr_expect_gt(n_lost, 5);
        cr_expect_gt(n_all_lost, 1); /* of each life 2 */
        cr_expect_gt(n_came_back, 20);
}

Test(lost_store_law, and_by_another_sim_chance) {
        live_through(12);
        cr_expect_gt(n_moves, 10, "%u moves", n_moves);
}
