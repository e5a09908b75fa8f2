/* SPDX-License-Identifier: Apache-2.0 */
/* What the collectors of one tool's answers make of them, so that answers can be told without a tool. */
#pragma once

#include "collectors/disks/tool_series.h"

extern const ToolSeriesDef megaraid_series, megaraid2_series, hpraid_series, zfs_series, multipath_series;
