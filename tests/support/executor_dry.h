/* SPDX-License-Identifier: Apache-2.0 */
/* The executor of a dry run: says what it would do and does nothing. A migration "started" by it has the
 * phase MIGRATION_DRY at once — not done, not failed — with the sentence in its message.
 *
 * Units: none. Owner: the caller, by ret->free(ret->self). Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include "scheduler/act/executor.h"

/* `say` is called for each start with a sentence such as "would move web1 from h1 to h2"; NULL: only the
 * message. */
typedef struct ExecutorDryOptions {
        void (*say)(void *arg, const char *sentence);
        void *arg;
} ExecutorDryOptions;

/* 0 or -ENOMEM. Ended by ret->free(ret->self). */
int executor_dry_open(ExecutorDryOptions options, Executor *ret) must_check;
