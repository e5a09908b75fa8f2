/* SPDX-License-Identifier: Apache-2.0 */
/* An external tool, run beside the agent: started in one reading, collected in a later one. Nothing here ever
 * waits, whatever the tool does: hang, flood, fork, ignore signals, or sit in the kernel for ever on a disk
 * that does not answer (state D, which not even SIGKILL ends until the I/O does).
 *
 * The tool is exec'ed at once, without a shell: absolute path, a fixed environment (LC_ALL=C, PATH, nothing
 * else), stdin and stderr /dev/null, working folder "/", no descriptor but these, signals as new, a session
 * of its own so that all it forks can be killed, dying with the thread that started it. Whoever asks gives it a text to
 * read on stdin, or takes what it says on stderr, too. Its output goes to a
 * file in memory, so that it never blocks on a reader; past `most` bytes the kernel ends it (RLIMIT_FSIZE).
 *
 * Owner:   whoever has the ToolRun; ended by tool_run_close(), which kills and does not wait.
 * Threads: one, and it must outlive the tool.
 *
 * Units: usec_t, in microseconds, monotonic. Errors: a negative errno, as said at each.
 */
#pragma once

#include <sys/types.h>

#include "scheduler/base/arena.h"
#include "scheduler/base/clock.h"

#define TOOL_WORDS_MAX 16

typedef struct ToolCommand {
        const char *words[TOOL_WORDS_MAX + 1]; /* words[0]: the absolute path; NULL ends */
        usec_t limit;                          /* of time, by the monotonic clock */
        size_t most;                           /* bytes of output */
        const char *input;                     /* what it reads on stdin; NULL: /dev/null */
        bool errors;                           /* its stderr is output, too */
} ToolCommand;

typedef struct ToolRun { /* zeroed: idle */
        pid_t pid;       /* 0: idle */
        int output;      /* memfd, while pid > 0 */
        bool killed;     /* its time is over; it is not yet gone */
        usec_t until;
        size_t most;
} ToolRun;

typedef struct ToolOutput {
        const char *text; /* NUL-terminated, in the arena */
        size_t n;
        int status; /* 0..255: what it exited with */
} ToolOutput;

/* 0; -EBUSY: the last one is not gone yet; -EAGAIN, -EMFILE, -ENOMEM … as the kernel says. */
int tool_run_start(ToolRun *run, const ToolCommand *c, usec_t now) must_check;

/* 0: done, and the run is idle again; 1: it runs; 2: idle, nothing was started.
 * -ETIMEDOUT: its time is over, it was killed (said once; then 1 until it is gone, and 2);
 * -EFBIG: it wrote too much; -EPIPE: a signal ended it; -ENOEXEC: it could not be executed; -ENOMEM. */
int tool_run_collect(ToolRun *run, Arena *a, usec_t now, ToolOutput *ret) must_check;

/* Killed and still there: it hangs in the kernel. */
bool tool_run_is_stuck(const ToolRun *run);

void tool_run_close(ToolRun *run);

/* Where a tool is: `configured` if it is not "" (then only there), or the first of `usual` (NULL-terminated)
 * that can be executed, under `root`. In `a`. 0; 1: none; -ENOMEM. */
int tool_find(Arena *a, const char *root, const char *configured, const char *const *usual,
              const char **ret) must_check;
