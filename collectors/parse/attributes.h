/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of rtnetlink(7) and their attributes, one after the other, out of bytes that may be cut short.
 * Pure. Internal to collectors/parse.
 *
 * Units: bytes. Owner: what is given out points into the message. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include <linux/rtnetlink.h>

#include "scheduler/base/common.h"

typedef struct Bytes {
        const unsigned char *at;
        size_t n;
} Bytes;

/* The next attribute; false at the end, and *bad when what is there is none. */
bool attribute_next(Bytes *rest, uint16_t *ret_type, Bytes *ret, bool *bad);
/* 0 when it is too short to be one. */
uint32_t attribute_u32(Bytes value);

/* The message at the front of `rest`. 0 or -EBADMSG. */
int message_next(Bytes *rest, struct nlmsghdr *ret, Bytes *ret_body) must_check;
/* What an NLMSG_ERROR says: a negative errno (-EBADMSG when it says none). */
int message_error(Bytes body);
