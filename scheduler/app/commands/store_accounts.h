/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll store acl`: the store's accounts, with fresh passwords, and a login for each of them.
 *
 * Units: none. Owner: the invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/store/store.h"

/* The lines of an ACL file on standard output; with --logins a file for each account as well, none of which was there
 * before: all of them or none. `store` is not used. */
ExitStatus store_accounts(Invocation *in, const Settings *settings, Store *store, const char *cluster);
