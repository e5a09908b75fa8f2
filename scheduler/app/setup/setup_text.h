/* SPDX-License-Identifier: Apache-2.0 */
/* What `plimsoll setup` shows: what to put where, what was found, and what to do about it.
 *
 * Units: none. Owner: the stream is the caller's. Errors: -ENOMEM. Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/setup/setup_key.h"
#include "scheduler/app/setup/setup_result.h"
#include "scheduler/app/terminal/screen.h"

typedef struct SetupView {
        const SetupUser *user;
        const SetupKey *key;
        const SetupHost *hosts;
        const SetupHostKey *host_keys; /* [n] */
        uint32_t n;
        SetupResult *result;
} SetupView;

/* For people: key and files, then a row for each host and pair, the worst first, then the commands. */
int setup_text_print(const SetupView *view, const Screen *screen) must_check;

/* Schema plimsoll.setup/1, the caller's by json_decref(); NULL: no memory. */
json_t *setup_text_json(const SetupView *view) must_check;
