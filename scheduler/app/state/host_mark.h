/* SPDX-License-Identifier: Apache-2.0 */
/* What operators said of a host: a text in the store (the cluster's marks), schema plimsoll.mark/1. It stands
 * until it is taken back, whatever is restarted. A bare word ("maintenance", "cordoned") is read too.
 *
 * Units: usec_t, in microseconds since the epoch. Owner: texts are in the arena. Errors: -EBADMSG, -ENOMEM, a
 * negative errno of the store. Threads: any; host_mark_get(): the store's.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"
#include "scheduler/store/store.h"

typedef struct OperatorMark {
        HostState state;
        const char *by, *why; /* NULL: not said */
        usec_t at;            /* since the epoch; 0: not said */
        usec_t leave_by;      /* 0: no deadline */
        bool several;         /* the operator knew that many hosts are emptied at once */
        bool for_good;        /* it does not come back: VMs that are off leave it, too */
        HostState before;     /* what it was in, and goes back to */
} OperatorMark;

/* 0 or -ENOMEM. */
int host_mark_print(Arena *a, const OperatorMark *m, const char **ret) must_check;

/* 0; -EBADMSG: it is none of this version's; -ENOMEM. In `a`. */
int host_mark_parse(Arena *a, const char *text, size_t n, OperatorMark *ret) must_check;

/* One host's mark as it stands, and its text, "" when there is none (then *ret is zeroed: active). One that
 * cannot be read counts as a cordon: nothing is moved to a host of which something is said that is not
 * understood. 0; -ENOMEM; a negative errno of the store. In `a`. */
int host_mark_get(Store *store, Arena *a, const char *host, OperatorMark *ret,
                  const char **ret_text) must_check;

/* Whoever runs this program, "root@h1", in buf. */
const char *operator_name(char *buf, size_t size);

/* From now on the calling thread acts for somebody else: that is what operator_name() says in it. At most 127 bytes, copied;
 * NULL: for itself, as at first. */
void operator_use(const char *name);

/* The id of the API's request of which a name like "ann (operate, API request 0123456789abcdef)" speaks, which the service gave it
 * and which is a line of its log. 1: ret has it; 0: it speaks of none, and ret is "". */
#define OPERATOR_REQUEST_SIZE 17
int operator_request(const char *name, char ret[OPERATOR_REQUEST_SIZE]);
