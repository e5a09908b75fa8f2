/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "mode": a service that acts leaves the moves of some VMs to a person. On a real private Redis; the hosts' libvirt is where
 * nobody listens, so that what is begun fails and stands in the journal.
 */
#include "scheduler/app/round/audit_store.h"
#include "scheduler/app/round/confirm_store.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "tests/integration/person_fixture.h"
#include "tests/integration/service_fixture.h"

TestSuite(vm_mode, .init = service_setup, .fini = service_teardown, .timeout = 120);

#define ADVISED   "--set=rule=mode: web1, only: advise, name: ours"
#define CONFIRMED "--set=rule=mode: web1, only: confirm, name: ours"
#define ALL_OURS  "--set=rule=mode: \"web*\", only: advise, name: ours"

static int serve_as(const char *mode, const char *rule) {
        return serve_with(mode, (const char *const[]){ "--set=service.hold=0s", rule, NULL });
}

/* How many moves of the VM, or of any VM, were begun. */
static uint32_t begun(const char *vm) {
        JournalEntry entries[32];
        const uint32_t n = journal(entries);
        uint32_t found = 0;

        for (uint32_t i = 0; i < n; i++)
                found += entries[i].event == JOURNAL_INTENT && (!vm || strcmp(entries[i].order->vm, vm) == 0);
        return found;
}

static Waiting waits_for_us(void) {
        Waiting *list = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        cr_assert_eq(1, n, "%u plans wait", n);
        return list[0];
}

Test(vm_mode, an_evacuation_leaves_the_vm_to_a_person_and_names_it) {
        LiveState s;
        uint32_t n = 0;

        report("h1", 3);
        report_vms("h2", 5, 1);
        cr_assert_eq(0, store_set_mark(store, "h1", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve_as("auto", ADVISED));
        cr_assert_eq(0, begun("web1"), "an operator said that it is not moved by itself");
        cr_assert_geq(begun("web2") + begun("web3"), 1, "what does not wait for it goes");
        s = live();
        for (uint32_t i = 0; i < s.n_stays; i++)
                if (strcmp(s.stays[i].vm, "web1") == 0) {
                        cr_assert_not_null(
                                strstr(s.stays[i].why, "rule ours leaves its moves to an operator"), "%s",
                                s.stays[i].why);
                        n++;
                }
        cr_assert_eq(1, n, "it is named as what holds the evacuation");
        person_option = ADVISED;
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("status"), "%s", said);
        SAYS("blocked: web1 must leave h1: rule ours leaves its moves to an operator (only: advise) (plimsoll move web1)");
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("status", "--json"));
        SAYS("\"left_to_a_person\"");
        SAYS("\"mode\": \"advise\"");
        (void) PLIMSOLL("maintenance", "status");
        SAYS("web1 cannot leave: rule ours leaves its moves to an operator");
}

Test(vm_mode, what_it_advises_is_shown_and_nothing_is_moved) {
        LiveState s;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve_as("auto", ALL_OURS));
        cr_assert_eq(0, begun(NULL));
        s = live();
        cr_assert_gt(s.n_moves, 0, "what balance would move is shown");
        for (uint32_t i = 0; i < s.n_moves; i++)
                cr_assert(s.moves[i].order->held && strstr(s.moves[i].order->held, "rule ours"), "move %u",
                          i);
        person_option = ALL_OURS;
        cr_assert_eq(EXIT_DONE, PLIMSOLL("status"), "%s", said);
        SAYS("rule ours leaves its moves to an operator (only: advise)");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("plan", "--json"), "%s", said);
        SAYS("\"held_why\": \"rule ours leaves its moves to an operator (only: advise)\"");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("plan"), "%s", said);
        SAYS("Not moved by the service itself:");
}

Test(vm_mode, confirm_asks_and_an_answer_carries_it_out) {
        WaitingAnswer yes = { .yes = true, .by = "root@ops1", .at = clock_now() };
        const AuditEntry *list = NULL;
        const char *text = NULL;
        uint32_t n_audit = 0;
        bool told = false;
        size_t n = 0;
        Waiting w;

        report("h1", 1);
        report("h2", 0);
        cr_assert_eq(0, store_set_mark(store, "h1", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve_as("auto", CONFIRMED));
        cr_assert_eq(0, begun(NULL), "it waits for a person");
        w = waits_for_us();
        cr_assert_not_null(w.file);
        cr_assert_eq(1, w.file->n_moves);
        cr_assert_str_eq("web1", w.file->moves[0].vm);
        person_option = CONFIRMED;
        (void) PLIMSOLL("maintenance", "status");
        SAYS(w.plan.id);
        cr_assert_eq(0, answer_text_print(&arena, &yes, &text, &n));
        cr_assert_eq(0, store_put_answer(store, w.plan.id, text, n));
        cr_assert_eq(EXIT_DONE, serve_as("auto", CONFIRMED));
        cr_assert_eq(1, begun("web1"));
        cr_assert_eq(0, audit_store_read(store, &arena, 0, &list, &n_audit));
        for (uint32_t i = 0; i < n_audit; i++)
                told |= list[i].answer && strcmp(list[i].answer, "yes") == 0 && list[i].by &&
                        strcmp(list[i].by, "root@ops1") == 0;
        cr_assert(told, "who said yes stands in the audit");
}

Test(vm_mode, by_then_advised_a_plan_that_waits_is_dropped) {
        Waiting *list = NULL;
        uint32_t n = 0;

        report("h1", 1);
        report("h2", 0);
        cr_assert_eq(0, store_set_mark(store, "h1", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve_as("auto", CONFIRMED));
        (void) waits_for_us();
        cr_assert_eq(EXIT_DONE, serve_as("auto", ADVISED));
        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        cr_assert_eq(0, n, "nobody is asked about a VM that is not the service's");
        cr_assert_eq(0, begun(NULL));
}

Test(vm_mode, the_stricter_of_service_and_vm_holds) {
        report("h1", 1);
        report("h2", 0);
        cr_assert_eq(0, store_set_mark(store, "h1", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve_as("advise", "--set=rule=mode: web1, only: auto"));
        cr_assert_eq(0, begun(NULL));
        cr_assert_eq(EXIT_DONE, serve_as("advise", CONFIRMED));
        cr_assert_eq(0, begun(NULL));
        cr_assert_eq(0, live().n_waiting, "a service that advises asks nobody");
        cr_assert_eq(EXIT_DONE, serve_as("auto", "--set=rule=mode: web1, only: auto"));
        cr_assert_eq(1, begun("web1"));
}
