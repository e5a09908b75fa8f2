/* SPDX-License-Identifier: Apache-2.0 */
/* Which host has which BMC: a file of lines "HOST URL USER PASSWORD", '#' begins a comment. It holds
 * passwords, so others than its owner may not read it. docs/redfish.md.
 *
 * Units: none. Owner: the arena. Errors: a negative errno, as said at each. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

typedef struct Bmc {
        const char *host, *url, *user, *password; /* user and password "": none */
} Bmc;

/* Pure. 0; -EBADMSG with *reterr_fault (its line); -ENOMEM. */
int bmc_list_parse(Arena *a, const char *text, size_t n, const Bmc **ret, uint32_t *ret_n,
                   TextFault *reterr_fault) must_check;

/* The file. Also -EPERM: others may read it; the errno of reading it. */
int bmc_list_read(Arena *a, const char *path, const Bmc **ret, uint32_t *ret_n,
                  TextFault *reterr_fault) must_check;
