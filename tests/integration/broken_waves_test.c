/* SPDX-License-Identifier: Apache-2.0 */
/* A plan that breaks while two of its waves overlap: what runs ends, what does not need the one that broke goes on, the
 * journal has every move from its intent to its end, and every VM is where its end says. Redis is a real private one,
 * time and migrations are simulated. */
#include <stdio.h>
#include <string.h>

#include "scheduler/app/round/mover.h"
#include "scheduler/app/settings/app_settings.h"
#include "tests/integration/service_fixture.h"
#include "tests/support/executor_simulated.h"

TestSuite(broken_waves, .init = service_setup, .fini = service_teardown, .timeout = 60);

#define VMS 4

/* web1 and web2 are the first wave, web3 and web4 the second. web2 is short: when it has ended, web3 takes
 * its place on h1's link, while web1 goes on; web4 has to wait. */
typedef struct Story {
        SimulatedEnd web1, web3;  /* how they end, after 10 s */
        StopRequest stop_request; /* at 5 s, of whoever runs it */
        const char *journal;      /* what was begun and how that ended, oldest first */
        const char *outcomes;
} Story;

typedef struct World {
        const Story *story;
        Executor executor;
        uint32_t moved[VMS]; /* how often */
} World;

static const char *const names[VMS] = { "web1", "web2", "web3", "web4" };

static SimulatedMove script(void *arg, const MigrationRequest *request) {
        const World *w = arg;

        switch (request->order->vm[3]) {
        case '1':
                return (SimulatedMove){ .end = w->story->web1, .takes = 10 * USEC_PER_SEC };
        case '2':
                return (SimulatedMove){ .takes = USEC_PER_SEC };
        case '3':
                return (SimulatedMove){ .end = w->story->web3, .takes = 10 * USEC_PER_SEC };
        default:
                return (SimulatedMove){ .takes = 10 * USEC_PER_SEC };
        }
}

static void moved(void *arg, const MoveOrder *m) {
        World *w = arg;

        cr_assert_str_eq("h1", m->from);
        w->moved[m->vm[3] - '1']++;
}

static StopRequest stop_request(void *arg) {
        const World *w = arg;

        return executor_simulated_now(&w->executor) >= 5 * USEC_PER_SEC ? w->story->stop_request : STOP_NONE;
}

static MoveOrder move_of(uint32_t i) {
        return (MoveOrder){ .vm = names[i],
                            .from = "h1",
                            .to = i % 2 == 0 ? "h2" : "h3",
                            .from_uri = "test://h1",
                            .to_uri = "test://other",
                            .wave = i / 2 };
}

/* "web1 intent, web1 started, …"; each entry's state fits the one before of its move. */
static void check_journal(const Story *s) {
        JournalEntry entries[32];
        const JournalEntry *open = NULL;
        const uint32_t n = journal(entries);
        JournalEvent last[VMS];
        bool begun[VMS] = { false };
        char text[512] = "";
        uint32_t n_open = 0;

        for (uint32_t i = n; i-- > 0;) {
                const JournalEntry *e = &entries[i];
                const uint32_t v = (uint32_t) (e->order->vm[3] - '1');
                const size_t used = strlen(text);

                cr_assert_eq(e->event == JOURNAL_INTENT, !begun[v], "%s", e->order->vm);
                cr_assert(!begun[v] || last[v] < JOURNAL_DONE, "%s ends once", e->order->vm);
                begun[v] = true;
                last[v] = e->event;
                if (e->event != JOURNAL_STARTED)
                        (void) snprintf(text + used, sizeof(text) - used, "%s%s %s", used > 0 ? ", " : "",
                                        e->order->vm, journal_event_names[e->event]);
        }
        cr_assert_str_eq(text, s->journal);
        cr_assert_eq(0, journal_open_ones(&arena, entries, n, &open, &n_open));
        cr_assert_eq(n_open, strstr(s->journal, "unclear") ? 1 : 0);
}

static void check_outcomes(const World *w, const MoveOutcome *outcomes) {
        char text[256] = "";

        for (uint32_t i = 0; i < VMS; i++) {
                const size_t used = strlen(text);

                (void) snprintf(text + used, sizeof(text) - used, "%s%s", used > 0 ? ", " : "",
                                move_end_names[outcomes[i].end]);
                cr_assert_eq(w->moved[i], outcomes[i].end == MOVE_DONE ? 1 : 0, "%s", names[i]);
        }
        cr_assert_str_eq(text, w->story->outcomes);
}

static void tell(const Story *story) {
        World w = { .story = story };
        MoveOrder moves[VMS];
        MoveOutcome outcomes[VMS];
        Leadership l = leadership_of(store, 30 * USEC_PER_SEC);
        Settings *settings = NULL;
        Source *source = NULL;
        TextFault fault = { 0 };
        MoverInput in = { .executor = &w.executor,
                          .leadership = &l,
                          .moves = moves,
                          .n = VMS,
                          .watch = { .arg = &w, .stop_request = stop_request } };

        report("h1", VMS);
        report("h2", 0);
        report("h3", 0);
        for (uint32_t i = 0; i < VMS; i++)
                moves[i] = move_of(i);
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, settings_set(settings, "cluster.hosts", "*", &fault), "%s", fault.what);
        cr_assert_eq(0, source_open_store(store, "t", &source));
        cr_assert_eq(0, executor_simulated_open(
                                (ExecutorSimulatedOptions){ .script = script, .moved = moved, .arg = &w },
                                &w.executor));
        cr_assert_eq(0, leadership_take(&l));
        in.settings = settings;
        in.source = source;
        cr_assert_eq(strcmp(story->outcomes, "done, done, done, done") != 0, mover_run(&in, outcomes));
        check_journal(story);
        check_outcomes(&w, outcomes);
        leadership_release(&l);
        w.executor.free(w.executor.self);
        source = source_free(source);
}

Test(broken_waves, when_nothing_breaks_they_overlap) {
        tell(&(Story){ .journal = "web1 intent, web2 intent, web2 done, web3 intent, web1 done, web4 intent, "
                                  "web3 done, web4 done",
                       .outcomes = "done, done, done, done" });
}

Test(broken_waves, a_move_of_the_first_fails_and_the_second_goes_on) {
        tell(&(Story){ .web1 = SIMULATED_FAILS,
                       .journal =
                               "web1 intent, web2 intent, web2 done, web3 intent, web1 failed, web4 intent, "
                               "web3 done, web4 done",
                       .outcomes = "failed, done, done, done" });
}

Test(broken_waves, one_of_the_second_fails_and_its_wave_goes_on) {
        tell(&(Story){ .web3 = SIMULATED_FAILS,
                       .journal = "web1 intent, web2 intent, web2 done, web3 intent, web1 done, web4 intent, "
                                  "web3 failed, web4 done",
                       .outcomes = "done, done, failed, done" });
}

Test(broken_waves, nobody_knows_how_one_ended_and_nothing_begins_from_its_host) {
        tell(&(Story){ .web1 = SIMULATED_UNCLEAR,
                       .journal = "web1 intent, web2 intent, web2 done, web3 intent, web1 unclear, web3 done",
                       .outcomes = "unclear, done, done, left-out" });
}

Test(broken_waves, told_to_stop_what_runs_of_both_ends_and_nothing_begins) {
        tell(&(Story){ .stop_request = STOP_DRAIN,
                       .journal = "web1 intent, web2 intent, web2 done, web3 intent, web1 done, web3 done",
                       .outcomes = "done, done, done, not-reached" });
}

Test(broken_waves, told_to_stop_at_once_what_runs_of_both_is_aborted) {
        tell(&(Story){ .stop_request = STOP_ABORT,
                       .journal =
                               "web1 intent, web2 intent, web2 done, web3 intent, web1 aborted, web3 aborted",
                       .outcomes = "aborted, done, aborted, not-reached" });
}
