/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the account in use may do what its role needs, and no more: the server is asked by a script that does nothing
 * (redis.acl_check_cmd, Redis 7), so that nothing is changed, and nothing stands in its log of refusals.
 *
 * Units: none. Owner: the caller's arena. Errors: as store.h. Threads: the Store's: one.
 */
#pragma once

#include "scheduler/store/admin/server_facts.h"

/* Fills in f->may_not, may_too_much and rights_known. */
int account_rights_read(Store *s, Arena *a, const StoreAccount *account, ServerFacts *f) must_check;

/* What is asked: `command` is the words of a command, a newline after each but the last. */
typedef struct RightAsked {
        const char *command;
        const char *what; /* in words: "write plimsoll:{default}:marks" */
        bool wanted;      /* the role needs it; else it must not */
} RightAsked;

/* All that is asked of an account; also for the test that holds it to store_acl.c. 0, -ENOMEM. */
int account_rights_list(Arena *a, const StoreAccount *account, RightAsked **ret, uint32_t *ret_n) must_check;
