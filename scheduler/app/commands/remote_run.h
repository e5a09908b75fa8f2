/* SPDX-License-Identifier: Apache-2.0 */
/* plimsoll --api URL COMMAND …: the command is carried out by a service, with its store, settings and rights, and what it says there
 * is printed here.
 *
 * Units: none. Owner: the caller's. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include <stdio.h>

#include "scheduler/app/terminal/invocation.h"

/* argv: the command's name, then its words. "--cluster NAME" among them says which of the service's clusters. */
ExitStatus remote_run(const char *url, int argc, char **argv, FILE *out, FILE *err);
