/* SPDX-License-Identifier: Apache-2.0 */
/* The user's ssh key and known hosts: made where there are none, never overwritten.
 *
 * Units: none. Owner: the arena. Errors: -ENOMEM; what else is wrong is in words. Threads: the main one.
 */
#pragma once

#include "scheduler/app/setup/setup_host.h"
#include "scheduler/app/setup/setup_user.h"

typedef struct SetupKey {
        const char *path, *public_line; /* public_line NULL: there is no key, or it cannot be used */
        bool made;                      /* now */
        const char *wrong, *to_do;      /* what is wrong with it; NULL: nothing */
} SetupKey;

/* The user's ~/.ssh/id_ed25519 (or id_ecdsa, id_rsa, where that is there); `make`: made where there is none. */
int setup_key_have(Arena *a, const SetupUser *user, bool make, SetupKey *ret) must_check;

typedef struct SetupHostKey {
        const char *fingerprints; /* a line each, as ssh-keygen shows them; NULL: none */
        bool known, added;        /* it was known before; it was put into known_hosts now */
        const char *wrong;        /* it could not be put there; NULL */
} SetupHostKey;

/* Lines at the end of known_hosts, which is made where it is not there: whole ones, or none. 0 or -errno. */
int setup_known_append(const char *path, const char *lines) must_check;

/* Of each host of SETUP_SSH: is its key among the user's known hosts? `accept`: asked of the host by ssh-keyscan and added
 * where it is not. ret[n]. */
int setup_host_keys(Arena *a, const SetupUser *user, const SetupHost *hosts, uint32_t n, bool accept,
                    SetupHostKey *ret) must_check;
