/* SPDX-License-Identifier: Apache-2.0 */
/* A person at the command line, for tests on a real private Redis (redis_fixture.h): plimsoll's commands in this process, and what
 * they say.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/command.h"
#include "tests/integration/redis_fixture.h"

static char *said;
static const char *person_option; /* each command gets it, too; NULL: none */

static int plimsoll(const char *command, const char *const *words) {
        char cluster[] = "--cluster=t", redis[160];
        char *argv[16] = { (char *) "plimsoll", (char *) (uintptr_t) command, redis, cluster };
        int argc = 4, status;
        size_t n = 0;
        FILE *out;

        (void) snprintf(redis, sizeof(redis), "--redis=%s", url);
        if (person_option)
                argv[argc++] = (char *) (uintptr_t) person_option;
        for (; *words && argc < 15; words++)
                argv[argc++] = (char *) (uintptr_t) *words;
        free(said);
        out = open_memstream(&said, &n);
        status = command_main(argc, argv, out, out);
        (void) fclose(out);
        return status;
}

#define PLIMSOLL(command, ...) plimsoll(command, (const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
#define SAYS(words)            cr_assert(strstr(said, (words)), "%s", said)
