/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll store check`: is this Redis fit to keep what Plimsoll must not forget.
 *
 * Units: none. Owner: the invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/store/store.h"

/* EXIT_BLOCKED: something is wrong, and was printed with what to do. */
ExitStatus store_check(Invocation *in, const Settings *settings, Store *store, const char *cluster);
