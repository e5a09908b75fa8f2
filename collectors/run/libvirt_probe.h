/* SPDX-License-Identifier: Apache-2.0 */
/* Does libvirt answer at all? Asked beside a reading that takes long, over a connection of its own: one guest whose
 * monitor is stuck, or whose job is waited for, holds up the reading, and is no silence of the host.
 *
 * Owner: libvirt_probe_free() takes NULL, never waits, and returns NULL; a thread that hangs frees what it has when
 * it comes back. Threads: all functions are for the one thread that made the probe.
 *
 * Units: none. Errors: -ENOMEM from libvirt_probe_new() alone.
 */
#pragma once

#include "scheduler/base/clock.h"
#include "scheduler/base/common.h"

typedef struct LibvirtProbe LibvirtProbe;

/* The text is copied; its thread starts with the first question. 0; -ENOMEM. */
int libvirt_probe_new(const char *uri, LibvirtProbe **ret) must_check;
LibvirtProbe *libvirt_probe_free(LibvirtProbe *probe);

/* Asks, unless a question is open. */
void libvirt_probe_ask(LibvirtProbe *probe);

/* The last question has been answered. False also before any was asked. */
bool libvirt_probe_answered(LibvirtProbe *probe);
