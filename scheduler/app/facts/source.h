/* SPDX-License-Identifier: Apache-2.0 */
/* The four sources of facts. All end in a const Snapshot, and may be read again for fresher facts.
 *
 *   --from FILE    a snapshot file           --hosts URI,…  libvirt on each host, asked from here
 *   --redis URL    what the agents reported      --prometheus URL  what its exporters say of the hosts
 *
 * With prometheus.url in the settings, --redis also has the hosts that only Prometheus knows.
 *
 * Owner:   source_free() ends what is open. What is read is in the caller's arena.
 *          -ENOMEM and -ERANGE of a source but a file: nothing can be seen, and so nothing is decided (blind).
 * Errors:  a negative errno with *reterr_fault in words; -EBADMSG and -EINVAL are bad input, -ENODATA: no
 * host has reported; the others: it could not be reached. Every call ends within the time limits.
 *
 * Units: usec_t by the clock, since the epoch. Threads: one.
 */
#pragma once

#include "scheduler/app/facts/booking_store.h"
#include "scheduler/app/facts/brake_store.h"
#include "scheduler/app/facts/fault_store.h"
#include "scheduler/app/facts/hold_store.h"
#include "scheduler/app/facts/known_hosts.h"
#include "scheduler/app/facts/silent_hosts.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/settings/app_settings.h"
#include "scheduler/app/state/admission_record.h"
#include "scheduler/model/cluster.h"
#include "scheduler/store/store.h"

typedef enum SourceKind {
        SOURCE_FILE,
        SOURCE_HOSTS,
        SOURCE_REDIS,
        SOURCE_PROMETHEUS,
} SourceKind;

#define SOURCE_OPTIONS                                                                                       \
        OPTION_GROUP("Data source (one of these):"),                                                         \
                OPTION_WORD("from", "FILE", "read a snapshot file; - reads standard input"),                 \
                OPTION_WORD("hosts", "URI[,URI]",                                                            \
                            "read each host through libvirt, without agents; may be repeated"),              \
                OPTION_WORD("redis", "URL",                                                                  \
                            "read what the agents reported: redis://host:port, "                             \
                            "redis+sentinel://host,host/MASTER, unix:///path "                               \
                            "(over TLS: rediss://, rediss+sentinel://); default: service.redis"),            \
                OPTION_WORD("prometheus", "URL",                                                             \
                            "read node_exporter and a libvirt exporter from Prometheus: "                    \
                            "http://host:9090; default: prometheus.url"),                                    \
                OPTION_WORD("cluster", "NAME", "name of the cluster in Redis; default: service.cluster"),    \
                SETTINGS_OPTIONS

typedef struct Source Source;

/* From a command's options and the settings. -EINVAL: none or several of the four were given. */
int source_open(const Options *o, const Settings *settings, Source **ret, TextFault *reterr_fault) must_check;

/* From a store the caller has and keeps. */
int source_open_store(Store *store, const char *cluster, Source **ret) must_check;

/* What time it is for the facts; NULL, and at first: the real one. */
void source_use_clock(Source *s, const Clock *clock);

/* From the next reading on: the host is to be left for good, and so by its VMs that are off. NULL: as the
 * facts say. The name is the caller's. */
void source_for_good(Source *s, Strings hosts);

/* SOURCE_REDIS, from the next reading on: hosts that must be left though their agents are silent are read through libvirt
 * (silent_hosts.h), which takes up to 5 s. Without this call they are as the leader read them so (silent_store.h). */
void source_reach_silent(Source *s);
const SilentHosts *source_silent(const Source *s); /* what was, by this source itself */

/* SOURCE_REDIS: room that is booked, as of the last reading: read before all else of it, so that room which is taken
 * meanwhile is counted. In its arena. */
const BookingStore *source_bookings(const Source *s);

/* What is remembered of the brake, as of the last reading. */
const BrakeStore *source_brake(const Source *s);
const HoldStore *source_holds(const Source *s); /* of failed migrations, likewise */

Source *source_free(Source *s);
DEFINE_OWNED(Source *, source_free);

/* The facts as they are now, with what the settings' lists say of them (rules_apply.h). Hosts that could not
 * be asked are in it, excluded, and in source_notice(). */
int source_read(Source *s, Arena *a, const Settings *settings, const Snapshot **ret,
                TextFault *reterr_fault) must_check;

/* The facts of the last reading alone, as a snapshot file keeps them: the settings are put on again when it
 * is read. */
const Snapshot *source_facts(const Source *s);

/* The same by reports alone: hosts that were read through libvirt are silent in it. */
const Snapshot *source_reported(const Source *s);

SourceKind source_kind(const Source *s);
const char *source_cluster(const Source *s); /* of a store, by options or settings */
const char *source_name(const Source *s);    /* the file, or what else it is, for messages; no password */
Store *source_store(const Source *s);        /* SOURCE_REDIS; else NULL */

/* What the last reading has to say of single hosts: "h2: Connection refused". NULL past the last. In the
 * arena of that reading. */
const char *source_notice(const Source *s, uint32_t i);

/* SOURCE_REDIS: as what the hosts were admitted when they were last read. In the arena of that reading. */
const AdmissionRecords *source_admissions(const Source *s);

/* SOURCE_REDIS: some reading of this source found that hosts must be admitted. */
bool source_admits(const Source *s);

/* How much of what was said was left out at the last reading, since it is over a bound or no name: reports, facts of them,
 * names. The notices say what, of each host. */
uint64_t source_left_out(const Source *s);

/* SOURCE_REDIS: what the last reading knew of failing hardware, for the leader to write back. In the arena of
 * that reading. */
const FaultStore *source_faults(const Source *s);

/* SOURCE_REDIS: what operators said of hosts, as of the last reading. In its arena. */
const HostMark *source_marks(const Source *s, uint32_t *ret_n);

/* SOURCE_REDIS: what the store has of VMs as they were last known. In the arena of the last reading. */
const StoredText *source_known(const Source *s, uint32_t *ret_n);

/* SOURCE_REDIS: a loss of the store that nobody has acknowledged, which the snapshot already heeds; NULL: none. In the
 * arena of the last reading. */
const LostStore *source_loss(const Source *s);
