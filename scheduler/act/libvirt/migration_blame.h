/* SPDX-License-Identifier: Apache-2.0 */
/* What libvirt's refusal of a migration is about: the VM, its target, or this VM on that target.
 *
 * What it says before anything was sent is a refusal. Its code decides; that a target could not be reached it says in words
 * alone (qemuMigrationSrcPerformPeer2Peer: "Failed to connect to remote libvirt URI"; virNetSocketNewConnectTCP: "unable to
 * connect to server"): those of a daemon in another language are taken as of this VM on that target.
 *
 * Pure. Units: none. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include "scheduler/model/move_hold.h"

/* code: of virErrorNumber; sent: some of the VM was on its way. */
MissBlame migration_blame_of(int code, const char *words, bool sent, MoveMiss *ret_miss);
