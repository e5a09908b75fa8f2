/* SPDX-License-Identifier: Apache-2.0 */
/* Values that are in the store and damaged. Who reads one and cannot make sense of it names it here, with what follows from
 * that; programs say so (in a log, on stderr, in `plimsoll status`): silence would look like health.
 *
 * Units: none. Owner: the Store's. Errors: none: what has no room is counted. Threads: the Store's.
 */
#pragma once

#include "scheduler/store/keys.h"
#include "scheduler/store/store.h"

/* `name`: of the field, the entry or the key's part; NULL: it has none. `then`: what becomes of it, "its host is not emptied".
 * Named again it is there once. */
void store_unread_add(Store *s, StoreKey key, const char *name, const char *then);

/* All that was named since the last store_unread_begin(): "marks: h4 cannot be read; its host stays closed". */
const Drops *store_unread(const Store *s);

/* From here on it is read anew: what is damaged still is named again. */
void store_unread_begin(Store *s);
