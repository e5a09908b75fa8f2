/* SPDX-License-Identifier: Apache-2.0 */
/* Urgent work does not wait for slow work: four moves of ten minutes run for the load of one host when another one begins to
 * fail. The whole service in simulated time, on the simulated executor, at 3, 40 and 1,000 hosts; facts, journal, records and
 * audit are in a real Redis.
 */
#include <stdatomic.h>

#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "tests/integration/sim_world.h"

#define MOST_HOSTS 1000
#define BIG        10 /* VMs of h0002, 16 GiB each: ten minutes, when four go over 1 Gbit/s */
#define SMALL      6  /* VMs of h0001, 2 GiB each */
#define MOST_VMS   (BIG + SMALL + 2 * MOST_HOSTS)
#define BREAKS     (200 * SECOND) /* after BEGIN */

enum { SERVICE, AGENTS, ACTORS };

/* ---- the world ---- */

typedef struct Guest {
        char name[16], uuid[40];
        int host;
        int64_t mib, mcores;
} Guest;

static Guest guests[MOST_VMS];
static int n_guests, n_hosts, broken; /* broken: the host that reports grade 4; -1: none yet */
static char host_names[MOST_HOSTS][8];
static Store *agents_store;
static bool quiet;      /* the host that breaks does not ring */
static usec_t deadline; /* > 0: the host does not break, an operator wants it empty within so long */
static bool answers;    /* … and says yes to what the service asks about it */
static usec_t answered; /* when */
static const char *settings_first = "", *settings_then; /* the file; NULL: it stays */
static usec_t reload_at;                                /* after BEGIN: it is changed, and SIGHUP sent */
static atomic_uint reloaded;
static char settings_path[160], settings_option[200];

static void guest_add(const char *kind, int i, int host, int64_t mib, int64_t mcores) {
        Guest *g = &guests[n_guests];

        (void) snprintf(g->name, sizeof(g->name), "%s%04d", kind, i);
        (void) snprintf(g->uuid, sizeof(g->uuid), "00000000-0000-4000-8000-%012d", n_guests + 1);
        g->host = host;
        g->mib = mib;
        g->mcores = mcores;
        n_guests++;
}

static void world_make(int hosts) {
        n_guests = 0;
        broken = -1;
        n_hosts = hosts;
        for (int h = 0; h < hosts; h++)
                (void) snprintf(host_names[h], sizeof(host_names[h]), "h%04d", h + 1);
        for (int i = 0; i < BIG; i++)
                guest_add("big", i, 1, 16384, 1500);
        for (int i = 0; i < SMALL; i++)
                guest_add("small", i, 0, 2048, hosts > 3 ? 1450 : 1900);
        for (int h = 2; h < hosts && hosts > 3; h++)
                guest_add("usual", h, h, 4096, 6000);
}

static int host_by(const char *name) {
        for (int h = 0; h < n_hosts; h++)
                if (strcmp(host_names[h], name) == 0)
                        return h;
        return -1;
}

static void moved(void *arg, const MoveOrder *m) {
        (void) arg;
        for (int i = 0; i < n_guests; i++)
                if (strcmp(guests[i].name, m->vm) == 0)
                        guests[i].host = host_by(m->to);
}

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        (void) arg;
        return (SimulatedMove){ .end = SIMULATED_DONE,
                                .takes = request->order->predicted.ms * USEC_PER_MSEC,
                                .bytes = request->order->predicted.bytes,
                                .downtime_ms = 40 };
}

static int open_executor(void *self, Executor *ret) {
        (void) self;
        return executor_simulated_open(
                (ExecutorSimulatedOptions){ .clock = &clock_sim, .script = script, .moved = moved }, ret);
}

static unsigned reloads(void *self) {
        (void) self;
        return atomic_load(&reloaded);
}

static void settings_write(const char *text) {
        FILE *f = fopen(settings_path, "w");

        cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* ---- the agents ---- */

static void report(Arena *a, int h) {
        char uri[32];
        const SimHost host = { .name = host_names[h],
                               .uri = uri,
                               .cpus = 16,
                               .mib = 1 << 20,
                               .own_mib = 1024,
                               .at = sim_now(),
                               .interval = 5 * SECOND,
                               .expiry = HOUR,
                               .broken = h == broken };
        SimVm vms[BIG + SMALL + 4];
        uint32_t n = 0;

        (void) snprintf(uri, sizeof(uri), "test:///%d", h);
        for (int i = 0; i < n_guests; i++) {
                const Guest *g = &guests[i];

                if (g->host == h)
                        vms[n++] = (SimVm){ .name = g->name,
                                            .uuid = g->uuid,
                                            .vcpus = 4,
                                            .mib = g->mib,
                                            .mcores = g->mcores };
        }
        sim_report(agents_store, a, &host, vms, n);
}

static void report_all(Arena *a) {
        arena_rewind(a, 0);
        for (int h = 0; h < n_hosts; h++)
                report(a, h);
}

static void break_down(Arena *a, const char *host) {
        broken = host_by(host);
        report_all(a);
        cr_assert_eq(0, store_raise_alarm(agents_store, host, sim_now()));
}

/* Its report says it, and it does not ring. */
static void break_quietly(Arena *a, const char *host) {
        broken = host_by(host);
        report_all(a);
}

static void enter_maintenance(Arena *a, const char *host) {
        const OperatorMark mark = { .state = HOST_MAINTENANCE,
                                    .by = "root@h9",
                                    .at = sim_now(),
                                    .leave_by = answers ? 0 : sim_now() + deadline };
        const char *text;

        broken = n_hosts; /* nobody is */
        report_all(a);
        cr_assert_eq(0, host_mark_print(a, &mark, &text));
        cr_assert_eq(0, store_change_mark(agents_store, host, "", text));
        cr_assert_eq(0, store_call_round(agents_store));
}

/* As plimsoll confirm does, once. */
static void answer_yes(Arena *a) {
        const WaitingAnswer yes = { .yes = true, .by = "root@h9", .at = sim_now() };
        Waiting *list = NULL;
        const char *text = NULL;
        uint32_t n = 0;
        size_t size = 0;

        if (!answers || answered > 0 || confirm_store_read(agents_store, a, &list, &n) < 0 || n == 0)
                return;
        cr_assert_eq(0, answer_text_print(a, &yes, &text, &size));
        cr_assert_eq(0, store_put_answer(agents_store, list[0].plan.id, text, size));
        answered = sim_now();
}

/* Reports as long as the story lasts; a host breaks, and rings. */
static void *agents_run(void *arg) {
        Arena a;

        sim_actor_begin(AGENTS);
        cr_assert_eq(0, arena_open((size_t) 256 << 20, &a));
        while (sim_now() < sim_end) {
                if (settings_then && sim_now() >= BEGIN + reload_at && atomic_load(&reloaded) == 0) {
                        settings_write(settings_then);
                        atomic_store(&reloaded, 1);
                }
                if (sim_now() >= BEGIN + BREAKS && broken < 0) {
                        if (quiet)
                                break_quietly(&a, arg);
                        else if (deadline > 0)
                                enter_maintenance(&a, arg);
                        else
                                break_down(&a, arg);
                } else {
                        report_all(&a);
                        answer_yes(&a);
                }
                sim_sleep(sim_now() < BEGIN + BREAKS ? 10 * SECOND : 20 * SECOND);
        }
        arena_close(&a);
        return sim_actor_end();
}

/* ---- a story ---- */

typedef struct Story {
        char *log;
        size_t size;
        JournalEntry journal[400]; /* oldest first */
        uint32_t n;
        const AuditEntry *decisions; /* [n_decisions] newest first */
        uint32_t n_decisions;
        char audit[200000]; /* the same, as they are in the store, one after the other */
} Story;

static char redis_option[160];
static char *words[] = { (char[]){ "plimsolld" },
                         redis_option,
                         (char[]){ "--cluster=sim" },
                         (char[]){ "--mode=auto" },
                         settings_option,
                         (char[]){ "--state-dir=/nonexistent" },
                         (char[]){ "--set=cluster.hosts=*" },
                         (char[]){ "--set=service.lease=2m" },
                         (char[]){ "--set=service.hold=0s" },
                         (char[]){ "--set=migration.bandwidth=1Gbit/s" },
                         (char[]){ "--set=plan.moves_in=4" },
                         (char[]){ "--set=plan.moves_out=4" },
                         (char[]){ "--set=modes.maintenance=confirm" } };

static void *service_run(void *arg) {
        sim_actor_begin(SERVICE);
        (void) !cluster_service_run(arg);
        return sim_actor_end();
}

/* The host `breaks` begins to fail at BREAKS; all lasts `length`. */
static void live(int hosts, const char *breaks, usec_t length, Story *ret) {
        ServiceWorld world = { SIM_WORLD, .nap = USEC_PER_SEC / 2, .open_executor = open_executor };

        static const usec_t first[ACTORS] = { [SERVICE] = SECOND, [AGENTS] = 0 };
        ClusterServiceOptions o = { .world = &world };
        pthread_t threads[ACTORS];
        ClusterService *service;
        StoredText *texts;
        TextFault f = { 0 };
        Options options;
        FILE *log = open_memstream(&ret->log, &ret->size);
        uint32_t n = 0;
        size_t used = 0;

        sim_begin(ACTORS, first, length);
        world_make(hosts);
        world.reloads = reloads;
        server_start(NULL, NULL);
        (void) snprintf(redis_option, sizeof(redis_option), "--redis=%s", url);
        (void) snprintf(settings_path, sizeof(settings_path), "%s/plimsoll.yaml", dir);
        (void) snprintf(settings_option, sizeof(settings_option), "--settings=%s", settings_path);
        settings_write(settings_first);
        cr_assert_eq(0,
                     options_parse(service_options, (int) ARRAY_SIZE(words) - !answers, words, &options, &f),
                     "%s", f.what);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "sim" }, &agents_store, &f));
        o.options = &options;
        o.log = log;
        cr_assert_eq(0, cluster_service_open(&o, &service));
        cr_assert_eq(0, pthread_create(&threads[SERVICE], NULL, service_run, service));
        cr_assert_eq(0, pthread_create(&threads[AGENTS], NULL, agents_run, (void *) (uintptr_t) breaks));
        for (int i = 0; i < ACTORS; i++)
                (void) pthread_join(threads[i], NULL);
        (void) cluster_service_free(service);
        (void) fclose(log);
        cr_assert_eq(0, store_get_journal(agents_store, &arena, ARRAY_SIZE(ret->journal), &texts, &ret->n));
        for (uint32_t i = 0; i < ret->n; i++)
                cr_assert_eq(0,
                             journal_parse(&arena, texts[i].text, texts[i].n, &ret->journal[ret->n - 1 - i]));
        cr_assert_eq(0, audit_store_read(agents_store, &arena, 0, &ret->decisions, &ret->n_decisions));
        cr_assert_eq(0, store_get_audit(agents_store, &arena, 0, 400, &texts, &n));
        for (uint32_t i = 0; i < n && used + texts[i].n + 2 < sizeof(ret->audit); i++)
                used += (size_t) snprintf(ret->audit + used, sizeof(ret->audit) - used, "%.*s\n",
                                          (int) texts[i].n, texts[i].text);
        agents_store = store_free(agents_store);
        server_kill();
}

static uint32_t run_at(const Story *s, usec_t at, const char *from) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < s->n; i++) {
                const JournalEntry *e = &s->journal[i];

                if (e->at > at || (from && strcmp(e->order->from, from) != 0))
                        continue;
                n += e->event == JOURNAL_INTENT;
                n -= !journal_is_open(e->event);
        }
        return n;
}

/* When the first move that leaves `host` began, after `since`; -1: never. */
static usec_t first_from(const Story *s, const char *host, usec_t since) {
        for (uint32_t i = 0; i < s->n; i++)
                if (s->journal[i].event == JOURNAL_INTENT && s->journal[i].at >= since &&
                    strcmp(s->journal[i].order->from, host) == 0)
                        return s->journal[i].at;
        return -1;
}

TestSuite(urgent, .init = sim_setup, .fini = fixture_teardown, .timeout = 280);

static Story story;

static uint32_t count_in(const char *text, const char *what) {
        uint32_t n = 0;

        for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
                n++;
        return n;
}

static uint32_t said(const char *what) {
        return count_in(story.log, what);
}

static void check_first(int hosts) {
        const usec_t breaks = BEGIN + BREAKS;
        usec_t first;

        live(hosts, "h0001", BREAKS + 60 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, breaks - SECOND, "h0002"), "%s", story.log);
        first = first_from(&story, "h0001", breaks);
        cr_assert(first >= 0, "%s", story.log);
        cr_assert_leq(first - breaks, 5 * SECOND, "%s", story.log);
}

Test(urgent, the_first_evacuation_starts_within_five_seconds_at_three_hosts) {
        check_first(3);
}

Test(urgent, the_first_evacuation_starts_within_five_seconds_at_forty_hosts) {
        check_first(40);
}

Test(urgent, the_first_evacuation_starts_within_five_seconds_at_a_thousand_hosts) {
        check_first(1000);
}

/* What was cut short is written down as that wherever it is told of, and is no failure: it is moved again later. */
Test(urgent, what_is_cut_short_says_for_what_and_is_moved_again_when_the_host_is_empty) {
        uint32_t cut = 0, again = 0;

        live(3, "h0001", BREAKS + 1800 * SECOND, &story);
        for (int i = 0; i < n_guests; i++)
                cr_assert_neq(0, guests[i].host, "%s has left the host that broke\n%s", guests[i].name,
                              story.log);
        for (uint32_t i = 0; i < story.n; i++) {
                const JournalEntry *e = &story.journal[i];

                if (e->event != JOURNAL_ABORTED || e->at < BEGIN + BREAKS ||
                    strncmp(e->message, "ended early: ", 13) != 0)
                        continue;
                cut++;
                cr_assert_str_eq("h0002", e->order->from, "what leaves the host that broke is not cut short");
        }
        cr_assert_geq(cut, 1, "%s", story.log);
        cr_assert_eq(cut, said("end=cut-short "), "%s", story.log);
        cr_assert_geq(count_in(story.audit, "\"cut-short\""), cut, "%s", story.audit);
        cr_assert_null(strstr(story.log, "balance.paused"), "%s", story.log);
        for (uint32_t i = 0; i < story.n; i++)
                again += story.journal[i].event == JOURNAL_INTENT && story.journal[i].at > BEGIN + BREAKS &&
                         strcmp(story.journal[i].order->from, "h0002") == 0;
        cr_assert_geq(again, 1, "%s", story.log);
}

Test(urgent, what_leaves_the_failing_host_itself_is_left_to_go_on) {
        live(40, "h0002", BREAKS + 120 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, BEGIN + BREAKS - SECOND, "h0002"), "%s", story.log);
        cr_assert_eq(0, said("cut-short"), "%s", story.log);
        cr_assert_geq(run_at(&story, BEGIN + BREAKS + 60 * SECOND, "h0002"), 4, "%s", story.log);
}

/* An operator's maintenance waits for a slow move that is in its way, unless its deadline would be missed. */
Test(urgent, a_move_is_cut_short_for_a_deadline_that_can_be_met) {
        deadline = 300 * SECOND;
        live(3, "h0001", BREAKS + 290 * SECOND, &story);
        cr_assert_geq(said("end=cut-short "), 1, "%s", story.log);
        cr_assert_geq(said(" before its deadline, which it would miss"), 1, "%s", story.log);
        cr_assert_eq(0, said("maintenance.late "), "%s", story.log);
        for (int i = 0; i < n_guests; i++)
                cr_assert_neq(0, guests[i].host, "%s is late\n%s", guests[i].name, story.log);
}

Test(urgent, a_deadline_that_passes_is_said_once_and_its_end) {
        deadline = 20 * SECOND;
        live(3, "h0001", BREAKS + 1200 * SECOND, &story);
        cr_assert_eq(1, said("maintenance.late host=h0001 "), "%s", story.log);
        cr_assert_eq(1, said("maintenance.late_ended host=h0001 "), "%s", story.log);
        cr_assert_eq(0, said(" before its deadline"), "nothing is stopped for what is late anyway\n%s",
                     story.log);
        cr_assert_eq(said("end=cut-short "), said("could not leave its target, h0001, before"), "%s",
                     story.log);
}

Test(urgent, while_all_that_is_planned_runs_a_round_looks_again_each_interval) {
        usec_t first;

        quiet = true;
        live(40, "h0001", BREAKS + 60 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, BEGIN + BREAKS - SECOND, "h0002"), "%s", story.log);
        first = first_from(&story, "h0001", BEGIN + BREAKS);
        cr_assert(first >= 0, "%s", story.log);
        cr_assert_leq(first - (BEGIN + BREAKS), 35 * SECOND, "%s", story.log);
}

Test(urgent, what_goes_to_the_failing_host_is_cut_short_at_once) {
        live(3, "h0003", BREAKS + 20 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, BEGIN + BREAKS - SECOND, "h0002"), "%s", story.log);
        cr_assert_eq(2, said("its target, h0003, has a fault of grade 4"), "%s", story.log);
        for (uint32_t i = 0; i < story.n; i++)
                cr_assert(story.journal[i].at < BEGIN + BREAKS ||
                                  strcmp(story.journal[i].order->to, "h0003") != 0 ||
                                  story.journal[i].event == JOURNAL_ABORTED,
                          "%s", story.log);
}

/* A plan that a person says yes to beside slow moves: it is carried out beside them, and what came of it is written down when
 * it has come, with who said so. */
Test(urgent, what_a_person_accepts_beside_slow_moves_is_written_down_when_it_has_ended) {
        const AuditEntry *yes = NULL;
        usec_t last = 0;
        uint32_t done = 0;

        deadline = 300 * SECOND;
        answers = true;
        live(40, "h0001", BREAKS + 290 * SECOND, &story);
        cr_assert_geq(answered, BEGIN + BREAKS, "%s", story.log);
        for (uint32_t i = 0; i < story.n_decisions; i++)
                if (story.decisions[i].answer && strcmp(story.decisions[i].answer, "yes") == 0)
                        yes = &story.decisions[i];
        cr_assert_not_null(yes, "%s", story.log);
        cr_assert_str_eq("root@h9", yes->by);
        cr_assert_geq(yes->n_moves, 4, "%s", story.log);
        for (uint32_t i = 0; i < yes->n_moves; i++)
                done += strcmp(yes->moves[i].end, "done") == 0;
        cr_assert_eq(yes->n_moves, done, "%s", story.audit);
        for (uint32_t i = 0; i < story.n; i++) {
                const JournalEntry *e = &story.journal[i];

                if (strcmp(e->order->from, "h0001") != 0 || e->at < BEGIN + BREAKS)
                        continue;
                cr_assert_str_eq("root@h9", e->by, "who said yes to it");
                last = journal_is_open(e->event) ? last : e->at;
        }
        cr_assert_geq(yes->at, last, "not before its last move has ended\n%s", story.log);
        cr_assert_geq(run_at(&story, last, "h0002"), 1, "while slow ones run\n%s", story.log);
        cr_assert_leq(first_from(&story, "h0001", answered) - answered, 5 * SECOND, "%s", story.log);
        cr_assert_eq(0, said("status=blocked"), "what is on its way is not held up\n%s", story.log);
}

/* ---- settings that change while moves of ten minutes run ---- */

Test(urgent, settings_that_let_it_empty_a_failing_host_are_in_force_at_once) {
        usec_t first;

        settings_first = "modes: {evacuation: advise}\n";
        settings_then = "modes: {evacuation: auto}\n";
        reload_at = BREAKS + 40 * SECOND;
        live(40, "h0001", BREAKS + 80 * SECOND, &story);
        cr_assert_eq(4, run_at(&story, BEGIN + BREAKS - SECOND, "h0002"), "%s", story.log);
        first = first_from(&story, "h0001", BEGIN + BREAKS);
        cr_assert_geq(first, BEGIN + reload_at, "until then it only advised\n%s", story.log);
        cr_assert_leq(first - (BEGIN + reload_at), 5 * SECOND, "%s", story.log);
        cr_assert_geq(run_at(&story, first, "h0002"), 3, "beside what runs\n%s", story.log);
        cr_assert_eq(1, said("settings.loaded "), "%s", story.log);
        cr_assert_eq(1, said("why=\"the settings were read again\""), "%s", story.log);
}

Test(urgent, and_so_are_those_that_take_it_away) {
        uint32_t began = 0;

        settings_then = "modes: {load: advise, balance: advise, repair: advise}\n";
        reload_at = 100 * SECOND;
        live(3, "h0001", BREAKS - 5 * SECOND, &story);
        cr_assert_eq(3, run_at(&story, BEGIN + reload_at - SECOND, "h0002"), "a fourth waits\n%s", story.log);
        cr_assert_eq(3, run_at(&story, BEGIN + BREAKS - 10 * SECOND, "h0002"), "what runs goes on\n%s",
                     story.log);
        for (uint32_t i = 0; i < story.n; i++)
                began += story.journal[i].event == JOURNAL_INTENT &&
                         story.journal[i].at > BEGIN + reload_at + 2 * SECOND;
        cr_assert_eq(0, began, "%s", story.log);
}

Test(urgent, what_is_no_good_in_them_delays_nothing) {
        usec_t first;

        settings_then = "modes: {evacuation: atuo}\n";
        reload_at = BREAKS;
        live(40, "h0001", BREAKS + 60 * SECOND, &story);
        first = first_from(&story, "h0001", BEGIN + BREAKS);
        cr_assert(first >= 0, "%s", story.log);
        cr_assert_leq(first - (BEGIN + BREAKS), 5 * SECOND, "%s", story.log);
        cr_assert_eq(1, said("settings.refused "), "%s", story.log);
        cr_assert_eq(1, said("settings.kept "), "%s", story.log);
}
