/* SPDX-License-Identifier: Apache-2.0 */
/* The moves of a plan file as the judge takes them. */
#pragma once

#include "scheduler/decide/judge/plan_check.h"
#include "scheduler/snapshot/files/plan_file.h"

/* For plan_check(). In `a`. 0 or -ENOMEM. */
int plan_moves_of_file(Arena *a, const PlanFile *plan, const NamedMove **ret) must_check;
