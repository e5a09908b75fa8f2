/* SPDX-License-Identifier: Apache-2.0 */
/* Every policy that is built in: the table that programs hand to decide/.
 *
 * Units: those of each setting's type. Owner: the set is static; the list of sections is in the arena.
 * Errors: -ENOMEM from policies_settings() alone. Threads: any.
 */
#pragma once

#include "scheduler/decide/cost/policy.h"

PolicySet policies_all(void);

/* The settings sections of the policies that have settings, in the table's order, for settings_new(). In `a`.
 * 0 or -ENOMEM. */
int policies_settings(Arena *a, const SettingSection **ret, uint32_t *ret_n) must_check;
