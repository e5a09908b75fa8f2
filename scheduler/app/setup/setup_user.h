/* SPDX-License-Identifier: Apache-2.0 */
/* Whose logins are set up: the user that runs this, or, for root, another one that it becomes for good.
 *
 * Units: none. Owner: the arena. Errors: -EINVAL with *reterr_fault: there is no such user, or only root may become one;
 * -EIO: the kernel refused. Threads: to be called before there are others.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

typedef struct SetupUser {
        const char *name, *home;
        const char *option; /* " --user NAME" as it was given; "": it was not */
        const char *sudo;   /* "sudo -u NAME " where it was given; "" */
        bool is_root;
} SetupUser;

/* `name` NULL: who runs this. HOME is then what ssh and libvirt take it for (the password database's), and an ssh agent of
 * the person's, which a service would not have, is out of sight. */
int setup_user_become(Arena *a, const char *name, SetupUser *ret, TextFault *reterr_fault) must_check;
