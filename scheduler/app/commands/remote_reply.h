/* SPDX-License-Identifier: Apache-2.0 */
/* What a service's API answers when it is told to carry a command out: what the command printed and how it ended
 * (plimsoll.command/1), or a problem (RFC 9457).
 *
 * Units: none. Owner: what remote_reply_read() returned is freed by remote_reply_free(); the texts live as long. Errors: at the
 * function. Threads: any.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "scheduler/base/common.h"

typedef struct RemoteReply {
        json_t *value;
        const char *out, *err; /* NULL both: it is no command's end */
        int exit;              /* 0 … 3 */
        const char *detail;    /* of a problem; NULL: none is told */
} RemoteReply;

/* 0; -EBADMSG: neither of the two. */
int remote_reply_read(const char *text, size_t n, RemoteReply *ret) must_check;
void remote_reply_free(RemoteReply *reply);
