/* SPDX-License-Identifier: Apache-2.0 */
/* What scripts go by: `plimsoll plan` of each story ends as its plan says. 3, where something that should be done stays
 * undone; 0 else, though nothing moves. Those that this was once wrong of are named with their status, so that no BLESS=1
 * makes another of them.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/command.h"

#define STORIES   SOURCE_DIR "/tests/scenarios"
#define WORDS_MAX 40

/* A file of a story; NULL: it has none. */
static char *slurp(const char *story, const char *file) {
        char path[512], *text;
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/%s/%s", STORIES, story, file);
        f = fopen(path, "rb");
        if (!f)
                return NULL;
        text = calloc(1, 1 << 16);
        cr_assert(text && fread(text, 1, (1 << 16) - 1, f) < (1 << 16) - 1, "%s", path);
        (void) fclose(f);
        return text;
}

/* The story's settings as words of a command. False: it sets what is none (a budget, hosts that it is about). */
static bool add_settings(char *settings, char **argv, int *argc) {
        char *rest = NULL;

        for (char *line = settings ? strtok_r(settings, "\n", &rest) : NULL; line;
             line = strtok_r(NULL, "\n", &rest)) {
                char *value = strstr(line, " = ");

                if (line[0] == '#' || !value)
                        continue;
                if (strncmp(line, "budget.", 7) == 0 || strncmp(line, "about", 5) == 0)
                        return false;
                memmove(value, "=", 1);
                memmove(value + 1, value + 3, strlen(value + 3) + 1);
                cr_assert_lt(*argc, WORDS_MAX - 2);
                argv[(*argc)++] = (char *) "--set";
                argv[(*argc)++] = line;
        }
        return true;
}

/* The exit status, and what is printed; -1: the story is not one of plimsoll plan. */
static int plan_status(const char *story, char **ret_text) {
        static const char *const bare[] = { "--set", "memory.keep_for_host=0MiB", "--set",
                                            "memory.per_vm=0MiB" }; /* round figures */
        char *argv[WORDS_MAX] = { (char *) "plimsoll", (char *) "plan" }, cluster[512], yaml[512];
        char *settings = slurp(story, "settings");
        size_t n = 0;
        FILE *out, *has;
        int argc = 2, status;

        for (size_t i = 0; i < 4; i++)
                argv[argc++] = (char *) bare[i];
        if (!add_settings(settings, argv, &argc)) {
                free(settings);
                return -1;
        }
        (void) snprintf(yaml, sizeof(yaml), "%s/%s/settings.yaml", STORIES, story);
        has = fopen(yaml, "rb");
        if (has) {
                (void) fclose(has);
                argv[argc++] = (char *) "--settings";
                argv[argc++] = yaml;
        }
        (void) snprintf(cluster, sizeof(cluster), "%s/%s/cluster.json", STORIES, story);
        argv[argc++] = (char *) "--from";
        argv[argc++] = cluster;
        out = open_memstream(ret_text, &n);
        cr_assert_not_null(out);
        status = command_main(argc, argv, out, out);
        (void) fclose(out);
        free(settings);
        return status;
}

Test(exit_status, a_plan_that_leaves_something_undone_ends_with_3) {
        DIR *dir = opendir(STORIES);
        uint32_t undone = 0, done = 0;

        cr_assert_not_null(dir);
        for (struct dirent *e; (e = readdir(dir));) {
                char *plan = strchr(e->d_name, '.') ? NULL : slurp(e->d_name, "plan"), *text = NULL;
                bool stays;
                int status;

                if (!plan)
                        continue;
                stays = strncmp(plan, "blocked", 7) == 0 || strncmp(plan, "infeasible", 10) == 0 ||
                        strncmp(plan, "blind", 5) == 0 || strstr(plan, "\nnot possible\n");
                status = plan_status(e->d_name, &text);
                if (status >= 0) {
                        cr_expect_eq(status, stays ? 3 : 0, "%s: exit %d\n%s", e->d_name, status, text);
                        undone += stays;
                        done += !stays;
                }
                free(text);
                free(plan);
        }
        (void) closedir(dir);
        cr_expect_gt(undone, 40, "%u", undone);
        cr_expect_gt(done, 100, "%u", done);
}

/* A story, its exit status, and words of its answer. */
static const struct {
        const char *story;
        int status;
        const char *says;
} known[] = {
        { "what-a-host-uses-itself-is-no-room", 3, "h2: lacks 22.8 GiB of memory" },
        { "a-host-that-nobody-measured-keeps-some-memory", 3, "h2: lacks 572 MiB of memory" },
        { "a-pool-of-huge-pages-is-no-ordinary-memory", 0, "plan: 1 move" },
        { "guests-on-huge-pages-move-for-balance", 0, "plan: 1 move" },
        { "a-ring-of-homes-opens-through-a-third-host", 0, "plan: 3 moves in 3 waves" },
        { "off-a-failing-host-to-one-that-is-forbidden-as-well", 0, "plan: 1 move" },
        { "a-pair-without-figures-is-parted", 0, "plan: 1 move" },
        { "an-overfull-host-of-vms-without-figures-is-relieved", 0, "plan: 2 moves" },
        { "a-vm-without-figures-goes-where-its-licence-is", 0, "plan: 1 move" },
        { "what-is-on-its-way-blocks-nothing", 0, "plan: 1 move" },
        { "a-cpu-that-no-target-gives-blocks-one-vm", 3, "it does not support the CPU model" },
        { "ten-exchanges-for-a-little-relief-are-not-worth-it", 3, "the cluster lacks 9.8 cores" },
        { "an-overload-is-not-handed-on", 3, "the cluster lacks 10.5 cores" },
        { "where-all-is-headroom-nothing-is-relieved", 3, "h1 stays 12.5 % above its load line" },
        { "an-offline-host-with-vms-is-no-calm", 3, "h1: offline" },
        { "a-host-in-maintenance-that-is-silent-is-no-calm", 3, "its last report is" },
        { "a-failing-host-that-is-silent-is-no-calm", 3, "fault grade 4" },
        { "the-nearest-host-lacks-room-others-are-closed", 3, "h3: lacks" },
        { "the-host-that-lacks-least-is-named", 3, "h04, the closest of 5: lacks 464 MiB" },
        { "all-above-their-line-is-told-once", 3, "the cluster lacks 4.8 cores" },
        { "a-rack-that-nobody-told-may-be-the-same", 0, "the rack of h2 is not known" },
        { "where-no-rack-is-known-none-is-another", 3, "no rack is known: all hosts count as one" },
        { "one-host-has-no-other", 3, "no other host" },
        { "one-host-in-maintenance-has-no-other", 3, "no other host" },
        { "a-pair-that-no-host-has-room-for", 3,
          "a and b together need 15.6 GiB of memory, no host has that" },
        { "a-cache-that-grew-moves-no-vm", 0, "balanced" },
};

Test(exit_status, what_was_once_wrong_ends_as_it_should) {
        for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
                char *text = NULL;
                const int status = plan_status(known[i].story, &text);

                cr_expect_eq(status, known[i].status, "%s: exit %d", known[i].story, status);
                cr_expect(text && strstr(text, known[i].says), "%s: does not say \"%s\" but\n%s",
                          known[i].story, known[i].says, text ? text : "");
                free(text);
        }
}
