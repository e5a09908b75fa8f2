/* SPDX-License-Identifier: Apache-2.0 */
/* Connections to libvirt daemons that answer, or that are given up in bounded time.
 *
 * virConnectOpen() has no time limit: a daemon that accepts and then hangs holds it for ever. So it runs in a
 * thread of its own that is left behind when it takes too long, and cleans up by itself should it ever come
 * back. An open connection is watched by keepalive (2 s × 3): calls on it fail about 8 s after the daemon
 * went silent.
 *
 * Who answers at a URI is asked who it is: the name may lead elsewhere by now, to another machine than the one that was
 * admitted. Nothing is asked of that one, and nothing is moved to it or from it.
 *
 * Errors: negative errno, and libvirt's own words. Threads: any, but a connection is for one thread only:
 * when keepalive ends one that several threads wait on, libvirt 9.0 leaves some of them waiting for ever, or
 * writes to their stacks (CVE-2024-4418).
 *
 * Units: usec_t, in microseconds. Owner: a connection is the caller's, by virConnectClose().
 */
#pragma once

#include <libvirt/libvirt.h>

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

#define LIBVIRT_WORDS   256 /* bytes enough for an error in words */
#define LIBVIRT_MACHINE 64  /* for a machine's UUID as libvirt says it */

/* To be called before anything else of libvirt's: starts the event loop (one thread for the whole process,
 * until its end) that keepalive needs, and stops libvirt from printing errors. Again and again is fine. 0 or
 * negative errno. */
int libvirt_start(void) must_check;

/* Which daemon is meant. */
typedef struct LibvirtAt {
        const char *uri;
        const char *
                machine; /* the host UUID it must say (virConnectGetCapabilities); NULL: not known, and not asked */
} LibvirtAt;

/* What stands in the way, in words; and which machine it is instead ("": that is not what is wrong). */
typedef struct LibvirtFault {
        char words[LIBVIRT_WORDS], machine[LIBVIRT_MACHINE];
} LibvirtFault;

/* 0; -ETIMEDOUT: no answer within at_most; -EIO: libvirt says why in reterr->words; -EREMCHG: another machine answers, or
 * one that does not say which: it was closed, and the words have both UUIDs; -ENOMEM, -EAGAIN: no thread. The caller ends
 * *ret by virConnectClose(). */
int libvirt_connect(LibvirtAt at, usec_t at_most, virConnectPtr *ret, LibvirtFault *reterr) must_check;

/* The host's UUID in libvirt's capabilities, in buf; false: they have none. */
bool libvirt_machine_of(const char *capabilities, char buf[LIBVIRT_MACHINE]);

/* A thread that nobody joins and that no signal is delivered to: those are for the program's own. 0, -EAGAIN.
 */
int libvirt_thread(void *(*body)(void *), void *arg) must_check;

/* What libvirt last complained of in this thread, without line ends. */
void libvirt_last_words(char words[LIBVIRT_WORDS]);
