/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel's answer to RTM_GETROUTE (rtnetlink(7)) → the interface a packet leaves by. Pure.
 *
 * Units: bytes. Owner: it keeps nothing. Errors: a negative errno, as said below. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

/* 0 with the interface's index; -EBADMSG: cut short, or no route with an interface; the negative errno the
 * kernel answered with (-ENETUNREACH: no way there). */
int route_parse(const void *bytes, size_t n, uint32_t *ret_index) must_check;
