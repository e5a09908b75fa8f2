/* SPDX-License-Identifier: Apache-2.0 */
/* Live migration through libvirt, peer to peer: the source's daemon talks to the target's, we only watch.
 *
 * Before a migration: both hosts answer, the VM runs on the source and has no other job, and does not run on
 * the target; else it FAILED with a message that begins with "not started:". After it, whatever libvirt said
 * of its end, both hosts are asked on fresh connections, and the phase is what they say. A persistent VM is
 * persistent on the target and undefined on the source; a transient one stays transient.
 *
 * Time limit: at its end a migration that may use post-copy is switched to it (from then on it cannot be
 * aborted, and has no limit); any other is aborted.
 *
 * When the network breaks in post-copy each host has a part of the VM's memory, and libvirt has it paused, or
 * about to be, on both. It is taken up again (VIR_MIGRATE_POSTCOPY_RESUME, libvirt 8.5) after 2, 4, 8, 16, 32
 * and 60 s, as soon as both hosts answer; then it is UNCLEAR, and the message has the command that does it by
 * hand. Neither side is ever ended by us.
 *
 * Bounds: start(), poll(), abort(), forget() do not block. A daemon that hangs is noticed by keepalive in
 * about 8 s. A migration that has not ended `give_up` after it was told to stop is UNCLEAR (or ABORTED, if it
 * had not begun); its threads are left to themselves and end when libvirt lets go of them. free() takes at
 * most `give_up`.
 *
 * Units: usec_t, in microseconds. Owner: the caller, by ret->free(ret->self). Errors: -ENOMEM, -EIO. Threads:
 * as executor.h says.
 */
#pragma once

#include "scheduler/act/executor.h"

typedef struct ExecutorLibvirtOptions {
        usec_t connect_at_most; /* 0: 8 s */
        usec_t verify_at_most;  /* how long the two hosts may take to agree after a migration; 0: 15 s */
        usec_t give_up;         /* 0: 60 s */
        usec_t resume_after;    /* the first pause before a broken post-copy is taken up again; 0: 2 s */
} ExecutorLibvirtOptions;

/* 0, or negative errno: -ENOMEM, -EIO libvirt cannot be initialized. Ended by ret->free(ret->self). */
int executor_libvirt_open(ExecutorLibvirtOptions options, Executor *ret) must_check;
