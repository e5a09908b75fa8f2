/* SPDX-License-Identifier: Apache-2.0 */
/* After a crash: open moves are settled by what both hosts say, and by nothing else. The store is a real
 * private Redis, the hosts are told what to say. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/round/cool_downs.h"
#include "scheduler/app/round/resume_move.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/round/settle_moves.h"
#include "scheduler/app/round/settled_audit.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/state/admission_record.h"
#include "scheduler/app/state/settle_word.h"
#include "tests/integration/service_fixture.h"
#include "tests/support/executor_simulated.h"

TestSuite(settle, .init = service_setup, .fini = service_teardown, .timeout = 60);

typedef struct Hosts {
        Presence source, target;
        bool source_defined, target_defined, broke_off;
        const char *machine; /* that answers at h2 */
        bool idle;           /* no job runs on it at its source */
} Hosts;

static int look(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        const Hosts *hosts = self;

        (void) uuid;
        (void) at_most;
        /* The journal's own are the attacker's: what is opened is made of the settings and the host's name. */
        cr_assert(strcmp(at.uri, "qemu+tls://h1/system") == 0 || strcmp(at.uri, "qemu+tls://h2/system") == 0,
                  "%s was opened", at.uri);
        *ret = strstr(at.uri, "//h1/")
                       ? (DomainState){ .presence = hosts->source, .defined = hosts->source_defined }
                       : (DomainState){ .presence = hosts->target, .defined = hosts->target_defined };
        if (at.machine && strstr(at.uri, "//h2/")) /* as libvirt_connect() does */
                (void) snprintf(ret->found, sizeof(ret->found), "%s",
                                strcmp(at.machine, hosts->machine) == 0 ? "" : hosts->machine);
        if (ret->found[0])
                ret->presence = PRESENCE_UNKNOWN;
        ret->post_copy_failed = hosts->broke_off;
        ret->idle = hosts->idle && ret->presence == PRESENCE_RUNNING;
        (void) snprintf(ret->words, sizeof(ret->words), "as told");
        return 0;
}

static const char *wanted_by; /* what is left open; NULL: nobody by name */

/* Written down as `event` so long ago, and then the leader died. */
static void leave_open(uint64_t token, JournalEvent event, usec_t ago, bool cold) {
        const MoveOrder order = { .vm = "web1",
                                  .uuid = "11111111-1111-4111-8111-111111111111",
                                  .from = "h1",
                                  .to = "h2",
                                  .from_uri = "qemu+ext:///system?command=/tmp/evil",
                                  .to_uri = "qemu+ssh://h2/system?netcat=/tmp/evil",
                                  .manner = { .strategy = cold ? STRATEGY_COLD : STRATEGY_PLAIN } };
        JournalEntry e = { .event = event,
                           .id = "dead/1/0",
                           .order = &order,
                           .at = clock_now() - ago,
                           .took = MOVE_NOT_MEASURED,
                           .by = wanted_by,
                           .by_hand = wanted_by != NULL };
        const char *text = NULL;
        size_t n = 0;

        cr_assert_eq(0, journal_print(&arena, &e, &text, &n));
        cr_assert_eq(0, store_journal(store, token, text, n));
}

typedef struct Story {
        const char *tells;
        JournalEvent was;
        Presence source, target;
        usec_t ago;
        JournalEvent is;
        bool cold, source_defined, target_defined, idle;
} Story;

static const Story stories[] = {
        { "it arrived", JOURNAL_UNCLEAR, PRESENCE_NONE, PRESENCE_RUNNING, 0, JOURNAL_DONE, false, false,
          false, false },
        { "it never left", JOURNAL_UNCLEAR, PRESENCE_RUNNING, PRESENCE_NONE, 0, JOURNAL_FAILED, false, false,
          false, false },
        { "it is on its way", JOURNAL_UNCLEAR, PRESENCE_RUNNING, PRESENCE_OTHER, 0, JOURNAL_STARTED, false,
          false, false, false },
        { "the source cannot be queried", JOURNAL_UNCLEAR, PRESENCE_UNKNOWN, PRESENCE_RUNNING, 0,
          JOURNAL_UNCLEAR, false, false, false, false },
        { "the target cannot be queried", JOURNAL_UNCLEAR, PRESENCE_RUNNING, PRESENCE_UNKNOWN, 0,
          JOURNAL_UNCLEAR, false, false, false, false },
        { "the target died, and libvirt on the source proves that it stayed", JOURNAL_UNCLEAR,
          PRESENCE_RUNNING, PRESENCE_UNKNOWN, 20 * USEC_PER_SEC, JOURNAL_FAILED, false, true, false, true },
        { "the same of one that was only begun", JOURNAL_STARTED, PRESENCE_RUNNING, PRESENCE_UNKNOWN,
          20 * USEC_PER_SEC, JOURNAL_FAILED, false, true, false, true },
        { "a job still runs on it at its source", JOURNAL_UNCLEAR, PRESENCE_RUNNING, PRESENCE_UNKNOWN,
          20 * USEC_PER_SEC, JOURNAL_UNCLEAR, false, true, false, false },
        { "it was asked for just now", JOURNAL_STARTED, PRESENCE_RUNNING, PRESENCE_UNKNOWN, 0,
          JOURNAL_UNCLEAR, false, true, false, true },
        { "the source has it paused, and the target cannot be queried", JOURNAL_UNCLEAR, PRESENCE_OTHER,
          PRESENCE_UNKNOWN, 20 * USEC_PER_SEC, JOURNAL_UNCLEAR, false, true, false, true },
        { "no job at the source says nothing of where it runs twice", JOURNAL_UNCLEAR, PRESENCE_RUNNING,
          PRESENCE_RUNNING, 20 * USEC_PER_SEC, JOURNAL_UNCLEAR, false, true, false, true },
        { "off, and the target is down: its source alone says nothing", JOURNAL_STARTED, PRESENCE_RUNNING,
          PRESENCE_UNKNOWN, 20 * USEC_PER_SEC, JOURNAL_UNCLEAR, true, true, false, true },
        { "it runs twice", JOURNAL_UNCLEAR, PRESENCE_RUNNING, PRESENCE_RUNNING, 0, JOURNAL_UNCLEAR, false,
          false, false, false },
        { "it runs nowhere, just now", JOURNAL_UNCLEAR, PRESENCE_NONE, PRESENCE_NONE, 0, JOURNAL_UNCLEAR,
          false, false, false, false },
        { "it has run nowhere for long", JOURNAL_UNCLEAR, PRESENCE_NONE, PRESENCE_NONE, 3600 * USEC_PER_SEC,
          JOURNAL_FAILED, false, false, false, false },
        { "it was started, and arrived", JOURNAL_STARTED, PRESENCE_NONE, PRESENCE_RUNNING, 0, JOURNAL_DONE,
          false, false, false, false },
        { "it was to be started, and was not", JOURNAL_INTENT, PRESENCE_RUNNING, PRESENCE_NONE, 0,
          JOURNAL_FAILED, false, false, false, false },
        { "off, it is defined there alone", JOURNAL_STARTED, PRESENCE_NONE, PRESENCE_NONE, 0, JOURNAL_DONE,
          true, false, true, false },
        { "off, it arrived, and runs by now", JOURNAL_STARTED, PRESENCE_NONE, PRESENCE_RUNNING, 0,
          JOURNAL_DONE, true, false, true, false },
        { "off, it never left", JOURNAL_INTENT, PRESENCE_NONE, PRESENCE_NONE, 0, JOURNAL_FAILED, true, true,
          false, false },
        { "off, it is defined on both, just now", JOURNAL_STARTED, PRESENCE_NONE, PRESENCE_NONE, 0,
          JOURNAL_STARTED, true, true, true, false },
        { "off, it has been defined on both for long", JOURNAL_STARTED, PRESENCE_NONE, PRESENCE_NONE,
          3600 * USEC_PER_SEC, JOURNAL_UNCLEAR, true, true, true, false },
        { "off, the target cannot be queried", JOURNAL_STARTED, PRESENCE_NONE, PRESENCE_UNKNOWN, 0,
          JOURNAL_UNCLEAR, true, false, false, false },
};

/* As long as it is open its VM is held. */
static bool is_held(const char *vm) {
        RoundInput in = { 0 };

        cr_assert_eq(0, round_store_holds(store, &arena, NULL, &in));
        for (uint32_t i = 0; i < in.n_cool_downs; i++)
                if (strcmp(in.cool_downs[i].vm, vm) == 0 && in.cool_downs[i].why)
                        return true;
        return false;
}

static int settle(Leadership *l, const Settings *settings, const Settled **ret, uint32_t *ret_n) {
        owned(sightings_free) Sightings *sightings = NULL;

        cr_assert_eq(0, sightings_new(l->world, &sightings));
        return settle_moves(&(SettleInput){ l, sightings, settings, 10 * USEC_PER_SEC }, &arena, ret, ret_n);
}

static StopRequest goes_on(void *stop_arg) {
        (void) stop_arg;
        return STOP_NONE;
}

static void tell(const Story *s) {
        Hosts hosts = { s->source, s->target, s->source_defined, s->target_defined, false, NULL, s->idle };
        ServiceWorld world = service_world_real;
        const Settled *list = NULL;
        const JournalEntry *open = NULL;
        Settings *settings = NULL;
        const char *file = NULL, *text = NULL;
        TextFault f = { 0 };
        uint32_t n = 0, n_open = 0;
        size_t size = 0;
        Leadership l;

        world.self = &hosts;
        world.look = look;
        world.stop_request = goes_on;
        cr_assert_eq(0, app_settings_load(&arena, NULL, &settings, &file, &f), "%s", f.what);
        l = leadership_in(&world, store, 30 * USEC_PER_SEC);
        cr_assert_eq(0, leadership_take(&l));
        leave_open(l.token, s->was, s->ago, s->cold);
        cr_assert_eq(0, settle(&l, settings, &list, &n), "%s", s->tells);
        cr_assert_eq(1, n);
        cr_assert_eq(s->is, list[0].now, "%s: %s", s->tells, journal_event_names[list[0].now]);
        cr_assert_eq(0, round_store_open(store, &arena, &open, &n_open));
        cr_assert_eq(journal_is_open(s->is), n_open == 1, "%s", s->tells);
        cr_assert_eq(journal_is_open(s->is), is_held("web1"), "%s", s->tells);
        if (s->is == JOURNAL_DONE) {
                cr_assert_eq(0, store_get_state(store, &arena, COOL_DOWNS_NAME, &text, &size));
                cr_assert(strstr(text, "web1"), "one that arrived cools down: %s", text);
        }
        leadership_release(&l);
}

Test(settle, what_both_hosts_say_decides) {
        for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
                store = store_free(store);
                server_kill();
                server_start(NULL, NULL);
                cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &store,
                                           &(TextFault){ 0 }));
                tell(&stories[i]);
        }
}

/* ---- persons, and the audit ---- */

typedef struct Desk {
        Hosts hosts;
        ServiceWorld world;
        Settings *settings;
        Leadership l;
} Desk;

static void desk_open(Desk *d) {
        TextFault f = { 0 };
        const char *file = NULL;

        d->world = service_world_real;
        d->world.self = &d->hosts;
        d->world.look = look;
        d->world.stop_request = goes_on;
        cr_assert_eq(0, app_settings_load(&arena, NULL, &d->settings, &file, &f), "%s", f.what);
        d->l = leadership_in(&d->world, store, 30 * USEC_PER_SEC);
        (void) snprintf(d->l.self, sizeof(d->l.self), "me");
        cr_assert_eq(0, leadership_take(&d->l));
}

static void say_word(const char *id, const char *at) {
        const SettleWord word = {
                .id = id, .at = at, .by = "root@desk", .why = "virsh list", .said_at = clock_now()
        };
        const char *text = NULL;
        size_t n = 0;

        cr_assert_eq(0, settle_word_print(&arena, &word, &text, &n));
        cr_assert_eq(0, store_put_word(store, "web1", text, n));
}

static uint32_t words_left(void) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, store_get_words(store, &arena, &texts, &n));
        return n;
}

static JournalEvent settled_with(Presence source, Presence target, const char *id, const char *at) {
        Desk d = { .hosts = { source, target, true, true, false, NULL, false } };
        const Settled *list = NULL;
        uint32_t n = 0;

        store = store_free(store);
        server_kill();
        server_start(NULL, NULL);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &store, &(TextFault){ 0 }));
        desk_open(&d);
        leave_open(d.l.token, JOURNAL_UNCLEAR, 20 * USEC_PER_SEC, false);
        say_word(id, at);
        cr_assert_eq(0, settle(&d.l, d.settings, &list, &n));
        cr_assert_eq(1, n);
        leadership_release(&d.l);
        return list[0].now;
}

Test(settle, a_person_may_say_where_it_runs_and_is_named_for_it) {
        const AuditEntry *audit = NULL;
        JournalEntry all[32];
        uint32_t n = 0;

        cr_assert_eq(JOURNAL_DONE, settled_with(PRESENCE_UNKNOWN, PRESENCE_UNKNOWN, "dead/1/0", "h2"));
        cr_assert_eq(0, words_left(), "it has served");
        cr_assert_eq(2, journal(all));
        cr_assert(strstr(all[0].message, "settled by root@desk, who reports that it runs on h2 (virsh list)"),
                  "%s", all[0].message);
        cr_assert_eq(0, audit_store_read(store, &arena, 0, &audit, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq("root@desk", audit[0].by);
        cr_assert_str_eq("dead", audit[0].leader, "who began it");
        cr_assert_str_eq("settled", audit[0].mode);
        cr_assert_str_eq("done", audit[0].moves[0].end);
        cr_assert_eq(JOURNAL_FAILED, settled_with(PRESENCE_UNKNOWN, PRESENCE_UNKNOWN, "dead/1/0", "h1"));
        cr_assert_eq(JOURNAL_UNCLEAR, settled_with(PRESENCE_RUNNING, PRESENCE_UNKNOWN, "dead/1/0", "h2"),
                     "a host that answers contradicts it");
        cr_assert_eq(1, words_left(), "it waits");
        cr_assert_eq(JOURNAL_UNCLEAR, settled_with(PRESENCE_UNKNOWN, PRESENCE_RUNNING, "dead/1/0", "h1"));
        cr_assert_eq(JOURNAL_UNCLEAR, settled_with(PRESENCE_UNKNOWN, PRESENCE_UNKNOWN, "dead/1/0", "h3"),
                     "none of its hosts");
        cr_assert_eq(JOURNAL_UNCLEAR, settled_with(PRESENCE_UNKNOWN, PRESENCE_UNKNOWN, "other/1/0", "h2"),
                     "of another move");
        cr_assert_eq(0, words_left(), "no such move is open");
}

Test(settle, what_a_leader_did_that_died_before_it_wrote_it_down_stands_in_the_audit) {
        Desk d = { .hosts = { PRESENCE_UNKNOWN, PRESENCE_UNKNOWN, true, true, false, NULL, false } };
        const AuditEntry *audit = NULL;
        uint32_t n = 0, moves = 0;

        desk_open(&d);
        leave_open(d.l.token, JOURNAL_STARTED, 30 * USEC_PER_SEC, false);
        leave_open(d.l.token, JOURNAL_DONE, 20 * USEC_PER_SEC, false);
        cr_assert_eq(0, settled_audit_catch_up(&d.l, &arena, d.settings, &moves));
        cr_assert_eq(1, moves);
        cr_assert_eq(0, audit_store_read(store, &arena, 0, &audit, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq("dead", audit[0].leader);
        cr_assert_str_eq("web1", audit[0].moves[0].order->vm);
        cr_assert_str_eq("done", audit[0].moves[0].end);
        cr_assert_eq(0, settled_audit_catch_up(&d.l, &arena, d.settings, &moves));
        cr_assert_eq(0, moves, "once");
        leadership_release(&d.l);
}

/* The operator who wanted the move is named for it whoever wrote it down, and it stays where it was put. */
Test(settle, what_an_operator_wanted_of_a_leader_that_died_stands_with_the_operators_name) {
        Desk d = { .hosts = { PRESENCE_NONE, PRESENCE_RUNNING, true, true, false, NULL, false } };
        const AuditEntry *audit = NULL;
        const Settled *list = NULL;
        const CoolDown *cool = NULL;
        const char *text = NULL;
        uint32_t n = 0, moves = 0;
        size_t size = 0;

        wanted_by = "root@h9";
        desk_open(&d);
        leave_open(d.l.token, JOURNAL_STARTED, 30 * USEC_PER_SEC, false);
        cr_assert_eq(0, settle(&d.l, d.settings, &list, &n));
        cr_assert_eq(JOURNAL_DONE, list[0].now);
        cr_assert_eq(0, audit_store_read(store, &arena, 0, &audit, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq("root@h9", audit[0].by);
        cr_assert_null(audit[0].answer, "nobody was asked about it");
        cr_assert_eq(0, store_get_state(store, &arena, COOL_DOWNS_NAME, &text, &size));
        cr_assert_eq(0, cool_downs_parse(&arena, text, size, &cool, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq("root@h9", cool[0].by, "it stays where a person put it");
        leadership_release(&d.l);

        cr_assert_eq(JOURNAL_DONE, settled_with(PRESENCE_UNKNOWN, PRESENCE_UNKNOWN, "dead/1/0", "h2"));
        cr_assert_eq(0, audit_store_read(store, &arena, 0, &audit, &n));
        cr_assert_str_eq("root@desk", audit[0].by, "who said where it runs");
        cr_assert(strstr(audit[0].moves[0].why, "requested by root@h9"), "%s", audit[0].moves[0].why);

        store = store_free(store);
        server_kill();
        server_start(NULL, NULL);
        cr_assert_eq(0, store_open(&(StoreOptions){ .url = url, .cluster = "t" }, &store, &(TextFault){ 0 }));
        desk_open(&d);
        leave_open(d.l.token, JOURNAL_DONE, 20 * USEC_PER_SEC, false);
        cr_assert_eq(0, settled_audit_catch_up(&d.l, &arena, d.settings, &moves));
        cr_assert_eq(1, moves);
        cr_assert_eq(0, audit_store_read(store, &arena, 0, &audit, &n));
        cr_assert_str_eq("root@h9", audit[0].by);
        cr_assert_str_eq("journal", audit[0].mode);
        leadership_release(&d.l);
        wanted_by = NULL;
}

/* ---- hosts that hang ---- */

#define HUNG 8

typedef struct Hanging {
        atomic_bool hang;
        atomic_uint asked[HUNG + 3], at_once; /* of host h0 …; the most that one host was asked at a time */
        atomic_uint now[HUNG + 3];
} Hanging;

/* h1 and h2 answer: it runs on h1 alone. h3 … say nothing as long as they hang. */
static int look_or_hang(void *self, LibvirtAt at, const char *uuid, usec_t at_most, DomainState *ret) {
        Hanging *x = self;
        const unsigned host = (unsigned) strtoul(strstr(at.uri, "//h") + 3, NULL, 10);
        unsigned n = atomic_fetch_add(&x->now[host], 1) + 1;

        (void) uuid;
        (void) at_most;
        if (n > atomic_load(&x->at_once))
                atomic_store(&x->at_once, n);
        atomic_fetch_add(&x->asked[host], 1);
        while (host > 2 && atomic_load(&x->hang))
                clock_sleep(10 * USEC_PER_MSEC);
        *ret = (DomainState){ .presence = host == 1 ? PRESENCE_RUNNING : PRESENCE_NONE,
                              .defined = host == 1 };
        atomic_fetch_sub(&x->now[host], 1);
        return 0;
}

static void leave_open_to(uint64_t token, unsigned host) {
        char vm[16], id[16], to[16];
        const MoveOrder order = { .vm = vm, .uuid = id, .from = "h1", .to = to };
        const JournalEntry e = { .event = JOURNAL_STARTED,
                                 .id = id,
                                 .order = &order,
                                 .at = clock_now(),
                                 .took = MOVE_NOT_MEASURED };
        const char *text = NULL;
        size_t n = 0;

        (void) snprintf(vm, sizeof(vm), "web%u", host);
        (void) snprintf(id, sizeof(id), "dead/1/%u", host);
        (void) snprintf(to, sizeof(to), "h%u", host);
        cr_assert_eq(0, journal_print(&arena, &e, &text, &n));
        cr_assert_eq(0, store_journal(store, token, text, n));
}

static uint32_t open_now(void) {
        const JournalEntry *open = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, round_store_open(store, &arena, &open, &n));
        return n;
}

Test(settle, hosts_that_hang_keep_nobody_waiting_and_are_asked_once) {
        static Hanging hanging; /* outlives the threads */
        ServiceWorld world = service_world_real;
        Sightings *sightings = NULL;
        const char *file = NULL;
        const Settled *list = NULL;
        Settings *settings = NULL;
        TextFault f = { 0 };
        uint32_t n = 0;
        SettleInput in;
        Leadership l;

        atomic_store(&hanging.hang, true);
        world.self = &hanging;
        world.look = look_or_hang;
        world.stop_request = goes_on;
        cr_assert_eq(0, app_settings_load(&arena, NULL, &settings, &file, &f), "%s", f.what);
        l = leadership_in(&world, store, 30 * USEC_PER_SEC);
        (void) snprintf(l.self, sizeof(l.self), "me");
        cr_assert_eq(0, leadership_take(&l));
        cr_assert_eq(0, sightings_new(&world, &sightings));
        for (unsigned host = 2; host < HUNG + 3; host++)
                leave_open_to(l.token, host);
        in = (SettleInput){ &l, sightings, settings, USEC_PER_SEC };
        for (int round = 0; round < 3; round++) {
                const usec_t begun = clock_monotonic();

                cr_assert_eq(0, settle_moves(&in, &arena, &list, &n));
                cr_assert_lt(clock_monotonic() - begun, round == 0 ? 2 * USEC_PER_SEC : USEC_PER_SEC,
                             "round %d: a second is waited for them all together, once", round);
                cr_assert_eq(HUNG, open_now(), "what could be settled is");
                for (uint32_t i = 0; i < n; i++)
                        if (strcmp(list[i].entry.order->to, "h2") != 0)
                                cr_assert(list[i].now == JOURNAL_UNCLEAR &&
                                                  strstr(list[i].words, "no answer yet"),
                                          "%s", list[i].words);
        }
        for (unsigned host = 3; host < HUNG + 3; host++)
                cr_assert_eq(1, atomic_load(&hanging.asked[host]), "h%u is not asked again while it hangs",
                             host);
        atomic_store(&hanging.hang, false);
        for (usec_t end = clock_monotonic() + 10 * USEC_PER_SEC; open_now() > 0 && clock_monotonic() < end;)
                cr_assert_eq(0, settle_moves(&in, &arena, &list, &n));
        cr_assert_eq(0, open_now(), "what it says late counts");
        cr_assert_eq(1, atomic_load(&hanging.at_once), "no host is asked twice at once");
        sightings = sightings_free(sightings);
        leadership_release(&l);
}

/* Who is told to stop waits for none of them; and neither does who frees what they were asked with. */
static StopRequest stops(void *stop_arg) {
        (void) stop_arg;
        return STOP_DRAIN;
}

static bool stopped(void *arg) {
        const Leadership *l = arg;

        return l->world->stop_request(l->world->stop_arg) != STOP_NONE;
}

Test(settle, who_is_told_to_stop_does_not_wait_for_a_host_that_hangs) {
        static Hanging hanging;
        ServiceWorld world = service_world_real;
        Sightings *sightings = NULL;
        SightingQuery q = { .uri = "qemu+tls://h3/system", .uuid = "u" };
        usec_t begun = clock_monotonic();
        Leadership l;

        atomic_store(&hanging.hang, true);
        world.self = &hanging;
        world.look = look_or_hang;
        world.stop_request = stops;
        l = leadership_in(&world, store, 30 * USEC_PER_SEC);
        cr_assert_eq(0, sightings_new(&world, &sightings));
        cr_assert_eq(0, sightings_look(sightings, &q, 1, 60 * USEC_PER_SEC, stopped, &l));
        cr_assert_eq(PRESENCE_UNKNOWN, q.state.presence);
        sightings = sightings_free(sightings);
        cr_assert_lt(clock_monotonic() - begun, USEC_PER_SEC);
        atomic_store(&hanging.hang, false);
        clock_sleep(200 * USEC_PER_MSEC); /* the last thread frees it: the sanitizer sees */
}

static SimulatedMove unclear(void *arg, const MigrationRequest *request) {
        const bool *works = arg;

        cr_assert(request->resume && request->post_copy);
        cr_assert_str_eq("11111111-1111-4111-8111-111111111111", request->order->uuid);
        return (SimulatedMove){ .end = *works ? SIMULATED_DONE : SIMULATED_UNCLEAR, .takes = USEC_PER_SEC };
}

/* Settles, and takes up again what may be. *ret: what was seen. */
static void settle_and_resume(Leadership *l, const Settings *settings, bool works, Settled *ret) {
        const Settled *list = NULL;
        MigrationStatus status = { 0 };
        uint32_t n = 0;
        Executor x;

        cr_assert_eq(0, executor_simulated_open(
                                (ExecutorSimulatedOptions){ .script = unclear, .arg = &works }, &x));
        cr_assert_eq(0, settle(l, settings, &list, &n));
        cr_assert_eq(1, n);
        *ret = list[0];
        if (list[0].resumable) {
                cr_assert_eq(0, resume_move(l, &arena, settings, &x, &list[0].entry, &status));
                cr_assert_eq(works ? MIGRATION_DONE : MIGRATION_UNCLEAR, status.phase);
        }
        x.free(x.self);
}

static Leadership lead(ServiceWorld *world, Hosts *hosts, Settings **ret_settings) {
        const char *file = NULL;
        TextFault f = { 0 };
        Leadership l;

        *world = service_world_real;
        world->self = hosts;
        world->look = look;
        world->stop_request = goes_on;
        cr_assert_eq(0, app_settings_load(&arena, NULL, ret_settings, &file, &f), "%s", f.what);
        l = leadership_in(world, store, 30 * USEC_PER_SEC);
        cr_assert_eq(0, leadership_take(&l));
        return l;
}

Test(settle, a_post_copy_that_broke_off_is_taken_up_by_the_next_leader) {
        Hosts hosts = { PRESENCE_OTHER, PRESENCE_OTHER, true, true, true, NULL, false };
        Settings *settings = NULL;
        const JournalEntry *open = NULL;
        ServiceWorld world;
        uint32_t n = 0;
        Settled seen;
        Leadership l = lead(&world, &hosts, &settings);

        leave_open(l.token, JOURNAL_STARTED, 0, false);
        settle_and_resume(&l, settings, false, &seen);
        cr_assert_eq(JOURNAL_UNCLEAR, seen.now);
        cr_assert(is_held("web1"));
        settle_and_resume(&l, settings, true, &seen);
        cr_assert_eq(1, seen.entry.resumes);
        cr_assert_eq(0, round_store_open(store, &arena, &open, &n));
        cr_assert_eq(0, n, "it is settled");
        leadership_release(&l);
}

Test(settle, a_post_copy_that_stays_broken_is_left_to_a_person_after_six_tries) {
        Hosts hosts = { PRESENCE_OTHER, PRESENCE_OTHER, true, true, true, NULL, false };
        Settings *settings = NULL;
        ServiceWorld world;
        Settled seen;
        Leadership l = lead(&world, &hosts, &settings);

        leave_open(l.token, JOURNAL_STARTED, 0, false);
        for (int i = 0; i < RESUMES_MOST; i++) {
                settle_and_resume(&l, settings, false, &seen);
                cr_assert(seen.resumable);
                cr_assert_eq(i, seen.entry.resumes);
        }
        settle_and_resume(&l, settings, false, &seen);
        cr_assert_not(seen.resumable);
        cr_assert_eq(JOURNAL_UNCLEAR, seen.now);
        cr_assert_not_null(strstr(seen.words, "virsh -c qemu+tls://h1/system migrate --live --p2p --postcopy "
                                              "--postcopy-resume web1 qemu+tls://h2/system"));
        leadership_release(&l);
}

static void admit_as(const char *host, const char *uuid) {
        const HostAdmission admission = {
                .host = host, .uuid = uuid, .cpus = UNKNOWN, .memory_mib = UNKNOWN
        };
        const char *text;

        cr_assert_eq(0, admission_print(&arena, &admission, &text));
        cr_assert_eq(0, store_change_admission(store, host, "", text));
}

/* What answers at h2 is not the h2 that was admitted: what it says of the VM counts for nothing, and h2 is kept from moves. */
Test(settle, another_machine_in_a_hosts_place_settles_nothing) {
        static const char *const machines[] = { "machine-2", "machine-9" };

        for (size_t i = 0; i < ARRAY_SIZE(machines); i++) {
                Hosts hosts = { PRESENCE_NONE, PRESENCE_RUNNING, false, true, false, machines[i], false };
                AdmissionRecords records = { 0 };
                const Settled *list = NULL;
                Settings *settings = NULL;
                ServiceWorld world;
                uint32_t n = 0;
                Leadership l;

                if (i == 0)
                        admit_as("h2", "machine-2");
                l = lead(&world, &hosts, &settings);
                leave_open(l.token, JOURNAL_UNCLEAR, 0, false);
                cr_assert_eq(0, settle(&l, settings, &list, &n));
                cr_assert_eq(1, n);
                cr_assert_eq(list[0].now, i == 0 ? JOURNAL_DONE : JOURNAL_UNCLEAR);
                cr_assert_eq(0, admission_records(store, &arena, &records));
                cr_assert_eq(1, records.n);
                cr_assert_str_eq("machine-2", records.at[0].uuid);
                if (i == 0)
                        cr_assert_null(records.at[0].found);
                else
                        cr_assert_str_eq("machine-9", records.at[0].found);
                leadership_release(&l);
        }
}

Test(settle, a_note_that_another_has_changed_is_left_alone) {
        const char *text = NULL;
        size_t n = 0;

        cr_assert_eq(0, store_change_note(store, "roll", "", "a"));
        cr_assert_eq(1, store_change_note(store, "roll", "", "b"));
        cr_assert_eq(0, store_change_note(store, "roll", "a", "b"), "taken over");
        cr_assert_eq(1, store_change_note(store, "roll", "a", "c"), "the one it was taken from");
        cr_assert_eq(0, store_get_note(store, &arena, "roll", &text, &n));
        cr_assert_str_eq("b", text);
        cr_assert_eq(0, store_change_note(store, "roll", "b", ""));
        cr_assert_eq(1, store_get_note(store, &arena, "roll", &text, &n));
}
