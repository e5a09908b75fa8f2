/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts in maintenance whose deadline has passed with VMs on them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/text/late_text.h"

#define NOW (INT64_C(1767225600) * USEC_PER_SEC)

static Host hosts[3];
static Vm vms[8];
static const char *const names[8] = { "a", "b", "c", "d", "e", "f", "g", "h" };
static Snapshot snapshot = { .hosts = hosts, .vms = vms, .n_hosts = 3, .n_vms = 8 };

/* h1: three VMs, its deadline is a minute past; h2: likewise, a minute to come; h3: past, and not in maintenance. */
static void setup(void) {
        static const char *const host_names[3] = { "h1", "h2", "h3" };
        static const usec_t deadlines[3] = { NOW - 60 * USEC_PER_SEC, NOW + 60 * USEC_PER_SEC,
                                             NOW - 60 * USEC_PER_SEC };

        for (HostIx h = 0; h < 3; h++) {
                hosts[h] = host_unknown();
                hosts[h].name = host_names[h];
                hosts[h].state = h < 2 ? HOST_MAINTENANCE : HOST_ACTIVE;
                hosts[h].leave_by = deadlines[h];
        }
        for (VmIx v = 0; v < 8; v++) {
                vms[v] = vm_unknown();
                vms[v].name = names[v];
                vms[v].host = v % 3;
        }
}

TestSuite(late_text, .init = setup);

Test(late_text, it_is_late_when_its_deadline_has_passed_with_vms_on_it) {
        cr_assert_eq(late_vms(&snapshot, 0, NOW), 3);
        cr_assert_eq(late_vms(&snapshot, 1, NOW), 0);
        cr_assert_eq(late_vms(&snapshot, 2, NOW), 0, "it is not in maintenance");
        cr_assert_eq(late_hosts(&snapshot, NOW), 1);
        cr_assert_eq(late_hosts(&snapshot, NOW + 60 * USEC_PER_SEC), 2, "to the microsecond");
        for (VmIx v = 0; v < 8; v++)
                vms[v].host = 2;
        cr_assert_eq(late_hosts(&snapshot, NOW), 0, "it is empty");
}

static char *printed(void) {
        char *text = NULL;
        size_t n = 0;
        Screen screen = { .out = open_memstream(&text, &n) };

        late_print(&snapshot, NOW, &screen);
        (void) fclose(screen.out);
        return text;
}

Test(late_text, a_line_names_the_vms_and_says_since_when) {
        char *text = printed();

        cr_assert_str_eq(text,
                         "late: the deadline of h1 passed 1 min 0 s ago with VMs on it: a, d, g (plimsoll "
                         "maintenance status h1)\n\n");
        free(text);
        for (VmIx v = 0; v < 8; v++)
                vms[v].host = 0;
        text = printed();
        cr_assert_not_null(strstr(text, "a, b, c, d, e … and 3 more (plimsoll"), "%s", text);
        free(text);
}

Test(late_text, json_has_all_of_them) {
        json_t *list = late_json(&snapshot, NOW);

        cr_assert_eq(json_array_size(list), 1);
        cr_assert_str_eq("h1", json_string_value(json_object_get(json_array_get(list, 0), "host")));
        cr_assert_str_eq("2025-12-31T23:59:00Z",
                         json_string_value(json_object_get(json_array_get(list, 0), "leave_by")));
        cr_assert_eq(3, json_array_size(json_object_get(json_array_get(list, 0), "vms")));
        json_decref(list);
}
