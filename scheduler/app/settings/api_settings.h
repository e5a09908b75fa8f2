/* SPDX-License-Identifier: Apache-2.0 */
/* Section "api": where plimsolld answers HTTP, whom, and how much of it (docs/api.md).
 *
 * Units: as each row says. Owner: static. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/settings.h"

extern const SettingDef api_settings[];
