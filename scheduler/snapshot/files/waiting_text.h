/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting plans and their answers as texts in the store, schemas plimsoll.waiting/1 and plimsoll.answer/1
 * (docs/operations.md). Pure but for jansson's own memory. Threads: any.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: the arena. Errors: -EBADMSG, -ENOMEM.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/waiting.h"

/* 0 or -ENOMEM. In `a`. */
int waiting_text_print(Arena *a, const WaitingPlan *w, const char **ret, size_t *ret_n) must_check;
int answer_text_print(Arena *a, const WaitingAnswer *answer, const char **ret, size_t *ret_n) must_check;

/* 0; -EBADMSG with *reterr_fault; -ENOMEM. In `a`. The plan is JSON; whether it is a plan plan_file_parse()
 * says. */
int waiting_text_parse(Arena *a, const char *text, size_t n, WaitingPlan *ret,
                       TextFault *reterr_fault) must_check;
int answer_text_parse(Arena *a, const char *text, size_t n, WaitingAnswer *ret,
                      TextFault *reterr_fault) must_check;
