/* SPDX-License-Identifier: Apache-2.0 */
/* What can be seen of hosts by ssh, as the service's user: whether it is let in, the host's clock, and from there whether
 * the other hosts are reached.
 *
 * Nothing is made of names for a shell: the one command that a host's shell is given is a word of our own, and what else is
 * wanted there is an option of ssh, or goes in on stdin.
 *
 * Units: usec_t, in microseconds. Owner: the arena. Errors: -ENOMEM; what is wrong is a finding. Threads: the main one.
 */
#pragma once

#include "collectors/read/tool_run.h"
#include "scheduler/app/setup/setup_children.h"
#include "scheduler/app/setup/setup_host.h"
#include "scheduler/app/setup/setup_key.h"
#include "scheduler/app/setup/setup_result.h"
#include "scheduler/base/clock.h"

/* What ssh complains of. */
typedef enum SshTrouble {
        SSH_NONE,          /* of nothing that is known */
        SSH_NO_KEY,        /* the host lets that user not in by our key */
        SSH_UNKNOWN,       /* the host's key is not among the known ones */
        SSH_CHANGED,       /* it is another one than the known one */
        SSH_NO_NAME,       /* there is no address of that name */
        SSH_REFUSED,       /* nothing listens at the port */
        SSH_SILENT,        /* nothing comes back: a firewall, or the host is off */
        SSH_NO_FORWARDING, /* the host lets ssh pass nothing on */
        SSH_NO_COMMAND,    /* the program is not there */
        SSH_TROUBLE_N,
} SshTrouble;

SshTrouble ssh_trouble_of(const char *text);

/* What ssh -W tells of a port that another host was to open. */
typedef enum SetupPort {
        SETUP_PORT_REACHED,
        SETUP_PORT_REFUSED, /* reached, and nothing listens */
        SETUP_PORT_SILENT,
        SETUP_PORT_NO_NAME,
        SETUP_PORT_FORBIDDEN, /* sshd there forwards nothing */
        SETUP_PORT_UNSEEN,    /* ssh did not come so far: nothing is known of the port */
} SetupPort;

/* `result` and `output` as of a SetupChild: ssh -W with LogLevel=VERBOSE. */
SetupPort setup_port_of(int result, const ToolOutput *output);

/* Why virsh failed, in `text` up to the line's end: the first thing it says but that it failed. What it tells later is of its own
 * host's libvirt. NULL: it did not. */
const char *setup_virsh_error(const char *text);

/* Has virsh, given "connect URI", "hostname" and "quit", told a host's name and nothing of an error? */
bool setup_virsh_answered(const char *text);

/* The first line that is a time as `date +%s.%N` writes it, in µs since the epoch; 0: none is. */
usec_t setup_clock_of(const char *text);

typedef struct SetupLogin {
        const char *ssh; /* the program; NULL: it is not on this machine, and nothing is tested */
        const SetupUser *user;
        const SetupKey *key;
        const SetupHost *hosts;
        uint32_t n;
        usec_t limit;      /* for each connection */
        usec_t clock_skew; /* that is allowed */
        SetupResult *result;
        bool *is_in; /* [n] set by setup_login_test(): it may log in, or need not (no host of SETUP_SSH) */
} SetupLogin;

/* Whom it logs in as. */
const char *setup_login_name(const SetupLogin *login, const SetupHost *host);

/* ssh to that host, without a question to anybody, with `more` words behind its options (NULL-terminated, five at most). Words
 * are in `a`; words[0] NULL: it is full. */
ToolCommand setup_login_command(Arena *a, const SetupLogin *login, const SetupHost *host,
                                const char *const *more);

/* The last line it said that is no chatter of ssh, or what else became of it. NULL: no memory. */
const char *setup_login_line(Arena *a, const SetupChild *child);

/* Service → host, and the host's clock. */
int setup_login_test(Arena *a, const SetupLogin *login) must_check;

typedef struct SetupPairIx {
        uint32_t from, to;
} SetupPairIx;

typedef struct SetupPairs {
        SetupPairIx *at;
        uint32_t n, all; /* those chosen, of how many */
} SetupPairs;

#define SETUP_PAIRS_MOST 400U /* of hosts: four programs each, a few minutes in all */

/* Pairs of different hosts, from[n] and to[n] as may be, at most `most` of ret->all: always the same ones. More only so that each
 * host that can be is a source at least once, and a target. Pure. 0 or -ENOMEM. */
int setup_pairs_choose(Arena *a, const bool *from, const bool *to, uint32_t n, uint32_t most,
                       SetupPairs *ret) must_check;

/* Host → host, of those that it can log in to: the ports of a migration and of libvirt, and whether the one's libvirt may log
 * in to the other's. Of more than SETUP_PAIRS_MOST a sample, which the result tells. */
int setup_login_pairs(Arena *a, const SetupLogin *login) must_check;
