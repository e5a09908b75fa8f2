/* SPDX-License-Identifier: Apache-2.0 */
/* The reference manual of the settings, printed from their tables: each value's section, default and range,
 * each list's fields, each kind of rule with its example.
 *
 * Units: columns. Owner: it keeps nothing. Errors: none: what the stream could not write its ferror() says.
 * Threads: one.
 */
#pragma once

#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/settings.h"

/* For a terminal. */
void settings_doc_print(const Settings *s, const Screen *screen);

/* As docs/settings.md. */
void settings_doc_markdown(const Settings *s, FILE *out);

/* What a setting takes: "a share: 80% or 0.8; 0% to 90%". */
void settings_doc_accepted(const SettingDef *d, FILE *out);
