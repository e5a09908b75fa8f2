/* SPDX-License-Identifier: Apache-2.0 */
/* What plimsoll-agent is called with: its parser, its help and its manual page are made from this table.
 *
 * Units: those of each option. Owner: static. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/base/options.h"

extern const OptionDef agent_options[];
