/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to one libvirt, kept up: opened when asked for, tested by keepalive messages where it leads to
 * another machine, dropped when it is dead, opened again with growing pauses.
 *
 * Calls may still hang for as long as a kernel or a hypervisor lets them: whoever must not wait runs them in
 * a LibvirtWorker.
 *
 * Errors:  a negative errno by kind: -ECONNREFUSED nobody listens, -EACCES refused, -ETIMEDOUT, -ENOTSUP the
 *          driver cannot do it, -ENOENT no such object, -EIO the rest. VirtLink.words are libvirt's own.
 * Threads: one link, one thread.
 *
 * Units: usec_t, in microseconds, monotonic. Owner: whoever has the link; ended by virt_link_close().
 */
#pragma once

#include <libvirt/libvirt.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

typedef struct VirtLink {
        const char *uri; /* the caller's */
        virConnectPtr connection;
        usec_t retry_at, pause;
        int error;       /* of the last attempt */
        char words[256]; /* libvirt's, of the last error */
} VirtLink;

/* The connection, opened if need be and due. `now` monotonic. 0, or the error of the last attempt. */
int virt_link_get(VirtLink *link, usec_t now, virConnectPtr *ret) must_check;

/* After an error: drops the connection if it is dead, so that the next call opens another. */
void virt_link_check(VirtLink *link);
void virt_link_close(VirtLink *link);

/* The calling thread's last libvirt error as a negative errno; its words in buf (may be NULL). */
int virt_error(char *buf, size_t size);
