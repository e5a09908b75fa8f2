/* SPDX-License-Identifier: Apache-2.0 */
/* A host as `plimsoll setup` is to reach it: what its libvirt URI says of the way there. Pure.
 *
 * Units: a TCP port. Owner: the arena. Errors: -EINVAL with *reterr_fault, -ENOMEM. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"

typedef enum SetupWay {
        SETUP_SSH,   /* qemu+ssh, qemu+libssh, qemu+libssh2 */
        SETUP_TLS,   /* qemu+tls, or qemu://host/ */
        SETUP_PLAIN, /* qemu+tcp: neither encrypted nor, mostly, protected */
        SETUP_OTHER, /* this machine's own, or a driver that is no hypervisor of machines */
} SetupWay;

typedef struct SetupHost {
        const char *name, *uri;
        SetupWay way;
        const char *address; /* a name or an address; NULL: SETUP_OTHER */
        const char *login;   /* whom it logs in as; NULL: under the name it has here */
        const char *pkipath; /* where its certificates are, if the URI says so; NULL */
        int64_t port;        /* of ssh, or of libvirt; the usual one if the URI names none */
        bool unverified;     /* the URI says that the host's certificate is not looked at */
} SetupHost;

#define SETUP_PORT_SSH 22
#define SETUP_PORT_TLS 16514
#define SETUP_PORT_TCP 16509

/* `name` NULL: what the URI calls it. All texts are in `a`. */
int setup_host_parse(Arena *a, const char *name, const char *uri, SetupHost *ret,
                     TextFault *reterr_fault) must_check;

/* Can it stand in a line that another program reads word by word: letters, digits and a few marks that no shell and no
 * virsh makes anything of. */
bool setup_word_is_plain(const char *word);

/* As a shell takes it for one word: itself where it is plain, else in single quotes. NULL: no memory, or word is NULL. */
const char *setup_word_quoted(Arena *a, const char *word);

/* What stands for the host on the command line of `plimsoll setup`, quoted: its name, or the URI that it was given by. */
const char *setup_host_word(Arena *a, const SetupHost *host);

/* The host as known_hosts names it: "h1", "[h1]:2222". */
const char *setup_host_known_name(Arena *a, const SetupHost *host);
