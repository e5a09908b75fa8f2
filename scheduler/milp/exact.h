/* SPDX-License-Identifier: Apache-2.0 */
/* The exact solver: branch and bound on the terms of a problem, tier by tier, in the order of tiers.
 *
 * What it claims: `cost` is the true cost of `host_of`, to the unit. `bound` holds to the unit too, whatever
 * GLPK's arithmetic does. `proven` says that they met. On a handful of VMs they meet; on tens of VMs with
 * squared goals they come close (the last units are a number-partition problem), unless prices decide.
 *
 * Declines (SOLVER_DECLINED) problems with a capacity reserve, more than EXACT_PLACES_MAX places, numbers too
 * large for exact rows, and errors inside GLPK. Memory: the arena, and EXACT_GLPK_MIB at most in GLPK, given
 * back before it returns. Threads: see lp.h; several threads may each solve a problem.
 */
#pragma once

#include "scheduler/decide/search/solver.h"

#define EXACT_PLACES_MAX 20000 /* kinds of VMs × hosts */
#define EXACT_GLPK_MIB   256

/* This build's. Built without GLPK (-DWITH_GLPK=OFF) there is nothing to ask: it is exact_absent by
 * another name. */
extern const Solver exact_solver;

/* Stands for the solver of such a build (`solve` is NULL), so that what one recorded is decided again the
 * same. */
extern const Solver exact_absent;
