/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a host can take a VM, asked of the host itself right before the move; and whether it is as it was,
 * right after. What the planner's facts say is seconds old, and they do not know all that libvirt does.
 *
 *   CPU       virConnectCompareHypervisorCPU of the VM's CPU with the target's hypervisor; only under KVM
 *             (an emulating host calls models unusable that its guests run with), and not of a CPU that
 *             follows the host (the planner lets those go to hosts of the same CPU only)
 *   networks  those of libvirt that its ports are on: there and active. A bridge or an OVS port of no libvirt
 *             network cannot be asked for through libvirt: what the target's agent reports decides
 *   pools     those that its disks name: there and active
 *   memory    free, buffers and cache of the target (virNodeGetMemoryStats), and what it gives back beside them, against
 *             what the VM is promised there (docs/memory.md, as the planner counts it), and what it really holds on its
 *             source (RSS; else its balloon). Not for huge pages
 *   nodes     free pages of its size (virNodeGetFreePages), and free memory of the NUMA nodes that it is bound to
 *             (virNodeGetCellsFreeMemory) with what these are known to give back, against what it needs there (docs/numa.md)
 *
 * Threads: any; each call on the connections it is given. A question that libvirt does not answer (the driver
 * has no such call) refuses nothing; a connection that broke does.
 *
 * Units: MiB by suffix. Owner: a MovedDomain is the caller's, by moved_domain_done(); `disks` points into it.
 * Errors: as said at libvirt_moved(); the others answer with words.
 */
#pragma once

#include "scheduler/act/executor.h"
#include "scheduler/act/libvirt/libvirt_connection.h"
#include "scheduler/act/libvirt/moved_domain.h"

/* The VM as it runs, from its live XML. 0, or -EIO, -EBADMSG, -ENOMEM with words. Ended by
 * moved_domain_done(). */
int libvirt_moved(virDomainPtr domain, bool inactive, MovedDomain *ret,
                  char reterr_words[LIBVIRT_WORDS]) must_check;

/* Whether the target can take it: true, or false with words. */
bool libvirt_fits(virDomainPtr domain, const MovedDomain *d, const MigrationRequest *request,
                  virConnectPtr target, char reterr_words[LIBVIRT_WORDS]) must_check;

/* Which of its disks the target does not see, so that they have to be copied: targets ("vda"),
 * NULL-terminated, in disks[MOVED_LIST_MAX + 1], pointing into `d`. A disk at whose path the target has a
 * volume is taken as shared and never written to.
 *
 * libvirt makes the volumes on the target itself, with their size and format, but only where the file lies in
 * a directory pool that is active there (qemuMigrationDstPrecreateStorage); so a disk in none is refused
 * here: false, with words. Block devices cannot be made by it, and are refused too. */
bool libvirt_disks_to_copy(const MovedDomain *d, virConnectPtr target, const char *disks[MOVED_LIST_MAX + 1],
                           char reterr_words[LIBVIRT_WORDS]) must_check;

/* What is not as it was, in words; "" when all is: ports' policies, and the guest agent where it answered. */
void libvirt_remark(virDomainPtr domain, const MovedDomain *before, char words[LIBVIRT_WORDS]);
