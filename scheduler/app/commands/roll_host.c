/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scheduler/app/commands/maintenance.h"
#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/state/stop_signal.h"
#include "scheduler/base/text.h"

#define FRESH_POLL USEC_PER_SEC
#define FRESH_MOST (900 * USEC_PER_SEC)

/* The command's exit status, 0 … 255, or a negative errno. */
static int roll_run_command(const Roll *roll, const char *host) {
        pid_t pid;
        int status = 0;

        (void) fflush(NULL);
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0) {
                struct sigaction plain = { .sa_handler = SIG_DFL };

                (void) sigaction(SIGINT, &plain, NULL);
                (void) sigaction(SIGTERM, &plain, NULL);
                (void) sigaction(SIGPIPE, &plain, NULL);
                (void) setenv("PLIMSOLL_HOST", host, 1);
                if (roll->in->json)
                        (void) dup2(STDERR_FILENO, STDOUT_FILENO);
                if (roll->shell)
                        (void) execl("/bin/sh", "sh", "-c", roll->command, "sh", host, (char *) NULL);
                else
                        (void) execlp(roll->command, roll->command, host, (char *) NULL);
                _exit(127);
        }
        while (waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        return -errno;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Its agent must have reported after the command: what the host says of itself counts, not that it answers.
 */
static ExitStatus roll_wait_fresh(const Roll *roll, const char *host, usec_t since) {
        usec_t end = clock_monotonic() + option_number(&roll->in->options, "fresh-within", FRESH_MOST);

        while (clock_monotonic() < end && stop_signal_count() == 0) {
                HostIx h = IX_NONE;

                if (facts_read(roll->in, roll->facts) == EXIT_DONE)
                        h = snapshot_host(roll->facts->snapshot, host);
                if (h != IX_NONE && roll->facts->snapshot->hosts[h].excluded == EXCLUDED_NONE &&
                    roll->facts->snapshot->hosts[h].seen_at > since)
                        return EXIT_DONE;
                clock_sleep(FRESH_POLL);
        }
        return command_complain(roll->in, EXIT_FAILED, "%s has not reported since its command ended", host);
}

ExitStatus roll_host(const Roll *roll, const char *host) {
        char safe[256];
        usec_t ended;
        int r = 0;

        (void) text_safe(host, safe, sizeof(safe));
        if (roll->command) {
                if (!roll->in->json)
                        (void) out_say(roll->in->out.out, "%s: running %s\n", safe, roll->command);
                r = roll_run_command(roll, host);
        }
        if (r != 0)
                return r < 0 ? command_complain(roll->in, EXIT_FAILED, "%s: %s", roll->command,
                                                strerrordesc_np(-r))
                             : command_complain(roll->in, EXIT_FAILED, "%s exited with status %d for %s%s",
                                                roll->command, r, safe,
                                                r == 127 ? " (does it exist, and is it executable?)" : "");
        ended = clock_now();
        if (roll_wait_fresh(roll, host, ended) != EXIT_DONE)
                return EXIT_FAILED;
        return maintenance_exit(roll->in, roll->facts, host);
}
