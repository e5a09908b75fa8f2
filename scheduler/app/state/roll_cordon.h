/* SPDX-License-Identifier: Apache-2.0 */
/* What a roll empties later takes nothing until then, where there is room elsewhere: cordons of its own.
 *
 * Units: none. Owner: none. Errors: -ENOMEM, a negative errno of the store. Threads: the store's.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/store/store.h"

/* Only an active host is cordoned, and only a roll's cordon is taken back. 0, also where another operator was quicker. */
int roll_cordon(Store *store, Arena *a, const char *by, const char *host, bool on) must_check;
