/* SPDX-License-Identifier: Apache-2.0 */
/* The lists of the settings file (rules, groups, hosts, windows): YAML events → entries, and entries → YAML.
 * What an entry means is said in snapshot/rules/list_fields.h and rule_kinds.h.
 *
 * Units: none. Owner: the settings' arena. Errors: -EINVAL, -ENOMEM; printing: the stream's ferror() says.
 * Threads: one for each Settings.
 */
#pragma once

#include <stdio.h>

#include "scheduler/app/settings/yaml_reader.h"
#include "scheduler/model/rule_set.h"
#include "scheduler/model/settings.h"

/* The names, NULL-terminated. */
extern const char *const settings_list_names[];

/* Reads the value of the list's key: the next event is its start. What is wrong with entries is kept, and the
 * others are read. 0; -EINVAL with the reader's fault: it is no list, or reading has stopped; -ENOMEM. What
 * only all entries together can say is checked by settings_lists_check(), which adds to *faults. */
int settings_list_read(YamlReader *yaml, const char *list, Settings *settings) must_check;
int settings_lists_check(Settings *settings, TextFaults *faults) must_check;

/* One more entry as a person types it: "apart: group:db, level: rack", braces around it or not. */
int settings_list_add(const char *list, const char *text, Settings *settings,
                      TextFault *reterr_fault) must_check;

/* All lists as YAML; nothing where there are none. */
void settings_lists_print(FILE *out, const Settings *settings);

/* A value as YAML reads it back: in quotes where it must be. */
void settings_value_print(FILE *out, const char *value);
