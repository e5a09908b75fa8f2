/* SPDX-License-Identifier: Apache-2.0 */
/* The control group libvirt makes for a domain, and what the kernel says of it: how long its own CPU limit held
 * it back, how much of its memory is swapped out, what its threads waited for. Only the domain's own group and
 * those below it count: what a parent (machine.slice, a container the host is in) throttles is contention, which
 * another host would cure; a limit of its own goes along with the domain.
 *
 * cgroup v2: ROOT/machine.slice/machine-qemu\x2dID\x2dNAME.scope/libvirt/vcpuN; v1 the same below each
 * controller, some without "libvirt"; without systemd machine/qemu-ID-NAME.libvirt-qemu. (libvirt
 * docs/cgroups.rst.) All of it may be read by anyone.
 *
 * Units: ns, bytes by the function; a Pressure in permille. Owner: texts are in the arena, files' text in
 * `scratch`, which is given back. Errors: -ENOMEM from vm_cgroup_find() alone; UNKNOWN or false where nothing
 * can be read. Threads: any, each its own arena.
 */
#pragma once

#include "collectors/parse/stall.h"
#include "scheduler/base/arena.h"
#include "scheduler/model/units.h"

/* Paths below the root; NULL: not found. Owner: the arena. */
typedef struct VmCgroup {
        const char *cpu, *memory;
        bool unified; /* v2 */
} VmCgroup;

typedef enum VmPressure {
        VM_PRESSURE_CPU,
        VM_PRESSURE_MEMORY,
        VM_PRESSURE_IO,
        VM_PRESSURE_N,
} VmPressure;

/* root: as in CollectorEnv. 0, also when there is none; -ENOMEM. */
int vm_cgroup_find(Arena *a, const char *root, unsigned id, const char *name, VmCgroup *ret) must_check;

/* How long its own limits held it back since it was made, in ns, summed over CPUs. each_vcpu: limits of single
 * vCPUs, too. UNKNOWN where that cannot be read. scratch: for the files' text. */
int64_t vm_cgroup_throttled(const VmCgroup *g, Arena *scratch, const char *root, bool each_vcpu);

/* Bytes of its memory that its host has swapped out, or UNKNOWN. */
int64_t vm_cgroup_swapped(const VmCgroup *g, Arena *scratch, const char *root);

/* False: the kernel does not tell (v1, or PSI switched off). */
bool vm_cgroup_pressure(const VmCgroup *g, Arena *scratch, const char *root, VmPressure which, Pressure *ret);
