/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts of the store: what each role may do, as lines of a Redis ACL file (redis.io, "ACL"). Derived from keys.h, so
 * that a key without a role cannot be written by anybody, and a test says so.
 *
 * Units: none. Owner: the caller's arena. Errors: -ENOMEM; -EINVAL: a name that can't stand in an ACL file.
 * Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/store/keys.h"

typedef struct StoreAccount {
        enum StoreRole role;
        const char *cluster;
        const char *host;     /* of an agent; NULL for the others */
        const char *password; /* as it stands in the file: ">secret", "#hash" or "nopass" */
} StoreAccount;

/* "agent-h1", "plimsolld", "operator", "reader", with "-CLUSTER" where it is not "default". */
int store_account_name(Arena *a, const StoreAccount *account, const char **ret) must_check;

/* "user NAME on >… resetkeys %R~… ~… -@all +get …". */
int store_account_line(Arena *a, const StoreAccount *account, const char **ret) must_check;

/* What the role may do with the key; of an agent its own host's. */
typedef enum StoreRight {
        RIGHT_NONE,
        RIGHT_READS,
        RIGHT_ALL,
} StoreRight;
StoreRight store_account_right(StoreKey key, enum StoreRole role);

/* The commands it may send, "+get +set …", subcommands as "+cluster|slots". */
const char *store_account_commands(enum StoreRole role);

/* "agent", "service, operator": the roles in `roles`, for people. */
const char *store_roles_text(unsigned roles);
