/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/setup/setup_children.h"

#include <errno.h>
#include <unistd.h>

#include "scheduler/base/text.h"

#define AT_ONCE      16U
#define LANE_AT_ONCE 4U /* sshd's MaxStartups begins to drop at 10 */
#define PAUSE        (2 * USEC_PER_MSEC)
#define PARTLY_MOST  4096U /* bytes */

bool setup_child_find(Arena *a, const char *program, const char **ret) {
        const char *const usual[] = { text_format(a, "/usr/bin/%s", program),
                                      text_format(a, "/bin/%s", program), NULL };

        return usual[0] && usual[1] && tool_find(a, "", NULL, usual, ret) == 0;
}

typedef struct SetupLanes {
        uint32_t running, *of_lane;
} SetupLanes;

/* What a program said until its time was over: it may tell how far it came. */
static void setup_children_partly(Arena *a, SetupChild *child) {
        char *text = arena_new(a, char, PARTLY_MOST + 1);
        const ssize_t n = text ? pread(child->run.output, text, PARTLY_MOST, 0) : 0;

        if (n > 0) {
                text[n] = '\0';
                child->output = (ToolOutput){ .text = text, .n = (size_t) n };
        }
}

static void setup_children_end(Arena *a, SetupLanes *lanes, SetupChild *child, int result) {
        if (result == -ETIMEDOUT)
                setup_children_partly(a, child);
        child->result = result;
        child->ended = clock_now();
        child->is_done = true;
        tool_run_close(&child->run);
        lanes->running--;
        lanes->of_lane[child->lane]--;
}

static void setup_children_begin(Arena *a, SetupLanes *lanes, SetupChild *child) {
        int r;

        if (lanes->running >= AT_ONCE || lanes->of_lane[child->lane] >= LANE_AT_ONCE)
                return;
        lanes->running++;
        lanes->of_lane[child->lane]++;
        child->began = clock_now();
        r = tool_run_start(&child->run, &child->command, clock_monotonic());
        if (r < 0)
                setup_children_end(a, lanes, child, r);
}

/* One look at each. 0 or -ENOMEM. */
static int setup_children_pass(Arena *a, SetupLanes *lanes, SetupChild *children, uint32_t n) {
        for (uint32_t i = 0; i < n; i++) {
                SetupChild *child = &children[i];
                int r;

                if (child->is_done)
                        continue;
                if (child->run.pid == 0) {
                        setup_children_begin(a, lanes, child);
                        continue;
                }
                r = tool_run_collect(&child->run, a, clock_monotonic(), &child->output);
                if (r != 1)
                        setup_children_end(a, lanes, child, r);
                if (r == -ENOMEM)
                        return r;
        }
        return 0;
}

int setup_children_run(Arena *a, SetupChild *children, uint32_t n) {
        SetupLanes lanes = { 0 };
        uint32_t n_lanes = 0, first = 0;
        int r = 0;

        for (uint32_t i = 0; i < n; i++) {
                children[i].output.text = "";
                children[i].is_done = !children[i].command.words[0];
                n_lanes = children[i].lane >= n_lanes ? children[i].lane + 1 : n_lanes;
        }
        lanes.of_lane = arena_new(a, uint32_t, (size_t) n_lanes + 1);
        if (!lanes.of_lane)
                return -ENOMEM;
        while (r == 0) {
                while (first < n && children[first].is_done)
                        first++;
                if (first == n)
                        break;
                r = setup_children_pass(a, &lanes, children + first, n - first);
                if (r == 0 && lanes.running > 0)
                        clock_sleep(PAUSE);
        }
        for (uint32_t i = first; r < 0 && i < n; i++) /* nobody is left running whom nobody collects */
                tool_run_close(&children[i].run);
        return r;
}
