/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the ROADEF/EURO 2012 challenge (machine reassignment): a model and an assignment, whole
 * numbers with white space between, straight into a Problem: machine = host, process = VM, service = group
 * with rules apart (conflict), spread over zones (locations) and near in a neighbourhood (dependency); safety
 * capacity = load line.
 *
 * Strict: every number must be there, in range, and nothing may follow. Pure. Owner: the arena; the text is
 * not kept. Errors: -EINVAL with *reterr_fault (line, field "token 17", what was found and what is accepted);
 * -ENOMEM.
 *
 * Units: the challenge's own. Threads: any, each its own arena.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/problem.h"

/* The model; every process at `home` as roadef_assignment_parse() will say, machine 0 until then. */
int roadef_model_parse(Arena *a, const char *text, size_t n, Problem **ret,
                       TextFault *reterr_fault) must_check;

/* P machine numbers, one for each process. */
int roadef_assignment_parse(Arena *a, const Problem *p, const char *text, size_t n, const HostIx **ret,
                            TextFault *reterr_fault) must_check;
