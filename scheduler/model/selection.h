/* SPDX-License-Identifier: Apache-2.0 */
/* Which VMs, or which hosts, are meant: the small language that rules, groups and commands share.
 *
 *   web1                   by name                       *, ?, [0-9], [!0-9] in any word stand for other letters
 *   label:tier=db          by a label (of VMs: the VM's, of hosts: the host's); label:tier: whatever its value
 *   group:web              by a group of the VM
 *   host:h1 zone:a rack:r1 neighborhood:n host-label:disk=ssd
 *                          hosts by where they are, or by a label; of VMs: those that run there now
 *   vm:NAME                a VM whose name looks like one of these
 *   !web3                  except these; a list of exceptions only means all but them
 *
 * A list is separated by commas; its words are united, and its exceptions taken away, in any order. A letter
 * after a backslash is itself, also a comma. docs/rules.md tells it to people.
 *
 * Pure. A Selection's texts are in the arena it was parsed into. Threads: any.
 *
 * Units: none. Owner: the arena. Errors: -EINVAL, -ENOMEM, as said; the others have none.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"

typedef enum SelectKind {
        SELECT_VM, /* or, where hosts are selected, the name of a host */
        SELECT_LABEL,
        SELECT_GROUP,
        SELECT_HOST,
        SELECT_ZONE,
        SELECT_RACK,
        SELECT_NEIGHBORHOOD,
        SELECT_HOST_LABEL,
        SELECT_KIND_N,
} SelectKind;

typedef struct SelectTerm {
        SelectKind kind;
        bool except;
        const char *pattern; /* of a label: its key */
        const char *value;   /* of a label; NULL: any */
        const char *exact;   /* the pattern when it has no wildcards, without its backslashes; else NULL */
} SelectTerm;

typedef struct Selection {
        const SelectTerm *terms;
        uint32_t n; /* 0: nothing was said */
} Selection;

typedef enum SelectFrom {
        SELECT_FROM_VMS,
        SELECT_FROM_HOSTS, /* accepts names, label:, host:, zone:, rack:, neighborhood: */
} SelectFrom;

/* Adds the words of `text` to *s. 0; -EINVAL with reterr_fault->what (what it is that is wrong, what is
 * accepted, the nearest right word); -ENOMEM. On failure *s is as it was. */
int selection_add(Arena *a, Selection *s, const char *text, SelectFrom from,
                  TextFault *reterr_fault) must_check;

bool selection_has_vm(const Selection *sel, const Snapshot *s, VmIx v);
bool selection_has_host(const Selection *sel, const Snapshot *s, HostIx h);
bool selection_fits_host(const Selection *sel, const Host *host); /* also one that is in no snapshot yet */

/* All that are selected, in their order. In `a`. 0 or -ENOMEM. */
int selection_vms(Arena *a, const Selection *sel, const Snapshot *s, const VmIx **ret,
                  uint32_t *ret_n) must_check;
int selection_hosts(Arena *a, const Selection *sel, const Snapshot *s, const HostIx **ret,
                    uint32_t *ret_n) must_check;

/* A word that selects what has this name and nothing else, whatever its letters. NULL: no room in `a`. */
const char *selection_name(Arena *a, const char *name);

/* "h[0-9]*" fits "h12"; '*' any letters, '?' one byte, '[a-z]' one of these, '[!a-z]' and '[^a-z]' one of the others, '\'
 * makes the next one itself: as fnmatch(3) of POSIX without flags, whose classes ("[[:digit:]]") are not accepted. */
bool text_fits(const char *pattern, const char *text);

/* What is wrong with a pattern, and what is accepted: a class, a range that is empty. NULL: nothing. */
const char *text_pattern_fault(const char *pattern);
