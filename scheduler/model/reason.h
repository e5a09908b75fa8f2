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
        X(HOST_UNSURE, "not all that runs on the target is known")                                           \
        X(HOST_FAULTY, "the target has a hardware fault of grade 2 or more")                                 \
        X(HOST_WATCHED, "the target is watched: its fault grade is worse than that of the VM's own host")    \
        X(SOURCE_FENCED, "the facts of the host it runs on are stale or missing")                            \
        X(VM_PINNED, "the VM may not be moved")                                                              \
        X(VM_IN_FLIGHT, "the VM is being migrated already")                                                  \
        X(VM_DOUBLED, "the VM runs on several hosts at once: a person has to end all but one of it")         \
        X(VM_UNMEASURED, "the VM's use is not known yet")                                                    \
        X(NO_ROOM, "the target lacks room")                                                                  \
        X(NO_ROOM_DURING, "the target lacks room while the VM moves")                                        \
        X(RULE_APART, "a VM it must be apart from runs there")                                               \
        X(RULE_TOGETHER, "VMs it must be together with run elsewhere")                                       \
        X(RULE_SPREAD, "its group would cover too few places")                                               \
        X(RULE_NEAR, "a VM that must be near it would no longer be")                                         \
        X(RULE_HOSTS, "a rule forbids this host for it")                                                     \
        X(NETWORK, "a network of the VM is not on the target")                                               \
        X(STORAGE, "a storage pool of the VM is not on the target")                                          \
        X(LOCAL_DISK, "the VM has disks that only its host sees")                                            \
        X(CPU_MODEL, "the target's CPU cannot run the VM")                                                   \
        X(OVERCOMMIT, "the target's vCPUs are allocated as far as its over-commit ratio allows")             \
        X(HUGEPAGES, "the target lacks free huge pages of the VM's size")                                    \
        X(ARCH, "the target is of another architecture")                                                     \
        X(MACHINE, "the VM's machine type is not there on the target")                                       \
        X(EMULATOR, "the VM's emulator is not there on the target")                                          \
        X(CPU_FEATURE, "the target's CPU lacks a feature that the VM was given")                             \
        X(IMAGE, "an image that the VM reads is not known to be on the target")                              \
        X(PORTGROUP, "a port group of the VM is not on the target")                                          \
        X(CPU_PINS, "the VM is pinned to CPUs that the target does not have")                                \
        X(NUMA_NODE, "the VM's memory must be on NUMA nodes that the target does not have")                  \
        X(VM_DEVICE, "the VM has a device of its host")                                                      \
        X(VM_SNAPSHOTS, "the VM has snapshots: libvirt moves none that has")                                 \
        X(VM_BLOCK_JOB, "a job runs on a disk of the VM")                                                    \
        X(VM_TRANSIENT_DISK, "the VM has a transient disk: libvirt moves none that has")                     \
        X(VM_INVTSC, "the VM has an invariant TSC without a frequency: libvirt moves none that has")         \
        X(RESERVE, "the reserve for lost hosts would be spent")                                              \
        X(RESERVE_LACKS, "if its host were lost, no other would have room for it")                           \
        X(ORDER, "no safe order of moves was found for it")                                                  \
        X(TIME, "it was not looked into: the time for planning was up")                                      \
        X(BUDGET, "the budget of moves, GiB or minutes was spent")                                           \
        X(VM_NEVER, "a rule says that the VM stays where it is")                                             \
        X(VM_WINDOW, "a rule lets the VM move in a window that is not open now")                             \
        X(VM_MOVES, "the VM has been moved as often as a rule allows in a day")                              \
        X(VM_FOR_NOW, "the VM was moved lately, or how that ended is not known yet")                         \
        X(VM_MISSED, "moving the VM failed lately: it is not tried again yet")                               \
        X(TARGET_MISSED, "moving the VM to the target failed lately: it is not tried again yet")             \
        X(HOST_MISSED, "the target could not be reached lately: it is not tried again yet")                  \
        X(VM_DIRTIES, "the VM dirties its memory faster than a migration could send it")                     \
        X(VM_LATER, "its moving would be a repair, and repairs are left for later")

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
