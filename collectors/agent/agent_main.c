/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll-agent: see collectors/agent/agent.h. */
#include <signal.h>
#include <stdio.h>

#include "collectors/agent/agent.h"

int main(int argc, char **argv) {
        TextFault fault = { 0 };
        AgentOptions options;
        sigset_t ends;

        if (agent_options_parse(argc, argv, &options, &fault) < 0) {
                (void) fprintf(stderr, "plimsoll-agent: %s: %s\n", fault.field, fault.what);
                return 2;
        }
        if (options.help) {
                agent_options_help();
                return 0;
        }
        if (options.version) {
                printf("plimsoll-agent %s\n", PLIMSOLL_VERSION);
                return 0;
        }
        (void) signal(SIGPIPE, SIG_IGN);
        (void) sigemptyset(&ends);
        (void) sigaddset(&ends, SIGTERM);
        (void) sigaddset(&ends, SIGINT);
        (void) pthread_sigmask(SIG_BLOCK, &ends, NULL);
        return agent_run(&options);
}
