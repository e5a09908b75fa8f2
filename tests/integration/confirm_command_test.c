/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll confirm as a person meets it, on a real private Redis in which a service has asked; and plimsoll
 * apply beside a service that asks.
 */
#include "scheduler/app/commands/command.h"
#include "scheduler/app/round/confirm_store.h"
#include "tests/integration/service_fixture.h"

TestSuite(confirm_command, .init = service_setup, .fini = service_teardown, .timeout = 60);

static char *said; /* by the last command, on both outputs */

/* One command; words separated by blanks. Its exit status. */
static int plimsoll(const char *command, const char *words) {
        char *line = NULL, *rest = NULL, *argv[20] = { (char *) "plimsoll", (char *) command };
        size_t n = 0;
        int argc = 2, status;
        FILE *out;

        cr_assert_gt(asprintf(&line, "--redis=%s --cluster=t %s", url, words), 0);
        for (char *w = strtok_r(line, " ", &rest); w && argc < 19; w = strtok_r(NULL, " ", &rest))
                argv[argc++] = w;
        argv[argc] = NULL;
        free(said);
        out = open_memstream(&said, &n);
        cr_assert_not_null(out);
        status = command_main(argc, argv, out, out);
        (void) fclose(out);
        free(line);
        return status;
}

static int confirm(const char *words) {
        return plimsoll("confirm", words);
}

#define SAYS(words) cr_assert(strstr(said, (words)), "%s", said)

static const char *about(const char *id, const char *word) {
        const char *text = text_format(&arena, "%s %s", id, word);

        cr_assert_not_null(text);
        return text;
}

/* The id of the one that waits, after a round that had something to ask. */
static const char *asked_with(const char *const *more) {
        Waiting *list = NULL;
        uint32_t n = 0;

        report("h1", 4);
        report("h2", 0);
        cr_assert_eq(EXIT_DONE, serve_with("confirm", more));
        cr_assert_eq(0, confirm_store_read(store, &arena, &list, &n));
        cr_assert_eq(1, n);
        return list[0].plan.id;
}

static const char *asked(void) {
        return asked_with((const char *const[]){ "--set=service.hold=0s", NULL });
}

Test(confirm_command, nothing_waits_where_no_host_has_ever_reported) {
        cr_assert_eq(EXIT_DONE, confirm(""));
        SAYS("no plan is awaiting confirmation in cluster t");
        cr_assert_eq(EXIT_DONE, confirm("--json"));
        SAYS("\"plans\": []");
        SAYS("\"schema\": \"plimsoll.confirm/1\"");
        cr_assert_eq(EXIT_BAD_INPUT, confirm("3f2a1 --yes"));
        SAYS("plan 3f2a1 not found; plimsoll confirm lists the plans awaiting confirmation");
}

Test(confirm_command, what_waits_is_listed_and_shown) {
        const char *id = asked();

        cr_assert_eq(EXIT_DONE, confirm(""));
        SAYS("ID");
        SAYS(id);
        SAYS("awaiting confirmation, for ");
        SAYS("ago");
        cr_assert_eq(EXIT_DONE, confirm(id));
        SAYS("VM");
        SAYS("web");
        SAYS("h1");
        SAYS(about(id, "--yes; to reject"));
        cr_assert_eq(EXIT_DONE, confirm(about(id, "--json")));
        SAYS("\"state\": \"asked\"");
        SAYS("\"schema\": \"plimsoll.plan/1\"");
        SAYS("\"answer\": null");
        cr_assert_eq(EXIT_DONE, plimsoll("status", ""));
        SAYS(text_format(&arena, "plimsoll confirm %s", id));
}

Test(confirm_command, a_yes_is_taken_once_and_what_came_of_it_is_said) {
        const char *id = asked();
        JournalEntry entries[32];

        cr_assert_eq(EXIT_DONE, confirm(about(id, "--yes")));
        SAYS("accepted: the service carries it out if it is still right");
        cr_assert_eq(EXIT_DONE, confirm(""));
        SAYS("accepted by ");
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(id, "--reject")));
        SAYS("was already accepted by ");
        cr_assert_eq(0, journal(entries), "it is the service that moves");
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_gt(journal(entries), 0);
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(id, "--yes")));
        SAYS("no longer awaits confirmation: it was accepted by ");
}

Test(confirm_command, a_no_is_said_until_the_same_is_asked_again) {
        const char *id = asked();

        cr_assert_eq(EXIT_DONE, confirm(about(id, "--reject --json")));
        SAYS("\"yes\": false");
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(EXIT_DONE, confirm(""));
        SAYS("rejected; not proposed again for ");
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(id, "--yes")));
        SAYS("was rejected and is not proposed again for now");
        cr_assert_eq(EXIT_DONE, confirm(about(id, "--json")));
        SAYS("\"state\": \"rejected\"");
}

Test(confirm_command, what_has_expired_is_said_to_have) {
        static const char *const soon[] = { "--set=service.hold=0s", "--set=service.confirm_for=1s", NULL };
        const char *id = asked_with(soon);

        clock_sleep(1100 * USEC_PER_MSEC); /* it is asked for 1 s */
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(id, "--yes")));
        SAYS("has expired; a new one is proposed if it is still needed");
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(id, "--yes")));
        SAYS("no longer awaits confirmation: it expired ");
}

Test(confirm_command, what_was_dropped_is_said_with_the_reason) {
        const char *id = asked();

        cr_assert_eq(0, store_set_mark(store, "h2", "maintenance"));
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(EXIT_BAD_INPUT, confirm(id));
        SAYS("no longer awaits confirmation: it was dropped ");
        SAYS("no longer safe");
}

Test(confirm_command, a_mistake_changes_nothing_and_says_what_is_accepted) {
        const char *id = asked();
        char *typo = strdup(id);

        typo[4] = typo[4] == '0' ? '1' : '0';
        cr_assert_eq(EXIT_BAD_INPUT, confirm("--yes"));
        SAYS("No plan given");
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(id, "--yes --reject")));
        SAYS("exclude each other");
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(typo, "--yes")));
        SAYS(text_format(&arena, "did you mean %s?", id));
        cr_assert_eq(EXIT_BAD_INPUT, confirm(about(typo, "--yes --json")));
        SAYS("\"schema\": \"plimsoll.error/1\"");
        cr_assert_eq(EXIT_DONE, confirm(""));
        SAYS("awaiting confirmation");
        free(typo);
}

Test(confirm_command, needs_a_redis_and_says_when_it_is_away) {
        char *argv[] = { (char *) "plimsoll", (char *) "confirm", (char *) "--from=x.json", NULL };
        char *away[] = { (char *) "plimsoll", (char *) "confirm", (char *) "--redis=redis://127.0.0.1:1",
                         NULL };
        size_t n = 0;
        FILE *out;

        out = open_memstream(&said, &n);
        cr_assert_eq(EXIT_BAD_INPUT, command_main(3, argv, out, out));
        (void) fflush(out);
        SAYS("Give --redis URL");
        cr_assert_eq(EXIT_FAILED, command_main(3, away, out, out));
        (void) fclose(out);
        SAYS("127.0.0.1:1");
}

Test(confirm_command, apply_beside_a_service_that_asks_hands_its_plan_over) {
        const char *id = asked();
        StoredText *texts = NULL;
        JournalEntry entries[32];
        char holder[64];
        uint64_t token = 0;
        uint32_t n = 0;

        cr_assert_eq(0, store_lease(store, "ops1/77/1", 60 * USEC_PER_SEC, &token, holder, sizeof(holder)));
        cr_assert_eq(EXIT_DONE, plimsoll("apply", "--id=p1 --propose --no-wait"), "%s", said);
        SAYS("plan p1 is handed to ops1/77/1");
        cr_assert_eq(0, store_get_handed(store, &arena, &texts, &n));
        cr_assert_eq(1, n);
        cr_assert_str_eq("p1", texts[0].name);
        cr_assert_eq(0, journal(entries));
        cr_assert_eq(0, store_release(store, "ops1/77/1"));
        cr_assert_eq(EXIT_DONE, serve("confirm"));
        cr_assert_eq(EXIT_DONE, confirm(""));
        SAYS("p1");
        SAYS(id);
        cr_assert_eq(0, store_get_handed(store, &arena, &texts, &n));
        cr_assert_eq(0, n);
}
