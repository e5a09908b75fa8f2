/* SPDX-License-Identifier: Apache-2.0 */
/* The judge refuses every plan (the linker's --wrap, see tests.cmake): each command that shows plans says that it is a bug,
 * and what to do, and prints nothing as if it were a plan. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/decide/judge/plan_check.h"

#define CLUSTER SOURCE_DIR "/tests/scenarios/hot-host-is-relieved/cluster.json"

int __wrap_plan_check_in_time(Arena *a, const PlanToCheck *check, const Objection **ret, uint32_t *ret_n);

int __wrap_plan_check_in_time(Arena *a, const PlanToCheck *check, const Objection **ret, uint32_t *ret_n) {
        (void) a;
        (void) check;
        *ret = NULL;
        *ret_n = 0;
        return 1;
}

static char said[65536], printed[65536];

static void text_of(FILE *f, char *ret, size_t size) {
        size_t n;

        rewind(f);
        n = fread(ret, 1, size - 1, f);
        ret[n] = '\0';
        (void) fclose(f);
}

static void refused(const char *command) {
        char program[] = "plimsoll", name[16], from[] = "--from", file[] = CLUSTER;
        char *argv[] = { program, name, from, file, NULL };
        FILE *out = tmpfile(), *err = tmpfile();

        cr_assert(out && err);
        (void) snprintf(name, sizeof(name), "%s", command);
        cr_expect_eq(EXIT_FAILED, (ExitStatus) command_main(4, argv, out, err), "plimsoll %s", command);
        text_of(out, printed, sizeof(printed));
        text_of(err, said, sizeof(said));
        cr_expect(strstr(said, "the judge refuses the planner's plan; nothing is planned"), "plimsoll %s: %s",
                  command, said);
        cr_expect(strstr(said, "report it with the snapshot"), "plimsoll %s: %s", command, said);
        cr_expect_str_eq("", printed, "plimsoll %s: %s", command, printed);
}

Test(plan_complain, whichever_command_plans_it_is_said_in_the_same_words) {
        refused("plan");
        refused("frontier");
        refused("report");
}
