/* SPDX-License-Identifier: Apache-2.0 */
/* What one host says about one VM, asked on a fresh connection: the ground for saying that a migration is
 * over.
 *
 * Threads: any. No errors: a host that cannot be asked is an answer too.
 *
 * Units: usec_t, in microseconds; bytes and ms in MigrationStatus. Owner: all is the caller's. Errors: none:
 * a host that cannot be asked is an answer too.
 */
#pragma once

#include "scheduler/act/executor.h"
#include "scheduler/act/libvirt/libvirt_connection.h"

typedef enum Presence {
        PRESENCE_UNKNOWN, /* the host cannot be asked */
        PRESENCE_NONE,    /* not there, or defined and not running */
        PRESENCE_RUNNING, /* or paused by a person: it is there with all that it is */
        PRESENCE_OTHER, /* there and active, but paused by libvirt, crashed, incoming, without all its memory … */
        PRESENCE_N,
} Presence;

typedef struct DomainState {
        Presence presence;
        bool defined;          /* the host knows it, whether it runs or not */
        bool idle;             /* no job runs on it: it is not being migrated */
        bool post_copy_failed; /* it has a part of its memory alone, the other host the rest */
        char found
                [LIBVIRT_MACHINE]; /* the UUID of another machine that answers in its place; "": none does */
        char words[LIBVIRT_WORDS]; /* "running", "not there", "paused", "cannot be asked: …" */
} DomainState;

DomainState domain_state_read(LibvirtAt at, const char *uuid, usec_t connect_at_most);

/* Bytes, downtime of the migration that brought the VM to that host; what is not known stays as it is in *io.
 * A host keeps them until the VM's next job. */
void domain_state_finished(LibvirtAt at, const char *uuid, usec_t connect_at_most, MigrationStatus *io);

/* Job statistics as libvirt reports them, into the fields of *io they belong to. */
void libvirt_read_stats(virTypedParameterPtr params, int n, MigrationStatus *io);

/* Is it running, as far as this connection knows? Also words for any other state. */
Presence libvirt_presence(virDomainPtr domain, char words[LIBVIRT_WORDS]);

/* Paused by a person: it is moved so. */
bool libvirt_is_paused(virDomainPtr domain);
