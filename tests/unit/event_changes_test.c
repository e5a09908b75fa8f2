/* SPDX-License-Identifier: Apache-2.0 */
/* What events are made of two pictures of a cluster. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "scheduler/app/api/event_changes.h"

/* The events as one line of JSON, without the blanks. */
static char *between(const char *was, const char *is) {
        json_t *before = json_loads(was, 0, NULL), *after = json_loads(is, 0, NULL), *changes = json_array();
        char *text;

        cr_assert(before && after);
        cr_assert_eq(0, event_changes(before, after, changes));
        text = json_dumps(changes, JSON_COMPACT | JSON_SORT_KEYS);
        json_decref(before);
        json_decref(after);
        json_decref(changes);
        return text;
}

static void expect(const char *was, const char *is, const char *events) {
        char *got = between(was, is);

        cr_expect_str_eq(got, events, "from %s to %s: %s", was, is, got);
        free(got);
}

Test(event_changes, nothing_has_changed) {
        expect("{\"stop\": {\"stopped\": false}, \"hosts\": {\"h1\": {\"state\": \"active\"}}}",
               "{\"stop\": {\"stopped\": false}, \"hosts\": {\"h1\": {\"state\": \"active\"}}}", "[]");
}

Test(event_changes, one_thing_is_told_as_it_is) {
        expect("{\"stop\": {\"stopped\": false}}", "{\"stop\": {\"stopped\": true, \"why\": \"fire\"}}",
               "[{\"event\":\"stop\",\"stopped\":true,\"why\":\"fire\"}]");
}

Test(event_changes, of_many_each_by_its_name) {
        expect("{\"plans\": {\"a\": {\"state\": \"asked\"}, \"b\": {\"state\": \"asked\"}}}",
               "{\"plans\": {\"b\": {\"state\": \"rejected\"}, \"c\": {\"state\": \"asked\"}}}",
               "[{\"event\":\"plan.changed\",\"plan\":\"b\",\"state\":\"rejected\"},"
               "{\"event\":\"plan.proposed\",\"plan\":\"c\",\"state\":\"asked\"},"
               "{\"event\":\"plan.gone\",\"plan\":\"a\"}]");
}

Test(event_changes, an_answer_that_was_taken_is_no_event) {
        expect("{\"answers\": {\"a\": {\"answer\": \"yes\"}}}", "{\"answers\": {}}", "[]");
}

/* What could not be read is not taken for what is not there. */
Test(event_changes, a_section_that_is_missing_proves_nothing) {
        expect("{\"hosts\": {\"h1\": {\"state\": \"active\"}}}", "{}", "[]");
        expect("{}", "{\"hosts\": {\"h1\": {\"state\": \"active\"}}}", "[]");
        expect("{\"round\": {\"at\": \"1\"}}", "{\"round\": null}", "[]");
        expect("{\"round\": null}", "{\"round\": {\"at\": \"1\"}}", "[{\"at\":\"1\",\"event\":\"round\"}]");
}

Test(event_changes, progress_alone_changes_nothing_that_may_be_read) {
        json_t *list = json_array();

        cr_assert_not(event_changes_matter(list));
        cr_assert_eq(0, event_change_add(list, "move.progress", "vm", "db", NULL));
        cr_assert_not(event_changes_matter(list));
        cr_assert_eq(0, event_change_add(list, "move.ended", "vm", "db", NULL));
        cr_assert(event_changes_matter(list));
        json_decref(list);
}

Test(event_changes, a_round_and_who_leads_are_nothing_to_act_upon) {
        json_t *list = json_array();

        cr_assert_not(event_changes_are_acted_upon(list));
        cr_assert_eq(0, event_change_add(list, "round", NULL, NULL, NULL));
        cr_assert_eq(0, event_change_add(list, "leader", NULL, NULL, NULL));
        cr_assert_eq(0, event_change_add(list, "move.progress", "vm", "db", NULL));
        cr_assert(event_changes_matter(list));
        cr_assert_not(event_changes_are_acted_upon(list));
        cr_assert_eq(0, event_change_add(list, "plan.proposed", "plan", "p1", NULL));
        cr_assert(event_changes_are_acted_upon(list));
        json_decref(list);
}
