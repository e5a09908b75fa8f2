/* SPDX-License-Identifier: Apache-2.0 */
/* The settings' section "notify". Read by app/notices. Units: those of each setting. Owner: static. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/settings.h"

extern const SettingDef notify_settings[];
