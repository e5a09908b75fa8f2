/* SPDX-License-Identifier: Apache-2.0 */
/* A tool may do what it likes; the agent goes on. Each test is a real process. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/read/tool_run.h"

#define LIMIT (100 * USEC_PER_SEC)

static unsigned char memory[1 << 22];

static ToolCommand sh(const char *script, size_t most) {
        return (ToolCommand){ .words = { "/bin/sh", "-c", script }, .limit = LIMIT, .most = most };
}

/* Collects until it is over; time stands still for the tool, so that none of these tests has a limit. */
static int finish(ToolRun *run, Arena *a, ToolOutput *out) {
        int r;

        while ((r = tool_run_collect(run, a, 0, out)) == 1)
                clock_sleep(USEC_PER_MSEC);
        return r;
}

static int run_sh(const char *script, size_t most, ToolOutput *out) {
        Arena a = arena_over(memory, sizeof(memory));
        ToolCommand c = sh(script, most);
        ToolRun run = { 0 };

        cr_assert_eq(0, tool_run_start(&run, &c, 0));
        return finish(&run, &a, out);
}

Test(tool_run, gives_output_and_exit_status) {
        ToolOutput out;

        cr_assert_eq(0, run_sh("echo hello; exit 24", 4096, &out));
        cr_assert_str_eq(out.text, "hello\n");
        cr_assert_eq(out.n, 6);
        cr_assert_eq(out.status, 24);
}

/* What both say comes in the order in which it was said. */
Test(tool_run, reads_what_it_is_given_and_takes_its_errors_if_asked) {
        Arena a = arena_over(memory, sizeof(memory));
        ToolCommand c = sh("cat; echo no >&2; echo yes", 4096);
        ToolRun run = { 0 };
        ToolOutput out;

        c.input = "one\ntwo\n";
        cr_assert_eq(0, tool_run_start(&run, &c, 0));
        cr_assert_eq(0, finish(&run, &a, &out));
        cr_assert_str_eq(out.text, "one\ntwo\nyes\n");
        c.errors = true;
        cr_assert_eq(0, tool_run_start(&run, &c, 0));
        cr_assert_eq(0, finish(&run, &a, &out));
        cr_assert_str_eq(out.text, "one\ntwo\nno\nyes\n");
}

Test(tool_run, the_environment_is_fixed_and_nothing_leaks_in) {
        ToolOutput out;
        int leak;

        cr_assert_eq(0, setenv("LC_ALL", "de_DE.UTF-8", 1));
        cr_assert_eq(0, setenv("LD_PRELOAD_NOT", "x", 1));
        leak = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a library may */
        cr_assert_geq(leak, 3);
        cr_assert_eq(0,
                     run_sh("/usr/bin/env | /usr/bin/sort; pwd; cat; ls /proc/self/fd | wc -l", 4096, &out));
        cr_assert_str_eq(out.text, "LC_ALL=C\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n/\n4\n",
                         "0, 1, 2, and the one ls reads the folder with");
        (void) close(leak);
}

Test(tool_run, blocked_and_ignored_signals_are_as_new) {
        ToolOutput out;
        sigset_t all;

        (void) sigfillset(&all);
        (void) sigprocmask(SIG_BLOCK, &all, NULL);
        (void) signal(SIGPIPE, SIG_IGN);
        cr_assert_eq(0, run_sh("grep -E '^Sig(Blk|Ign)' /proc/self/status", 4096, &out));
        cr_assert_str_eq(out.text, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

Test(tool_run, a_tool_that_hangs_is_killed_with_all_it_forked) {
        Arena a = arena_over(memory, sizeof(memory));
        ToolCommand c = sh("sleep 1000 & echo $!; trap '' TERM INT; wait", 4096);
        char text[32] = "";
        ToolRun run = { 0 };
        ToolOutput out;
        pid_t grandchild;

        cr_assert_eq(0, tool_run_start(&run, &c, 0));
        while (pread(run.output, text, sizeof(text) - 1, 0) <= 0)
                clock_sleep(USEC_PER_MSEC);
        grandchild = (pid_t) strtol(text, NULL, 10);
        cr_assert_gt(grandchild, 1);
        cr_assert_eq(1, tool_run_collect(&run, &a, LIMIT - 1, &out));
        cr_assert_eq(-EBUSY, tool_run_start(&run, &c, LIMIT - 1));
        cr_assert_eq(-ETIMEDOUT, tool_run_collect(&run, &a, LIMIT, &out));
        cr_assert_eq(2, finish(&run, &a, &out), "gone, and without output");
        cr_assert_not(tool_run_is_stuck(&run));
        for (;;) { /* a zombie of init's, or gone: it does not sleep any more */
                char path[64], state[256] = "";
                FILE *f;

                (void) snprintf(path, sizeof(path), "/proc/%d/stat", grandchild);
                f = fopen(path, "r");
                if (!f)
                        break;
                cr_assert_not_null(fgets(state, sizeof(state), f));
                (void) fclose(f);
                if (strstr(state, ") Z "))
                        break;
                clock_sleep(USEC_PER_MSEC);
        }
}

/* A process in state D cannot be made at will; one that is killed and not yet reaped looks the same. */
Test(tool_run, one_that_cannot_be_killed_is_said_once_and_blocks_nobody) {
        Arena a = arena_over(memory, sizeof(memory));
        ToolCommand c = sh("exec sleep 1000", 4096);
        ToolRun run = { 0 };
        ToolOutput out;

        cr_assert_eq(0, tool_run_start(&run, &c, 0));
        run.killed = true; /* as after -ETIMEDOUT, but nothing was sent */
        cr_assert(tool_run_is_stuck(&run));
        cr_assert_eq(1, tool_run_collect(&run, &a, 10 * LIMIT, &out));
        cr_assert_eq(-EBUSY, tool_run_start(&run, &c, 10 * LIMIT));
        tool_run_close(&run);
        cr_assert_eq(2, tool_run_collect(&run, &a, 0, &out));
}

Test(tool_run, a_flood_is_cut_off_by_the_kernel) {
        ToolOutput out;

        cr_assert_eq(-EFBIG, run_sh("while :; do echo flood; done", 65536, &out));
        cr_assert_eq(-EFBIG, run_sh("trap '' XFSZ; while echo flood; do :; done 2>/dev/null", 65536, &out));
}

Test(tool_run, more_than_a_pipe_holds_needs_no_reader) {
        ToolOutput out;

        cr_assert_eq(0, run_sh("dd if=/dev/zero bs=1000000 count=1 2>/dev/null", 1 << 21, &out));
        cr_assert_eq(out.n, 1000000);
}

Test(tool_run, what_cannot_be_executed_and_what_a_signal_ends_are_errors) {
        Arena a = arena_over(memory, sizeof(memory));
        ToolCommand c = { .words = { "/nonexistent/tool" }, .limit = LIMIT, .most = 4096 };
        ToolRun run = { 0 };
        ToolOutput out;

        cr_assert_eq(0, tool_run_start(&run, &c, 0));
        cr_assert_eq(-ENOEXEC, finish(&run, &a, &out));
        cr_assert_eq(-EPIPE, run_sh("kill -SEGV $$", 4096, &out));
}

Test(tool_run, words_are_never_read_by_a_shell) {
        Arena a = arena_over(memory, sizeof(memory));
        ToolCommand c = { .words = { "/bin/echo", "$(id)", ";", "`id`", "*" }, .limit = LIMIT, .most = 4096 };
        ToolRun run = { 0 };
        ToolOutput out;

        cr_assert_eq(0, tool_run_start(&run, &c, 0));
        cr_assert_eq(0, finish(&run, &a, &out));
        cr_assert_str_eq(out.text, "$(id) ; `id` *\n");
}

Test(tool_find, is_absolute_and_can_be_executed) {
        Arena a = arena_over(memory, sizeof(memory));
        const char *const usual[] = { "/nonexistent", "/bin/sh", NULL };
        const char *path = "";

        cr_assert_eq(0, tool_find(&a, "", "", usual, &path));
        cr_assert_str_eq(path, "/bin/sh");
        cr_assert_eq(1, tool_find(&a, "", "/etc/passwd", usual, &path), "it is there, but no program");
        cr_assert_eq(1, tool_find(&a, "", "sh", usual, &path), "PATH is not searched");
        cr_assert_eq(1, tool_find(&a, "/nonexistent", "", usual, &path));
}
