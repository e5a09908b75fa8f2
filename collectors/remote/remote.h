/* SPDX-License-Identifier: Apache-2.0 */
/* Agentless: the collectors that need nothing but libvirt, run from here against a list of libvirt URIs.
 *
 * Every host is read twice, an interval apart, so that rates are there; all hosts at once, a thread each.
 * A host that does not answer in time still gets a report: its sections hold the error and host.daemon is 0,
 * so that snapshot_build() excludes it. Its thread is left to itself; it frees what it holds when libvirt
 * lets go of it, and nothing waits for it.
 *
 * Owner:   everything returned is in the caller's arena.
 * Threads: one call at a time in a process.
 *
 * Units: usec_t, in microseconds. Errors: -EINVAL, -ENOMEM; a host's own errors are in its report.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/sample.h"

typedef struct RemoteOptions {
        const char *const *uris;  /* libvirt URIs, e.g. qemu+ssh://h1/system; no two of one host */
        const char *const *names; /* [n_uris] what the hosts are called; NULL: as their libvirt says */
        uint32_t n_uris;
        bool keep_going; /* of two that are one host, or of one name, the later has the error EEXIST, in words */
        usec_t interval; /* between the two readings; 0: 1 s */
        usec_t timeout;  /* for connecting and the first reading, and again for the second; 0: 8 s */
} RemoteOptions;

typedef struct RemoteHost {
        const char *uri;
        Report report;          /* report.host is the name libvirt gives, or, when it is silent,
                                     the URI's (or the URI) */
        int error;              /* 0, or the positive errno for which no reading could be had */
        const char *error_text; /* libvirt's words for it, or NULL */
} RemoteHost;

/* One RemoteHost for each URI, in their order. 0; -ENOMEM; -EINVAL with *reterr_fault: a URI is given twice,
 * or (not keep_going) two of them lead to the same host (host.uuid), or two different hosts have one name. */
int remote_read(const RemoteOptions *o, Arena *a, RemoteHost **ret, TextFault *reterr_fault) must_check;

/* How many threads of earlier calls still hang in libvirt: who reads again and again must not pile them up. */
unsigned remote_left(void);
