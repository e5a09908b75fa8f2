/* SPDX-License-Identifier: Apache-2.0 */
/* `plimsoll store export` and `plimsoll store import`.
 *
 * Units: none. Owner: the invocation's arena. Errors: an ExitStatus; what is wrong was said. Threads: the main one.
 */
#pragma once

#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/terminal/invocation.h"
#include "scheduler/store/store.h"

ExitStatus store_copy_export(Invocation *in, const Settings *settings, Store *store, const char *cluster);

/* EXIT_BLOCKED: the store has other data, or a service leads; EXIT_BAD_INPUT: the file is not good. Nothing was changed then. */
ExitStatus store_copy_import(Invocation *in, const Settings *settings, Store *store, const char *cluster);
