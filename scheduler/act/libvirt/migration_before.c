/* SPDX-License-Identifier: Apache-2.0 */
/* Before a migration: is everything still as the plan took it to be? */
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/act/libvirt/migration_job.h"

static virDomainPtr find_domain(Migration *m, virConnectPtr conn) {
        const MigrationRequest *r = m->request;
        virDomainPtr domain = r->order->uuid ? virDomainLookupByUUIDString(conn, r->order->uuid)
                                             : virDomainLookupByName(conn, r->order->vm);
        char words[LIBVIRT_WORDS];
        bool gone;

        if (!domain) {
                gone = virGetLastErrorCode() == VIR_ERR_NO_DOMAIN;
                libvirt_last_words(words);
                if (!gone)
                        migration_blame(m, MISS_UNREACHED, BLAME_SOURCE);
                migration_not_started(m, gone ? MIGRATION_FOREIGN : MIGRATION_FAILED, "%s %s: %s",
                                      r->order->from, gone ? "does not have it" : "cannot be queried", words);
        }
        return domain;
}

/* One that is moved live runs; one that is moved cold is off, and defined. */
static bool state_is_right(Migration *m, virDomainPtr domain) {
        const MigrationRequest *r = m->request;
        char words[LIBVIRT_WORDS];
        Presence p = libvirt_presence(domain, words);

        if (p == PRESENCE_UNKNOWN) {
                migration_blame(m, MISS_UNREACHED, BLAME_SOURCE);
                migration_not_started(m, MIGRATION_FAILED, "%s cannot be queried: %s", r->order->from, words);
                return false;
        }
        if (!r->offline && p != PRESENCE_RUNNING) {
                migration_not_started(m, MIGRATION_FOREIGN, "on %s it is not running but %s", r->order->from,
                                      words);
                return false;
        }
        if (r->offline && (p != PRESENCE_NONE || virDomainIsPersistent(domain) != 1)) {
                migration_not_started(m, MIGRATION_FOREIGN, "on %s it is not off but %s", r->order->from,
                                      words);
                return false;
        }
        return true;
}

/* libvirt takes everything of a definition along but this. */
static bool starts_by_itself(virDomainPtr domain) {
        int autostart = 0;

        return virDomainIsPersistent(domain) == 1 && virDomainGetAutostart(domain, &autostart) == 0 &&
               autostart;
}

/* Whether the source lets it go: in the right state, and busy with nothing else. */
static bool source_is_ready(Migration *m, virDomainPtr domain) {
        char words[LIBVIRT_WORDS] = "";
        virDomainJobInfo job;

        if (!state_is_right(m, domain))
                return false;
        if (!m->request->offline && virDomainGetJobInfo(domain, &job) == 0 &&
            job.type != VIR_DOMAIN_JOB_NONE) {
                migration_not_started(m, MIGRATION_FOREIGN,
                                      "%s is busy with it: another migration, backup, snapshot or dump",
                                      m->request->order->from);
                return false;
        }
        if (virDomainGetUUIDString(domain, m->uuid) < 0) {
                libvirt_last_words(words);
                migration_not_started(m, MIGRATION_FAILED, "%s", words);
                return false;
        }
        if (libvirt_moved(domain, m->request->offline, &m->before, words) < 0) {
                migration_blame(m, MISS_REFUSED, BLAME_VM);
                migration_not_started(m, MIGRATION_FAILED, "%s: %s", m->request->order->from, words);
                return false;
        }
        m->autostart = starts_by_itself(domain);
        return true;
}

/* It must not be there in any form, but for a definition that a live migration writes over. */
static bool target_has_none(Migration *m, virConnectPtr target) {
        virDomainPtr there = virDomainLookupByUUIDString(target, m->uuid);
        char words[LIBVIRT_WORDS];
        Presence p;

        if (!there && virGetLastErrorCode() == VIR_ERR_NO_DOMAIN)
                return true;
        if (!there) {
                libvirt_last_words(words);
                migration_blame(m, MISS_UNREACHED, BLAME_TARGET);
                migration_not_started(m, MIGRATION_FAILED, "%s cannot be queried: %s", m->request->order->to,
                                      words);
                return false;
        }
        p = libvirt_presence(there, words);
        (void) virDomainFree(there);
        if (p == PRESENCE_NONE && !m->request->offline)
                return true;
        migration_blame(m, p == PRESENCE_UNKNOWN ? MISS_UNREACHED : MISS_REFUSED,
                        p == PRESENCE_UNKNOWN ? BLAME_TARGET : BLAME_PAIR);
        migration_not_started(m, p == PRESENCE_UNKNOWN ? MIGRATION_FAILED : MIGRATION_FOREIGN, "%s %s: %s",
                              m->request->order->to,
                              p == PRESENCE_UNKNOWN ? "cannot be queried" : "already has it", words);
        return false;
}

static bool target_fits(Migration *m, virDomainPtr domain, virConnectPtr target) {
        char words[LIBVIRT_WORDS] = "";
        bool fits = libvirt_fits(domain, &m->before, m->request, target, words);

        if (fits && m->request->copy_disks)
                fits = libvirt_disks_to_copy(&m->before, target, m->disks, words);
        if (fits && m->request->offline && m->disks[0]) {
                (void) snprintf(words, sizeof(words), "libvirt does not copy the disks of a VM that is off");
                fits = false;
        }
        if (!fits) {
                migration_blame(m, MISS_REFUSED, BLAME_PAIR);
                migration_not_started(m, MIGRATION_FAILED, "%s cannot take it now: %s", m->request->order->to,
                                      words);
        }
        return fits;
}

static MigrationCapabilities capabilities_at(Migration *m, const char *uri, virConnectPtr conn) {
        const usec_t now = clock_monotonic();
        MigrationCapabilities capabilities = { 0 };
        bool known;

        hub_lock(m->hub);
        known = capability_cache_find(&m->hub->capabilities, uri, now, &capabilities);
        hub_unlock(m->hub);
        if (known)
                return capabilities;
        capabilities = migration_capabilities_read(conn);
        hub_lock(m->hub);
        capability_cache_put(&m->hub->capabilities, uri, now, capabilities);
        hub_unlock(m->hub);
        return capabilities;
}

static void choose_params(Migration *m, virDomainPtr domain, virConnectPtr source, virConnectPtr target) {
        const MigrationCapabilities from = capabilities_at(m, m->request->order->from_uri, source),
                                    to = capabilities_at(m, m->request->order->to_uri, target);
        char words[192];

        m->params = migration_params_of(m->request, migration_capabilities_both(from, to),
                                        virDomainIsPersistent(domain) == 1);
        if (m->disks[0])
                m->params.flags |= VIR_MIGRATE_NON_SHARED_DISK;
        if (!m->request->offline && libvirt_is_paused(domain))
                m->params.flags |= VIR_MIGRATE_PAUSED; /* it is not started there */
        if (!m->params.lacks[0])
                return;
        (void) snprintf(words, sizeof(words), "not supported by libvirt or QEMU there: %s", m->params.lacks);
        migration_remark(m, words);
}

/* Another machine answers: it is in the status, for whoever keeps such hosts from moves. */
static void migration_found(Migration *m, char to[LIBVIRT_MACHINE], const LibvirtFault *fault) {
        hub_lock(m->hub);
        (void) snprintf(to, LIBVIRT_MACHINE, "%s", fault->machine);
        hub_unlock(m->hub);
}

static bool target_is_ready(Migration *m, virDomainPtr domain, virConnectPtr source) {
        virConnectPtr target = NULL;
        LibvirtFault fault;
        bool ready;

        if (libvirt_connect(migration_target(m), m->hub->options.connect_at_most, &target, &fault) < 0) {
                migration_found(m, m->status.to_found, &fault);
                migration_blame(m, MISS_UNREACHED, BLAME_TARGET);
                migration_not_started(m, MIGRATION_FAILED, "%s cannot be queried: %s", m->request->order->to,
                                      fault.words);
                return false;
        }
        ready = target_has_none(m, target) && target_fits(m, domain, target);
        if (ready)
                choose_params(m, domain, source, target);
        (void) virConnectClose(target);
        return ready;
}

/* It was judged when it began. What it began with is not known any more, but that it was post-copy. */
static bool broken_is_ready(Migration *m, virDomainPtr domain) {
        const MigrationCapabilities all = { .auto_converge = true, .post_copy = true, .tls = true };
        char words[LIBVIRT_WORDS] = "";

        if (virDomainGetUUIDString(domain, m->uuid) < 0) {
                libvirt_last_words(words);
                migration_not_started(m, MIGRATION_FAILED, "%s", words);
                return false;
        }
        if (!domain_state_read(migration_source(m), m->uuid, m->hub->options.connect_at_most)
                     .post_copy_failed) {
                migration_not_started(m, MIGRATION_FOREIGN, "its post-copy was not interrupted on %s",
                                      m->request->order->from);
                return false;
        }
        m->params = migration_params_of(m->request, all, virDomainIsPersistent(domain) == 1);
        return true;
}

static bool is_ready(Migration *m, virDomainPtr domain, virConnectPtr source) {
        if (m->request->resume)
                return broken_is_ready(m, domain);
        return source_is_ready(m, domain) && target_is_ready(m, domain, source);
}

virDomainPtr migration_prepare(Migration *m, virConnectPtr *ret_conn) {
        virConnectPtr conn = NULL;
        virDomainPtr domain;
        LibvirtFault fault;

        if (libvirt_connect(migration_source(m), m->hub->options.connect_at_most, &conn, &fault) < 0) {
                migration_found(m, m->status.from_found, &fault);
                migration_blame(m, MISS_UNREACHED, BLAME_SOURCE);
                migration_not_started(m, MIGRATION_FAILED, "%s cannot be queried: %s",
                                      m->request->order->from, fault.words);
                return NULL;
        }
        domain = find_domain(m, conn);
        if (domain && is_ready(m, domain, conn)) {
                if (!migration_stop_asked(m)) {
                        *ret_conn = conn;
                        return domain;
                }
                migration_not_started(m, MIGRATION_ABORTED, "it was stopped");
        }
        if (domain)
                (void) virDomainFree(domain);
        (void) virConnectClose(conn);
        return NULL;
}
