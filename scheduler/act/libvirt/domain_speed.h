/* SPDX-License-Identifier: Apache-2.0 */
/* The bandwidth of a migration that somebody else began and does not look after any more: who shared the link out may have
 * died when it was at its slowest, and nobody else gives it more.
 *
 * Units: usec_t, in microseconds; MiB/s. Owner: all is the caller's. Errors: see below. Threads: any.
 */
#pragma once

#include <stdint.h>

#include "scheduler/act/libvirt/libvirt_connection.h"
#include "scheduler/base/common.h"

/* Lets the migration that takes the VM away from the host at `uri` have so much, before and after a switch to post-copy;
 * 0: whatever it gets. A VM that is not being migrated away from there is left alone: what libvirt is told it keeps as the
 * VM's own limit. 0: it may have it; 1: no migration leaves there; -EHOSTUNREACH: the host cannot be asked; -EIO: it
 * refuses. */
int domain_speed_set(LibvirtAt at, const char *uuid, usec_t connect_at_most, int64_t mib_s) must_check;

/* The same in a thread of its own, for who can't wait for a host; what comes of it is told to nobody. Nothing is done while
 * DOMAIN_SPEED_THREADS are at it. Copies its texts. */
enum { DOMAIN_SPEED_THREADS = 16 };
void domain_speed_set_aside(LibvirtAt at, const char *uuid, usec_t connect_at_most, int64_t mib_s);
