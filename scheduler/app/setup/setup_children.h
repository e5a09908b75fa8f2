/* SPDX-License-Identifier: Apache-2.0 */
/* Programs run beside each other to their end: ssh to many hosts, say. Each by its words, without a shell, with a time
 * limit and bounded output (collectors/read/tool_run.h).
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: as said. Threads: the main one.
 */
#pragma once

#include "collectors/read/tool_run.h"

typedef struct SetupChild {
        ToolCommand command; /* words[0] NULL: it is left out */
        uint32_t lane;       /* from 0; few of one lane run at once: sshd drops who comes with many others */
        /* set by setup_children_run(): */
        int result;        /* 0: `output` counts; -ETIMEDOUT, -EFBIG …: as tool_run_collect() says */
        ToolOutput output; /* text "" where there is none; of -ETIMEDOUT what it had said till then */
        usec_t began, ended;
        ToolRun run;
        bool is_done;
} SetupChild;

/* The words of a program by its name, from the usual folders. False: it is not on this machine. */
bool setup_child_find(Arena *a, const char *program, const char **ret);

/* All to their end. 0 or -ENOMEM: those that run are ended. */
int setup_children_run(Arena *a, SetupChild *children, uint32_t n) must_check;
