/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks over the unix socket: what the kernel says of the process at its other end.
 *
 * Units: none. Owner: the caller. Errors: a negative errno: nobody is known. Threads: any.
 */
#pragma once

#include <sys/types.h>

#include "scheduler/app/access/api_role.h"

#define API_WHO_SIZE 80

typedef struct ApiPeer {
        ApiRole role;
        uid_t uid;
        char who[API_WHO_SIZE]; /* "root", "alice", "uid 1007" */
} ApiPeer;

/* Root and group plimsoll-admin: admin; the service's own user and group plimsoll: operate; others: view. 0; a negative errno. */
int api_peer_read(int fd, ApiPeer *ret) must_check;
