/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that start moves beside a service that acts, which keeps the lease: a real Redis, the whole service, migrations on
 * the simulated executor. plimsoll move hands its move over, and waits; what cannot be handed over says what can be done.
 */
#include "tests/integration/hand_over_world.h"

TestSuite(hand_over, .init = setup, .fini = teardown, .timeout = 120);

/* ---- a person ---- */

static void mark(const char *host, HostState state) {
        const OperatorMark m = { .state = state, .by = "root@h9", .at = clock_now() };
        const char *text = NULL;

        cr_assert_eq(0, host_mark_print(&arena, &m, &text));
        cr_assert_eq(0, store_set_mark(store, host, text));
        cr_assert_eq(0, store_call_round(store));
}

static uint32_t asked(void) {
        StoredText *texts = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, store_get_asked(store, &arena, &texts, &n));
        return n;
}

/* As plimsoll move --no-wait does. */
static void ask(const char *vm, const char *to, usec_t at, usec_t until) {
        char uuid[40];
        const AskedMove move = {
                .id = "1-1", .uuid = uuid, .to = to, .by = "root@desk", .at = at, .until = until
        };
        const char *text = NULL;
        size_t n = 0;

        (void) snprintf(uuid, sizeof(uuid), "00000000-0000-4000-8000-%012d", number(vm, 2) + 1);
        cr_assert_eq(0, asked_move_print(&arena, &move, &text, &n));
        cr_assert_eq(0, store_put_asked(store, vm, text, n));
}

static ToldMove told(const char *vm) {
        ToldMove t = { 0 };

        UNTIL(told_move_read(store, &arena, vm, "1-1", &t) == 0);
        UNTIL(asked() == 0); /* what was answered is not asked for any more */
        return t;
}

static uint32_t began(void) {
        JournalEntry all[32];
        const uint32_t n = journal(all);
        uint32_t begun = 0;

        for (uint32_t i = 0; i < n; i++)
                begun += all[i].event == JOURNAL_INTENT;
        return begun;
}

/* The newest decision of that mode. */
static AuditEntry audit_of(const char *mode) {
        const AuditEntry *all = NULL;
        uint32_t n = 0;

        cr_assert_eq(0, audit_store_read(store, &arena, 0, &all, &n));
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(all[i].mode, mode) == 0)
                        return all[i];
        cr_assert_fail("no entry of mode %s among %u", mode, n);
        return (AuditEntry){ 0 };
}

/* ---- the stories ---- */

static void is_moved_by_the_service(const char *mode) {
        const CoolDown *cool = NULL;
        const char *text = NULL;
        AuditEntry audit;
        char me[256];
        uint32_t n = 0;
        size_t size = 0;

        service_leads(mode);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm0", "h3", "--yes"), "%s", said);
        SAYS("vm0 moves from h1 to h3");
        SAYS(" carries it out\nvm0 ");
        SAYS("vm0 runs on h3 after ");
        cr_assert(is_on(0, 3));
        cr_assert_eq(1, began(), "that, and nothing else");
        cr_assert_eq(0, asked());
        cr_assert(log_has("move.asked vm=\"vm0\" to=h3 by=") && log_has("end=done"), "%s", log_text);

        audit = audit_of("move");
        cr_assert_str_eq(operator_name(me, sizeof(me)), audit.by);
        cr_assert_eq(1, audit.n_moves);
        cr_assert_str_eq("done", audit.moves[0].end);
        cr_assert_str_eq("manual", audit.moves[0].order->kind);
        cr_assert(audit.record, "it can be replayed");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("audit"), "%s", said);
        SAYS("move, asked, by ");
        cr_assert_eq(0, store_get_state(store, &arena, COOL_DOWNS_NAME, &text, &size));
        cr_assert_eq(0, cool_downs_parse(&arena, text, size, &cool, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq(me, cool[0].by, "it stays where a person put it");
        /* once its new host has reported it */
        UNTIL(PLIMSOLL("move", "vm0", "h3", "--dry-run") == EXIT_DONE && strstr(said, "already runs on h3"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm0", "h3", "--yes"), "%s", said);
        SAYS("already runs on h3");
}

Test(hand_over, a_move_is_carried_out_by_a_service_in_auto) {
        is_moved_by_the_service("--mode=auto");
}

Test(hand_over, and_by_one_that_asks_for_its_own_plans) {
        is_moved_by_the_service("--mode=confirm");
}

Test(hand_over, without_a_host_it_goes_where_it_was_said_to_go) {
        service_leads("--mode=auto");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm0", "--yes", "--json"), "%s", said);
        SAYS("\"schema\": \"plimsoll.apply/1\"");
        SAYS("\"end\": \"done\"");
        SAYS("\"stayed\": []");
        cr_assert_not(is_on(0, 1));
}

Test(hand_over, what_cannot_move_there_is_not_asked_for) {
        service_leads("--mode=auto");
        mark("h3", HOST_CORDONED);
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("move", "vm0", "h3", "--yes"), "%s", said);
        SAYS("vm0 cannot move to h3");
        SAYS("why: ");
        cr_assert_eq(0, asked());
        cr_assert_eq(0, began());
}

Test(hand_over, what_cannot_move_by_the_leaders_facts_is_refused_with_the_reason) {
        ToldMove t;

        service_leads("--mode=auto");
        mark("h3", HOST_CORDONED);
        ask("vm0", "h3", clock_now(), clock_now() + ASKED_FOR);
        t = told("vm0");
        cr_assert_eq(TOLD_REFUSED, t.end);
        cr_assert(strstr(t.why, "cordoned"), "%s", t.why);
        cr_assert_eq(0, began());
}

Test(hand_over, a_migration_that_fails_is_told_with_its_reason_and_not_tried_again) {
        service_leads("--mode=auto");
        fails_to_h3 = true;
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("move", "vm0", "h3", "--yes"), "%s", said);
        SAYS("vm0 stays on h1 (failed)");
        SAYS("the target has no such bridge");
        cr_assert_eq(0, asked());
        cr_assert_eq(1, began());
        cr_assert_str_eq("failed", audit_of("move").moves[0].end);
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("move", "vm1", "h3", "--yes", "--json"), "%s", said);
        SAYS("\"stayed\": [");
        SAYS("\"host\": \"h1\"");
}

/* ---- what came of it cannot be written down at once ---- */

static atomic_int tells_fail, audits_fail;

int __real_store_put_told(Store *s, uint64_t token, const char *vm, const char *text, size_t n);
int __wrap_store_put_told(Store *s, uint64_t token, const char *vm, const char *text, size_t n);
int __real_store_put_audit(Store *s, uint64_t token, const char *text, size_t n, usec_t keep);
int __wrap_store_put_audit(Store *s, uint64_t token, const char *text, size_t n, usec_t keep);

static bool fails(atomic_int *left) {
        return atomic_load(left) > 0 && atomic_fetch_sub(left, 1) > 0;
}

int __wrap_store_put_told(Store *s, uint64_t token, const char *vm, const char *text, size_t n) {
        return fails(&tells_fail) ? -ECONNRESET : __real_store_put_told(s, token, vm, text, n);
}

int __wrap_store_put_audit(Store *s, uint64_t token, const char *text, size_t n, usec_t keep) {
        return fails(&audits_fail) ? -ECONNRESET : __real_store_put_audit(s, token, text, n, keep);
}

static void is_told_all_the_same(int tells, int audits) {
        const AuditEntry *all = NULL;
        uint32_t n = 0, moves = 0;

        service_leads("--mode=auto");
        atomic_store(&tells_fail, tells);
        atomic_store(&audits_fail, audits);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm0", "h3", "--yes"), "%s", said);
        SAYS("vm0 runs on h3 after ");
        cr_assert(log_has("while=\"reporting the result of an operator's move\""), "%s", log_text);
        cr_assert_eq(0, audit_store_read(store, &arena, 0, &all, &n));
        for (uint32_t i = 0; i < n; i++)
                moves += strcmp(all[i].mode, "move") == 0;
        cr_assert_eq(1, moves, "written down once");
        cr_assert_eq(0, asked());
}

Test(hand_over, an_answer_that_could_not_be_written_is_written_again) {
        is_told_all_the_same(1, 0);
}

Test(hand_over, an_audit_that_could_not_be_written_is_written_again) {
        is_told_all_the_same(0, 1);
}

/* As long as the run lasts: then the next round finds in the journal how it came there. */
Test(hand_over, an_answer_that_comes_a_round_later_has_its_moves) {
        is_told_all_the_same(2, 0);
}

/* h3 has room for one VM more, once one of its own has left. */
static void h3_is_full(void) {
        (void) pthread_mutex_lock(&lock);
        host_of[4] = host_of[5] = 2;
        memory_of_h3 = 3500;
        (void) pthread_mutex_unlock(&lock);
        agents_report(store, &arena); /* before anybody asks */
}

Test(hand_over, others_make_way_where_they_are_asked_to) {
        h3_is_full();
        service_leads("--mode=auto");
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("move", "vm0", "h3", "--yes"), "%s", said);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm0", "h3", "--make-way", "--yes"), "%s", said);
        cr_assert(is_on(0, 3) && !(is_on(4, 3) && is_on(5, 3)));
        cr_assert_eq(2, audit_of("move").n_moves);
}

/* Who was to make way cannot: that is said, and nothing is tried again and again until the time is over. */
Test(hand_over, where_who_makes_way_fails_that_is_the_end_and_it_is_said) {
        const usec_t begun = clock_monotonic();

        h3_is_full();
        fails_from_h3 = true;
        service_leads("--mode=auto");
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("move", "vm0", "h3", "--make-way", "--yes"), "%s", said);
        cr_assert_lt(clock_monotonic() - begun, 20 * USEC_PER_SEC);
        SAYS("vm0 stays on h1 (failed)");
        SAYS(", which was to make room for it, stays on h3: ");
        SAYS("the target has no such bridge");
        cr_assert_eq(0, asked());
        cr_assert_leq(began(), 2, "the leader may want to relieve h3 itself\n%s", log_text);
        cr_assert_eq(2, audit_of("move").n_moves);
}

Test(hand_over, it_waits_for_no_slow_move_and_leaves_an_evacuation_alone) {
        usec_t at;

        takes[0] = 6 * USEC_PER_SEC;
        mark("h1", HOST_MAINTENANCE);
        service_leads("--mode=auto");
        UNTIL(began() > 0);
        at = clock_monotonic();
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm4", "h3", "--yes"), "%s", said);
        cr_assert_lt(clock_monotonic() - at, 5 * USEC_PER_SEC, "while h1's run");
        cr_assert(is_on(4, 3));
        cr_assert(is_on(0, 1) && is_on(1, 1), "they are still on their way");
        UNTIL(!is_on(0, 1) && !is_on(1, 1) && !is_on(2, 1) && !is_on(3, 1));
        cr_assert_not(log_has("end=failed") || log_has("end=refused"), "%s", log_text);
}

Test(hand_over, several_are_asked_for_at_once) {
        const usec_t now = clock_now();

        service_begin("--mode=auto");
        ask("vm0", "h3", now, now + ASKED_FOR);
        ask("vm1", "h2", now, now + ASKED_FOR);
        ask("vm4", "h1", now, now + ASKED_FOR);
        cr_assert_eq(TOLD_DONE, told("vm0").end);
        cr_assert_eq(TOLD_DONE, told("vm1").end);
        cr_assert_eq(TOLD_DONE, told("vm4").end);
        cr_assert(is_on(0, 3) && is_on(1, 2) && is_on(4, 1));
        cr_assert_eq(3, began());
}

Test(hand_over, what_a_leader_left_is_not_done_twice) {
        const usec_t now = clock_now();
        JournalEntry e = { .event = JOURNAL_FAILED,
                           .id = "dead/1/0",
                           .order = &(MoveOrder){ .vm = "vm1", .from = "h1", .to = "h3" },
                           .at = now,
                           .took = MOVE_NOT_MEASURED,
                           .message = "no such bridge" };
        const char *text = NULL;
        char holder[64];
        ToldMove t;
        uint64_t token = 0;
        size_t n = 0;

        cr_assert_eq(0, store_lease(store, "dead", USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(0, journal_print(&arena, &e, &text, &n));
        cr_assert_eq(0, store_journal(store, token, text, n));
        cr_assert_eq(0, store_release(store, "dead"));
        ask("vm4", "h2", now - 1, now + ASKED_FOR); /* it is there */
        ask("vm1", "h3", now - 1, now + ASKED_FOR);
        ask("vm2", "h3", now - 2 * ASKED_FOR, now - ASKED_FOR);
        service_begin("--mode=auto");
        cr_assert_eq(TOLD_DONE, told("vm4").end);
        cr_assert_eq(TOLD_FAILED, told("vm1").end);
        cr_assert_str_eq("no such bridge", told("vm1").why);
        t = told("vm2");
        cr_assert_eq(TOLD_EXPIRED, t.end);
        cr_assert(strstr(t.why, "in time and dropped the request; it would be possible now"), "%s", t.why);
        cr_assert_eq(0, began());
        cr_assert(is_on(1, 1) && is_on(2, 1));
}

Test(hand_over, one_that_is_another_vm_by_now_stays) {
        const usec_t now = clock_now();
        const AskedMove move = { .id = "1-1",
                                 .uuid = "00000000-0000-4000-8000-000000000099",
                                 .to = "h3",
                                 .by = "root@desk",
                                 .at = now,
                                 .until = now + ASKED_FOR };
        const char *text = NULL;
        ToldMove t;
        size_t n = 0;

        cr_assert_eq(0, asked_move_print(&arena, &move, &text, &n));
        cr_assert_eq(0, store_put_asked(store, "vm0", text, n));
        cr_assert_eq(0, store_put_asked(store, "vm1", "gibberish", 9));
        service_begin("--mode=auto");
        t = told("vm0");
        cr_assert_eq(TOLD_REFUSED, t.end);
        cr_assert(strstr(t.why, "another one"), "%s", t.why);
        cr_assert_eq(0, asked(), "what cannot be read is dropped");
        cr_assert_eq(0, began());
}

Test(hand_over, who_does_not_wait_is_told_where_to_look) {
        service_leads("--mode=auto");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm0", "h3", "--yes", "--no-wait"), "%s", said);
        SAYS(": move vm0 to h3");
        UNTIL(is_on(0, 3));
        UNTIL(asked() == 0);
}

Test(hand_over, under_a_stop_nothing_is_asked) {
        service_leads("--mode=auto");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("stop", "--why", "the switch burns"), "%s", said);
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("move", "vm0", "h3", "--yes"), "%s", said);
        SAYS("the switch burns");
        cr_assert_eq(0, asked());
}

Test(hand_over, where_a_service_only_advises_the_command_moves_it_itself) {
        service_leads("--mode=advise");
        (void) PLIMSOLL("move", "vm0", "h3", "--yes"); /* by libvirt, which is not there */
        cr_assert_not(strstr(said, "carries it out"), "%s", said);
        cr_assert_eq(0, asked());
        cr_assert_eq(1, began(), "%s", said);
}

/* ---- plans ---- */

/* The plan that was printed last. */
static const char *plan_said(const char *vm, const char *to) {
        const char *path = text_format(&arena, "%s/%s-to-%s.json", dir, vm, to);
        FILE *f = fopen(path, "w");

        cr_assert(f && fputs(said, f) >= 0 && fclose(f) == 0);
        return text_format(&arena, "--plan=%s", path);
}

static const char *plan_of(const char *vm, const char *to) {
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", vm, to, "--dry-run", "--json"), "%s", said);
        return plan_said(vm, to);
}

static bool waits(const char *id) {
        StoredText *texts = NULL;
        uint32_t n = 0, found = 0;

        cr_assert_eq(0, store_get_waiting(store, &arena, &texts, &n));
        for (uint32_t i = 0; i < n; i++)
                found += strcmp(texts[i].name, id) == 0;
        return found > 0;
}

static AuditEntry became(const char *id) {
        const AuditEntry *all = NULL;
        uint32_t n = 0, i = 0;

        cr_assert_eq(0, audit_store_read(store, &arena, 0, &all, &n));
        while (i < n && !(all[i].waiting && all[i].answer && strcmp(all[i].waiting, id) == 0))
                i++;
        return i < n ? all[i] : (AuditEntry){ .answer = "none" };
}

static void plan_is_carried_out(const char *mode) {
        char me[256];
        AuditEntry audit;

        service_leads(mode);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan_of("vm0", "h3"), "--id=p1", "--yes"), "%s", said);
        SAYS(" carries out plan p1");
        SAYS("1 of 1 moved");
        cr_assert(is_on(0, 3));
        cr_assert_eq(1, began());
        cr_assert_not(waits("p1"));
        audit = became("p1");
        cr_assert_str_eq("yes", audit.answer);
        cr_assert_str_eq(operator_name(me, sizeof(me)), audit.by);
        cr_assert_eq(1, audit.n_moves);
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan_of("vm1", "h3"), "--id=p1", "--yes"), "%s", said);
        SAYS("1 of 1 moved");
        cr_assert_eq(1, began(), "under the same name nothing is begun again");
        cr_assert(is_on(1, 1));
}

Test(hand_over, a_plan_is_carried_out_by_a_service_in_auto) {
        plan_is_carried_out("--mode=auto");
}

Test(hand_over, a_plan_is_carried_out_by_one_that_asks_for_its_own) {
        plan_is_carried_out("--mode=confirm");
}

/* ---- a yes that comes while a round has begun, and has not read the answers yet ---- */

static atomic_bool late_yes;

int __real_store_get_answers(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n);
int __wrap_store_get_answers(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n);

int __wrap_store_get_answers(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        if (atomic_exchange(&late_yes, false)) {
                const WaitingAnswer yes = { .yes = true, .by = "ann@desk", .at = clock_now() };
                const char *text;
                size_t n;

                cr_assert_eq(0, answer_text_print(a, &yes, &text, &n));
                cr_assert_eq(0, store_put_answer(s, "p1", text, n), "%s", store_error(s));
        }
        return __real_store_get_answers(s, a, ret, ret_n);
}

Test(hand_over, a_yes_is_not_overtaken_by_its_own_call) {
        h3_is_full();
        takes[2] = 3 * USEC_PER_SEC; /* vm0 waits for who makes way */
        service_leads("--mode=confirm");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("move", "vm0", "h3", "--make-way", "--dry-run", "--json"), "%s",
                     said);
        cr_assert_eq(EXIT_DONE,
                     PLIMSOLL("apply", plan_said("vm0", "h3"), "--id=p1", "--propose", "--no-wait"), "%s",
                     said);
        UNTIL(waits("p1"));
        atomic_store(&late_yes, true);
        cr_assert_eq(0, store_call_round(store));
        UNTIL(strcmp(became("p1").answer, "yes") == 0);
        cr_assert(is_on(0, 3), "%s", log_text);
        cr_assert_not(log_has("plan.overtaken"), "%s", log_text);
}

Test(hand_over, of_two_plans_that_wait_each_needs_its_own_yes) {
        service_leads("--mode=confirm");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan_of("vm0", "h3"), "--id=p1", "--propose", "--no-wait"),
                     "%s", said);
        SAYS("plan p1 is handed to ");
        SAYS("plimsoll confirm");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan_of("vm1", "h3"), "--id=p2", "--propose", "--no-wait"),
                     "%s", said);
        UNTIL(waits("p1") && waits("p2"));
        cr_assert_eq(0, began());
        cr_assert_eq(EXIT_DONE, PLIMSOLL("confirm", "p2", "--yes"), "%s", said);
        UNTIL(is_on(1, 3));
        UNTIL(strcmp(became("p2").answer, "yes") == 0);
        cr_assert(waits("p1"));
        cr_assert(is_on(0, 1));
        cr_assert_eq(1, began());
        cr_assert_eq(EXIT_DONE, PLIMSOLL("confirm", "p1", "--reject"), "%s", said);
        UNTIL(strcmp(became("p1").answer, "no") == 0);
        cr_assert(is_on(0, 1));
}

Test(hand_over, the_second_is_judged_by_what_the_first_has_made_of_the_cluster) {
        const char *plan = plan_of("vm0", "h2");

        service_leads("--mode=auto");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan, "--id=p2", "--propose", "--no-wait"), "%s", said);
        UNTIL(waits("p2"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan_of("vm0", "h3"), "--id=p1", "--yes"), "%s", said);
        cr_assert(waits("p2"), "with a yes to one nothing is said of the other");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("confirm", "p2", "--yes"), "%s", said);
        UNTIL(strcmp(became("p2").answer, "dropped") == 0);
        cr_assert(strstr(became("p2").by, "it is no longer safe"), "%s", became("p2").by);
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("apply", plan, "--id=p2", "--yes"), "%s", said);
        SAYS("nothing was moved: the service dropped plan p2");
        cr_assert(is_on(0, 3));
        cr_assert_eq(1, began());
}

Test(hand_over, behind_an_id_that_waits_stays_what_was_read) {
        service_leads("--mode=auto");
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan_of("vm0", "h3"), "--id=p1", "--propose", "--no-wait"),
                     "%s", said);
        UNTIL(waits("p1"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("apply", plan_of("vm1", "h3"), "--id=p1", "--yes", "--no-wait"),
                     "%s", said);
        UNTIL(log_has("a plan with this id waits already"));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("confirm", "p1", "--yes"), "%s", said);
        UNTIL(is_on(0, 3));
        cr_assert(is_on(1, 1));
        cr_assert_eq(EXIT_DONE, PLIMSOLL("audit"), "%s", said);
}

Test(hand_over, a_plan_that_is_none_is_taken_out_and_nothing_is_done) {
        StoredText *texts = NULL;
        uint32_t n = 1;

        service_leads("--mode=auto");
        cr_assert_eq(0, store_put_handed(store, "p1", "gibberish", 9));
        for (int i = 0; i < 400 && n > 0; i++) {
                clock_sleep(50 * USEC_PER_MSEC);
                cr_assert_eq(0, store_get_handed(store, &arena, &texts, &n));
        }
        cr_assert_eq(0, n);
        cr_assert(log_has("plan.refused id=\"p1\""), "%s", log_text);
        cr_assert_eq(0, began());
}

Test(hand_over, a_named_plan_is_nobody_elses_where_no_service_moves) {
        service_leads("--mode=advise");
        cr_assert_eq(EXIT_BLOCKED, PLIMSOLL("apply", plan_of("vm0", "h3"), "--id=p1", "--yes"), "%s", said);
        SAYS("no service that moves VMs leads this cluster");
        cr_assert_eq(0, began());
}

/* ---- each command that starts moves ---- */

typedef struct Beside {
        const char *command, *words[5];
        bool refused;
        int status;
} Beside;

static const Beside besides[] = {
        { "apply", { "--yes" }, false, EXIT_DONE },
        { "move", { "vm0", "h3", "--yes" }, false, EXIT_DONE },
        { "evacuate", { "h2", "--yes" }, false, EXIT_DONE },
        { "maintenance", { "exit", "h2" }, false, EXIT_DONE },
        { "release", { "--all" }, false, EXIT_DONE },
        { "retry", { "--all" }, false, EXIT_DONE },
        { "confirm", { NULL }, false, EXIT_DONE },
};

static const Beside *beside_of(const char *command) {
        for (size_t i = 0; i < ARRAY_SIZE(besides); i++)
                if (strcmp(besides[i].command, command) == 0)
                        return &besides[i];
        return NULL;
}

Test(hand_over, the_table_of_commands_says_what_each_does) {
        enum { HANDED, REFUSED };
#define STARTS(name, how, beside)                                                                            \
        cr_expect(beside_of(#name), #name " is in starts_moves.def, and nobody tries it beside a service");  \
        cr_expect(beside_of(#name) && beside_of(#name)->refused == ((beside) == REFUSED), #name);
#include "scheduler/app/commands/starts_moves.def"
#undef STARTS
}

Test(hand_over, each_command_does_it_or_says_what_can_be_done) {
        service_leads("--mode=auto");
        mark("h3", HOST_CORDONED);
        mark("h3", HOST_ACTIVE);
        for (size_t i = 0; i < ARRAY_SIZE(besides); i++) {
                const Beside *b = &besides[i];
                const int status = plimsoll(b->command, b->words);

                cr_expect_eq(b->status, status, "%s: %d %s", b->command, status, said);
                cr_expect_eq(b->refused, strstr(said, "nothing was moved: ") != NULL, "%s: %s", b->command,
                             said);
                if (b->refused)
                        cr_expect(strstr(said, "plimsoll move VM HOST") &&
                                          strstr(said, "plimsoll evacuate HOST") &&
                                          strstr(said, "stop the service"),
                                  "%s", said);
        }
        cr_assert(!is_on(4, 2) && !is_on(5, 2), "h2 was left");
        cr_assert(is_on(0, 3));
}
