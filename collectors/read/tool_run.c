/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/read/tool_run.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/base/text.h"

#define NO_EXEC 127 /* what the child exits with when there was no exec; a shell does the same */

static char *const tool_run_environment[] = {
        (char[]){ "LC_ALL=C" },
        (char[]){ "PATH=/usr/sbin:/usr/bin:/sbin:/bin" },
        NULL,
};

/* The child's side of fork(): the parent may have threads, so only calls that signal-safety(7) allows. */
static void signals_reset(void) {
        const struct sigaction by_default = { .sa_handler = SIG_DFL };
        sigset_t none;

        for (int s = 1; s < NSIG; s++)
                (void) sigaction(s, &by_default, NULL);
        (void) sigemptyset(&none);
        (void) sigprocmask(SIG_SETMASK, &none, NULL);
}

static void limits_set(size_t most) {
        const struct rlimit no_core = { 0 }, size = { .rlim_cur = most, .rlim_max = most };

        (void) setrlimit(RLIMIT_CORE, &no_core);
        (void) setrlimit(RLIMIT_FSIZE, &size);
}

_Noreturn static void child_exec(const ToolCommand *c, int input, int output, pid_t parent) {
        char *words[TOOL_WORDS_MAX + 1];
        int null = open("/dev/null", O_RDWR | O_CLOEXEC);

        (void) setsid();
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent || null < 0 || chdir("/") < 0 ||
            dup2(input >= 0 ? input : null, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
            dup2(c->errors ? output : null, STDERR_FILENO) < 0 || close_range(3, ~0U, 0) < 0)
                _exit(NO_EXEC);
        signals_reset();
        limits_set(c->most);
        (void) umask(077);
        memcpy(words, c->words,
               sizeof(words)); /* execve() changes none: POSIX keeps the type for old callers */
        (void) execve(c->words[0], words, tool_run_environment);
        _exit(NO_EXEC);
}

/* A file in memory, at its beginning; -1 and *ret_error: it could not be made. No text: -1 and 0. */
static int tool_run_input(const char *text, int *ret_error) {
        const size_t n = text ? strlen(text) : 0;
        int fd;

        *ret_error = 0;
        if (!text)
                return -1;
        fd = memfd_create("input", MFD_CLOEXEC);
        if (fd < 0 || pwrite(fd, text, n, 0) != (ssize_t) n) {
                *ret_error = -EIO;
                if (fd >= 0)
                        (void) close(fd);
                return -1;
        }
        return fd;
}

int tool_run_start(ToolRun *run, const ToolCommand *c, usec_t now) {
        pid_t parent = getpid(), pid;
        int output, input, error;

        assert(c->words[0] && c->words[0][0] == '/' && c->most > 0);
        if (run->pid > 0)
                return -EBUSY;
        input = tool_run_input(c->input, &error);
        if (error < 0)
                return error;
        output = memfd_create("tool", MFD_CLOEXEC);
        /* O_APPEND: a tool that opens /dev/stdout again goes on where it was */
        if (output < 0 || fcntl(output, F_SETFL, O_APPEND) < 0 || (pid = fork()) < 0) {
                error = errno;
                if (output >= 0)
                        (void) close(output);
                if (input >= 0)
                        (void) close(input);
                return -error;
        }
        if (pid == 0)
                child_exec(c, input, output, parent);
        if (input >= 0)
                (void) close(input);
        *run = (ToolRun){ .pid = pid, .output = output, .until = now + c->limit, .most = c->most };
        return 0;
}

/* The child and all it forked. Before it is reaped: as long, no other process can have its number. */
static void group_kill(pid_t pid) {
        (void) kill(-pid, SIGKILL);
        (void) kill(pid, SIGKILL); /* it may not have come to setsid() */
}

/* 1: it runs; 0: it ended, was reaped, and its status is in *ret. */
static int run_reap(ToolRun *run, int *ret) {
        siginfo_t info = { 0 };
        int status = 0;

        if (waitid(P_PID, (id_t) run->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0)
                return 1;
        group_kill(run->pid);
        (void) waitpid(run->pid, &status, WNOHANG);
        run->pid = 0;
        *ret = status;
        return 0;
}

static int output_read(int fd, Arena *a, size_t n, const char **ret) {
        char *text = arena_new(a, char, n + 1);
        size_t at = 0;

        if (!text)
                return -ENOMEM;
        while (at < n) {
                ssize_t got = pread(fd, text + at, n - at, (off_t) at);

                if (got <= 0)
                        return -EIO;
                at += (size_t) got;
        }
        *ret = text;
        return 0;
}

static int output_take(const ToolRun *run, Arena *a, int status, ToolOutput *ret) {
        const char *text;
        struct stat st;
        int r;

        if (fstat(run->output, &st) < 0)
                return -errno;
        if ((size_t) st.st_size >= run->most)
                return -EFBIG;
        if (!WIFEXITED(status))
                return -EPIPE;
        if (WEXITSTATUS(status) == NO_EXEC && st.st_size == 0)
                return -ENOEXEC;
        r = output_read(run->output, a, (size_t) st.st_size, &text);
        if (r < 0)
                return r;
        *ret = (ToolOutput){ .text = text, .n = (size_t) st.st_size, .status = WEXITSTATUS(status) };
        return 0;
}

int tool_run_collect(ToolRun *run, Arena *a, usec_t now, ToolOutput *ret) {
        int status, r;

        if (run->pid == 0)
                return 2;
        if (run_reap(run, &status) != 0) {
                if (run->killed || now < run->until)
                        return 1;
                group_kill(run->pid);
                run->killed = true;
                return -ETIMEDOUT;
        }
        r = run->killed ? 2 : output_take(run, a, status, ret);
        (void) close(run->output);
        *run = (ToolRun){ 0 };
        return r;
}

bool tool_run_is_stuck(const ToolRun *run) {
        return run->pid > 0 && run->killed;
}

void tool_run_close(ToolRun *run) {
        if (run->pid > 0) {
                group_kill(run->pid);
                (void) waitpid(run->pid, NULL, WNOHANG); /* who hangs is left to init */
                (void) close(run->output);
        }
        *run = (ToolRun){ 0 };
}

int tool_find(Arena *a, const char *root, const char *configured, const char *const *usual,
              const char **ret) {
        const char *const one[] = { configured, NULL };

        for (const char *const *path = configured && *configured ? one : usual; *path; path++) {
                const char *full = text_format(a, "%s%s", root, *path);
                char real[PATH_MAX];

                if (!full)
                        return -ENOMEM;
                if (**path != '/' || access(full, X_OK) < 0 || (*full != '/' && !realpath(full, real)))
                        continue;
                *ret = *full == '/' ? full : text_copy(a, real, strlen(real)); /* a root may be relative */
                return *ret ? 0 : -ENOMEM;
        }
        return 1;
}
