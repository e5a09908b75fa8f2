/* SPDX-License-Identifier: Apache-2.0 */
/* What distance costs in a Problem: ways of moves, and VMs that talk. */
#include <criterion/criterion.h>
#include <string.h>

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/decide/problem/problem_build.h"
#include "scheduler/snapshot/files/snapshot_file.h"

static unsigned char memory[8 << 20];
static Arena arena;

static const Problem *problem_of(const char *hosts, const char *rest) {
        const char *text;
        const Snapshot *s;
        const Problem *p;
        Settings *settings;
        TextFault fault = { 0 };

        arena = arena_over(memory, sizeof(memory));
        text = text_format(&arena,
                           "{\"schema\":\"plimsoll.snapshot/1\",\"cluster\":\"c\",\"hosts\":[%s],\"vms\":["
                           "{\"name\":\"a\",\"host\":\"h1\",\"vcpus\":1,\"memory_mib\":64},"
                           "{\"name\":\"b\",\"host\":\"h2\",\"vcpus\":1,\"memory_mib\":64}]%s}",
                           hosts, rest);
        cr_assert_not_null(text);
        cr_assert_eq(0, snapshot_file_parse(&arena, text, strlen(text), &s, &fault), "%s", fault.what);
        cr_assert_eq(0, app_settings_new(&arena, &settings));
        cr_assert_eq(0, problem_build(&arena, s, settings, &p));
        return p;
}

#define HOST(name, more) "{\"name\":\"" name "\",\"cpus\":8,\"memory_mib\":1024" more "}"

Test(problem_distance, a_far_way_costs_more_than_a_near_one) {
        const Problem *p = problem_of(HOST("h1", ",\"rtt_us\":{\"h2\":90,\"h3\":5090}") "," HOST(
                                              "h2", ",\"rtt_us\":{\"h3\":40000}") "," HOST("h3", ""),
                                      "");

        cr_assert_not_null(p->distance);
        cr_assert_eq(p->distance[0 * 3 + 1], 0, "the nearest pair costs nothing more");
        cr_assert_eq(p->distance[0 * 3 + 2], 50, "5 ms: half a usual move");
        cr_assert_eq(p->distance[2 * 3 + 0], 50);
        cr_assert_eq(p->distance[1 * 3 + 2], 100, "40 ms: as much as a usual move, not more");
        cr_assert_eq(p->distance[1 * 3 + 1], 0);
        cr_assert_gt(p->distance_weight, 0);
}

Test(problem_distance, ways_that_hardly_differ_cost_nothing) {
        const Problem *p = problem_of(HOST("h1", ",\"rack\":\"a\",\"zone\":\"x\"") "," HOST(
                                              "h2", ",\"rack\":\"b\",\"zone\":\"y\",\"rtt_us\":{\"h1\":300}"),
                                      "");

        cr_assert_null(p->distance);
}

Test(problem_distance, vms_that_talk_cost_at_each_level_they_are_apart) {
        const Problem *p =
                problem_of(HOST("h1", ",\"rack\":\"a\",\"zone\":\"x\",\"rtt_us\":{\"h2\":900}") "," HOST(
                                   "h2", ",\"rack\":\"b\",\"zone\":\"y\""),
                           ",\"traffic\":[{\"vms\":[\"b\",\"a\"],\"mbit\":100}]");
        int64_t price[LEVEL_N] = { 0 };

        cr_assert_eq(p->n_groups, 1);
        cr_assert_eq(p->groups[0].n_vms, 2);
        for (uint32_t i = 0; i < p->n_talks; i++)
                price[p->talks[i].level] += p->talks[i].weight;
        /* nothing was measured within a rack or a zone: 100 and 300; between zones 900 + 500 */
        cr_assert_eq(price[LEVEL_HOST], 100000 * 100 / 2000);
        cr_assert_eq(price[LEVEL_RACK], 100000 * 200 / 2000);
        cr_assert_eq(price[LEVEL_ZONE], 100000 * 1100 / 2000);
        cr_assert_eq(p->n_rules, 0, "they are no rules an operator wrote");
}

Test(problem_distance, vms_that_say_little_are_not_looked_at) {
        const Problem *p = problem_of(HOST("h1", "") "," HOST("h2", ""),
                                      ",\"traffic\":[{\"vms\":[\"b\",\"a\"],\"mbit\":1}]");

        cr_assert_eq(p->n_talks, 0);
        cr_assert_eq(p->n_groups, 0);
}
