/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says of a control group, v1 and v2 (Documentation/admin-guide/cgroup-v2.rst, and
 * scheduler/sched-bwc.rst and cgroup-v1/memory.rst for v1). Pure.
 *
 * Units: ns, bytes, as named. Owner: nothing is kept. Errors: -EBADMSG. Threads: any.
 */
#pragma once

#include "scheduler/model/units.h"

/* cpu.stat: for how long a CPU limit of this very group held its threads back, in ns: "throttled_usec" of v2,
 * "throttled_time" of v1, summed over CPUs by the kernel. 0 where it names neither: then the group has no
 * limit (no CPU controller in it). 0; -EBADMSG: not such a file. */
int cgroup_throttled_parse(const char *text, size_t n, int64_t *ret_ns) must_check;

/* memory.stat of v1: bytes of "swap", UNKNOWN where it has no such line (swap is not accounted).
 * 0; -EBADMSG. */
int cgroup_swap_parse(const char *text, size_t n, int64_t *ret_bytes) must_check;

/* A file that is one number: memory.swap.current. 0; -EBADMSG. */
int cgroup_number_parse(const char *text, size_t n, int64_t *ret) must_check;

/* Is `entry` the folder that libvirt makes for the domain? With systemd
 * "machine-qemu\x2d3\x2dweb1.scope", without "qemu-3-web1.libvirt-qemu": its driver, its id and its name, which
 * is cut at 64 bytes and has lost what is no letter, digit, '-' or '.' (virDomainDriverGenerateMachineName). */
bool cgroup_is_of_domain(const char *entry, unsigned id, const char *name);
