/* SPDX-License-Identifier: Apache-2.0 */
/* Why a move may not be made. Not an error: plans count refusals, `explain` shows them. One line a reason.
 *
 * Units: none. Owner: static. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/cluster.h"

#define REASONS(X)                                                                                           \
        X(NONE, "may be made")                                                                               \
        X(HOST_CORDONED, "the target is cordoned")                                                           \
        X(HOST_MAINTENANCE, "the target is in maintenance")                                                  \
        X(HOST_OFFLINE, "the target is offline")                                                             \
        X(HOST_FENCED, "the target's facts are stale or missing")                                            \
        X(HOST_SEEN, "the target is not admitted")                                                           \
        X(HOST_UNSURE, "it is not known what else runs on the target")                                       \
        X(HOST_FAULTY, "the target has a hardware fault of grade 2 or more")                                 \
        X(HOST_WATCHED, "the target is watched: its fault grade is worse than that of the VM's host")        \
        X(SOURCE_FENCED, "the facts of the host it runs on are stale or missing")                            \
        X(VM_PINNED, "the VM may not be moved")                                                              \
        X(VM_IN_FLIGHT, "the VM is being migrated already")                                                  \
        X(VM_DOUBLED, "the VM runs on several hosts at once; an operator must stop all copies but one")      \
        X(VM_BOOKED, "it is a booking of room for a VM of this name; no VM is running")                      \
        X(NO_ROOM, "the target lacks room")                                                                  \
        X(NO_ROOM_DURING, "the target lacks room while the VM moves")                                        \
        X(RULE_APART, "anti-affinity: a VM it must be kept apart from runs there")                           \
        X(RULE_TOGETHER, "affinity: VMs it must be together with run elsewhere")                             \
        X(RULE_SPREAD, "its group would be in too few places")                                               \
        X(RULE_SPAN, "its group would be in more places than a rule allows")                                 \
        X(RULE_NEAR, "a VM that must be near it would no longer be")                                         \
        X(RULE_HOSTS, "a rule forbids this host for it")                                                     \
        X(NETWORK, "the target lacks a network of the VM")                                                   \
        X(STORAGE, "the target lacks a storage pool of the VM")                                              \
        X(LOCAL_DISK, "the VM has local disks")                                                              \
        X(CPU_MODEL, "the target's CPU cannot run the VM")                                                   \
        X(OVERCOMMIT, "the target's vCPU overcommit limit is reached")                                       \
        X(HUGEPAGES, "the target lacks free huge pages of the VM's size")                                    \
        X(ARCH, "the target is of another architecture")                                                     \
        X(MACHINE, "the target lacks the VM's machine type")                                                 \
        X(EMULATOR, "the target lacks the VM's emulator")                                                    \
        X(CPU_FEATURE, "the target's CPU lacks a feature that the VM uses")                                  \
        X(IMAGE, "an image used by the VM is not known to be on the target")                                 \
        X(PORTGROUP, "the target lacks a port group of the VM")                                              \
        X(CPU_PINS, "the VM is pinned to CPUs that the target does not have")                                \
        X(NUMA_NODE, "the VM's memory must be on NUMA nodes that the target does not have")                  \
        X(NUMA_ROOM, "a NUMA cell of the VM does not fit into its nodes on the target")                      \
        X(VM_DEVICE, "the VM uses a device of its host")                                                     \
        X(VM_SNAPSHOTS, "the VM has snapshots, which libvirt cannot migrate")                                \
        X(VM_BLOCK_JOB, "a block job is running on a disk of the VM")                                        \
        X(VM_TRANSIENT_DISK, "the VM has a transient disk, which libvirt cannot migrate")                    \
        X(VM_INVTSC, "the VM has an invariant TSC without a frequency, which libvirt cannot migrate")        \
        X(RESERVE, "the reserve would be used up")                                                           \
        X(RESERVE_LACKS, "if its host failed, no other host would have room for it")                         \
        X(ORDER, "no safe order of moves was found for it")                                                  \
        X(TIME, "not analyzed: planning time was up")                                                        \
        X(BUDGET, "the budget of moves, GiB or minutes is used up")                                          \
        X(VM_NEVER, "a rule keeps the VM where it is")                                                       \
        X(VM_WINDOW, "a rule allows moving the VM only in a window that is closed now")                      \
        X(VM_MOVES, "a rule's limit of moves per day is reached for the VM")                                 \
        X(VM_FOR_NOW, "the VM was moved recently, or the result of its move is not known yet")               \
        X(VM_MISSED, "migrating the VM failed recently; not retried yet")                                    \
        X(VM_MODE, "a rule leaves the VM's moves to an operator")                                            \
        X(TARGET_MISSED, "migrating the VM to the target failed recently; not retried yet")                  \
        X(HOST_MISSED, "the target was unreachable recently; not retried yet")                               \
        X(VM_DIRTIES, "the VM dirties its memory faster than a migration can send it")                       \
        X(VM_LATER, "its move would be a repair, and repairs are deferred")                                  \
        X(NOT_WORTH, "its migration costs more time than the relief is worth")                               \
        X(NO_HOST, "no other host")

typedef enum Reason {
#define X(name, text) REASON_##name,
        REASONS(X)
#undef X
                REASON_N,
} Reason;

extern const char *const reason_texts[REASON_N];
extern const char *const reason_names[REASON_N]; /* "HOST_CORDONED" …: stable, in JSON */

/* Why a VM that is not movable is not. */
Reason reason_of_unmovable(const Vm *vm);

/* It is by itself that it may not be moved, and not for now: pinned, or tied to its host. */
bool reason_is_of_vm(Reason reason);
