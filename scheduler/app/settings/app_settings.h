/* SPDX-License-Identifier: Apache-2.0 */
/* All settings there are: those of the programs themselves, the planner, the snapshot, each policy and each
 * collector; from their defaults, then a settings file, then --set.
 *
 * Units: those of each setting's type. Owner: the arena. Errors: -EINVAL, -ENOMEM, or a negative errno of
 * reading the file, with *reterr_fault. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/options.h"
#include "scheduler/model/settings.h"

#define SETTINGS_PATH "/etc/plimsoll/plimsoll.yaml" /* read when it is there and --settings is not given */

#define SETTINGS_OPTIONS                                                                                     \
        OPTION_GROUP("Settings:"),                                                                           \
                OPTION_WORD("settings", "FILE",                                                              \
                            "the settings file; default: " SETTINGS_PATH " if it exists"),                   \
                OPTION_WORD("set", "KEY=VALUE",                                                              \
                            "set one setting, overriding the file; may be repeated "                         \
                            "(list them: plimsoll settings doc)")

/* Address space for all that a settings file may hold: some 400 bytes a rule. */
#define SETTINGS_MEMORY ((size_t) 512 << 20)

/* Every setting at its default. 0 or -ENOMEM. */
int app_settings_new(Arena *a, Settings **ret) must_check;

/* Defaults, then the file of --settings (or SETTINGS_PATH), then what is said of the cluster alone, then each
 * --set. What is said of a cluster alone: clusters/NAME.yaml beside the settings file, when it is there; NAME
 * is what --cluster says, else service.cluster. A name with a slash has none. 0; a negative errno with
 * *reterr_fault, and *reterr_file the file it is in or NULL. `o` NULL: no options. */
int app_settings_load(Arena *a, const Options *o, Settings **ret, const char **reterr_file,
                      TextFault *reterr_fault) must_check;

/* The same, and all that is wrong with the file or, where it is good, with what --set says: -EINVAL with
 * *faults. */
int app_settings_check(Arena *a, const Options *o, Settings **ret, const char **reterr_file,
                       TextFaults *faults) must_check;

/* app_settings_load() for a cluster by its name; "": what is said of all. */
int app_settings_load_for(Arena *a, const Options *o, const char *cluster, Settings **ret,
                          const char **reterr_file, TextFault *reterr_fault) must_check;

/* app_settings_load() without those --set that say what plans are made by (app_settings_decides()): what they
 * are to be compared with. */
int app_settings_load_as_is(Arena *a, const Options *o, Settings **ret, const char **reterr_file,
                            TextFault *reterr_fault) must_check;

/* "KEY=VALUE" is of the lists, of `cluster` or of a policy. */
bool app_settings_decides(const char *assignment);
