/* SPDX-License-Identifier: Apache-2.0 */
/* VMs that a person moved by hand and that balance and load therefore leave where they are, as text and JSON.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: JSON is the caller's. Errors: none. Threads: one.
 */
#pragma once

#include <jansson.h>

#include "scheduler/app/terminal/screen.h"
#include "scheduler/model/cool_down.h"

/* A line for each that is held now, at most so many; one for the rest. */
#define HAND_SHOWN 8U
void hand_print(const CoolDown *list, uint32_t n, usec_t now, const Screen *screen);

/* [{"vm", "by", "at", "until"}]: all of them, times in seconds. */
json_t *hand_json(const CoolDown *list, uint32_t n, usec_t now);
