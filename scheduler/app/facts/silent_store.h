/* SPDX-License-Identifier: Apache-2.0 */
/* What the leader read through libvirt of hosts whose agents are silent (silent_hosts.h), in the store for as long as it is good:
 * commands see the host as the leader does, without a connection to it.
 *
 * Units: usec_t, in microseconds. Owner: the caller's arena. Errors: a negative errno of the store, -ENOMEM. Threads: the store's.
 */
#pragma once

#include "scheduler/app/facts/silent_hosts.h"
#include "scheduler/app/state/leadership.h"

#define SILENT_STORE_NAME "silent-hosts" /* state: JSON, host → { "report" } or { "error" } */

/* 0; 1: another leads. */
int silent_store_write(const SilentHosts *silent, const Leadership *l, Arena *a, usec_t keep) must_check;

/* silent_hosts_recall() of what is there: what is no such text, or is lost, was not read. */
int silent_store_recall(Store *store, Arena *a, const Settings *settings, const BuildInput *in,
                        const Snapshot *s, Strings open, SilentReadings *ret) must_check;
int silent_store_parse(Arena *a, const char *text, size_t n, SilentHosts *ret) must_check; /* -EBADMSG */
