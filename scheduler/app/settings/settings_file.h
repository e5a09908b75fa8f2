/* SPDX-License-Identifier: Apache-2.0 */
/* The settings file: YAML. Nested mappings are sections; "section: { name: value }" and "section.name: value"
 * say the same. Every value is checked against the tables of its section.
 *
 *   load:
 *     headroom: 20%       # comments are welcome
 *   plan.max-moves: 10
 *   rules:                # lists: rules, groups, hosts, windows (settings_lists.h)
 *     - apart: group:db
 *
 * Units: none. Owner: the settings' arena; printed text in `a`. Errors: -EINVAL, -ENOMEM. Threads: one for
 * each Settings.
 */
#pragma once

#include "scheduler/model/settings.h"

/* Sets what the text says. 0; -EINVAL: all that is wrong, as far as there is room for it, is added to *faults
 * by line and column (key, what is accepted); -ENOMEM. On failure the settings are half-changed: the caller
 * throws them away. */
int settings_file_read(const char *text, size_t n, Settings *settings, TextFaults *faults) must_check;

/* The same; of what is wrong, the first. */
int settings_file_apply(const char *text, size_t n, Settings *settings, TextFault *reterr_fault) must_check;

/* All that the tables know as such a file: each with its doc as a comment; those at their default commented
 * out when only_changed is false, left out when it is true. */
int settings_file_print(Arena *a, const Settings *settings, bool only_changed, const char **ret) must_check;
