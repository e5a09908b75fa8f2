/* SPDX-License-Identifier: Apache-2.0 */
/* What stands for the exact solver in a build without GLPK: the only file of this room that is in such a
 * build. */
#include "scheduler/milp/exact.h"

#define EXACT_ABSENT_NAME "absent" /* stays: it is in records */

const Solver exact_absent = { .name = EXACT_ABSENT_NAME };
#ifndef WITH_GLPK
const Solver exact_solver = { .name = EXACT_ABSENT_NAME };
#endif
