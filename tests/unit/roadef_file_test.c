/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "policies/policies.h"
#include "scheduler/decide/search/search.h"
#include "scheduler/snapshot/import/roadef_file.h"

static char memory[1 << 22];

static size_t fixture(const char *name, char *text, size_t size) {
        char path[512];
        size_t n;
        FILE *f;

        (void) snprintf(path, sizeof(path), SOURCE_DIR "/tests/fixtures/roadef/%s", name);
        f = fopen(path, "r");
        cr_assert_not_null(f);
        n = fread(text, 1, size - 1, f);
        text[n] = '\0';
        (void) fclose(f);
        return n;
}

static Problem *example(Arena *a) {
        char text[4096];
        TextFault fault;
        Problem *p;
        size_t n = fixture("model", text, sizeof(text));

        cr_assert_eq(0, roadef_model_parse(a, text, n, &p, &fault), "%s: %s", fault.field, fault.what);
        n = fixture("assignment", text, sizeof(text));
        cr_assert_eq(0, roadef_assignment_parse(a, p, text, n, &p->home, &fault));
        return p;
}

/* Counted by hand from the challenge's definition, and by brute force over all 64 assignments. */
Test(roadef_file, the_example_has_its_known_costs) {
        Arena a = arena_over(memory, sizeof(memory));
        const SearchBudget budget = {
                .evaluations = 50000, .max_moves = UINT32_MAX, .max_mib = INT64_MAX, .tasks = 2
        };
        const Problem *p = example(&a);
        SearchResult r;

        cr_assert_eq(p->n_hosts, 4);
        cr_assert_eq(p->n_vms, 3);
        cr_assert_eq(0,
                     search_run(&a, &(SearchInput){ p, policies_all(), NULL, budget, 1, &workers_none }, &r));
        cr_assert_eq(r.before.tier[TIER_BALANCE], 4200);
        cr_assert_eq(r.before.tier[TIER_REPAIR], 0);
        cr_assert_eq(r.after.tier[TIER_BALANCE], 2411);
        cr_assert_eq(r.host_of[0], 0);
        cr_assert_eq(r.host_of[1], 2);
        cr_assert_eq(r.host_of[2], 1);
}

Test(roadef_file, every_truncation_is_told_by_token) {
        char text[4096];
        const size_t n = fixture("model", text, sizeof(text));

        for (size_t cut = 0; cut + 3 < n; cut++) {
                Arena a = arena_over(memory, sizeof(memory));
                TextFault fault;
                Problem *p;

                cr_assert_eq(-EINVAL, roadef_model_parse(&a, text, cut, &p, &fault), "at %zu", cut);
                cr_assert_eq(0, strncmp(fault.field, "token ", 6), "at %zu: %s", cut, fault.field);
                cr_assert_gt(strlen(fault.what), 0);
        }
}

static void refuses(const char *model, const char *field, const char *what) {
        Arena a = arena_over(memory, sizeof(memory));
        TextFault fault;
        Problem *p;

        cr_assert_eq(-EINVAL, roadef_model_parse(&a, model, strlen(model), &p, &fault), "%s", model);
        cr_assert_str_eq(fault.field, field, "%s: %s", fault.field, fault.what);
        cr_assert_not_null(strstr(fault.what, what), "%s", fault.what);
}

Test(roadef_file, what_is_wrong_is_named) {
        refuses("29 0 1", "token 1", "number of resources: \"29\"");
        refuses("0", "token 1", "found 0; accepted: at least one resource");
        refuses("1 2 10 ", "token 2", "transient: \"2\"");
        refuses("1 0 -3 ", "token 3", "\"-3\"");
        refuses("1 0 10x ", "token 3", "\"10x\"");
        refuses("1 0 1099511627777 ", "token 3", "0 to 1099511627776");
        refuses("1 0 1 100000 1 1 1", "token 4", "too short");
        refuses("1 0 1 1 0 0 5 5 0 0 1 0 1 0 0 0 0 0", "token 11", "processes without a service");
        refuses("1 0 1 1 0 0 5 5 0 1 0 0 1 1 5 1 0 0 0 0", "token 14", "service: \"1\"");
        refuses("1 0 1 1 0 0 5 5 0 1 0 0 1 0 5 1 0 0 0 0 9", "token 21", "accepted: the end of the file");
        refuses("1 0 1099511627776 1 0 0 5 5 0 1 0 0 1 0 1099511627776 1 0 0 0 0", "token 20", "2^60");
}

Test(roadef_file, assignments_are_checked) {
        static const struct {
                const char *text, *field;
        } bad[] = {
                { "0 3", "token 3" }, { "0 4 0", "token 2" }, { "0 3 0 1", "token 4" }, { "", "token 1" }
        };
        Arena a = arena_over(memory, sizeof(memory));
        const Problem *p = example(&a);

        for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
                const HostIx *host_of;
                TextFault fault;

                cr_assert_eq(-EINVAL, roadef_assignment_parse(&a, p, bad[i].text, strlen(bad[i].text),
                                                              &host_of, &fault));
                cr_assert_str_eq(fault.field, bad[i].field);
        }
}
