/* SPDX-License-Identifier: Apache-2.0 */
/* What whoever asks the API may do: each role may do what the ones before it may.
 *
 * Units: none. Owner: static. Errors: ROLE_N: there is no such role. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

typedef enum ApiRole {
        ROLE_NONE,    /* nobody knows who it is */
        ROLE_VIEW,    /* reads */
        ROLE_OPERATE, /* … and does what an operator does every day */
        ROLE_ADMIN,   /* … and what takes a brake off, or lets hosts in */
        ROLE_N,
} ApiRole;
extern const char *const api_role_names[ROLE_N + 1]; /* "none", "view", "operate", "admin", NULL */

/* Of "view", "operate" and "admin". */
ApiRole api_role_named(const char *name);
