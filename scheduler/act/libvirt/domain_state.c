/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/domain_state.h"

#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/model/bounds.h"

/* A target goes on until it misses a page, so that it may be running, too. */
static bool has_failed_in_post_copy(int state, int reason) {
        return (state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_POSTCOPY_FAILED) ||
               (state == VIR_DOMAIN_RUNNING && reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED);
}

/* By a person, all of its memory there: it moves so, and stays so. Any other pause is libvirt's own: a migration's, an I/O
 * error's … */
static bool is_paused_by_user(int state, int reason) {
        return state == VIR_DOMAIN_PAUSED && reason == VIR_DOMAIN_PAUSED_USER;
}

static Presence presence_of(virDomainPtr domain, char words[LIBVIRT_WORDS], bool *ret_post_copy_failed) {
        static const char *const names[] = {
                [VIR_DOMAIN_NOSTATE] = "in an unknown state",
                [VIR_DOMAIN_RUNNING] = "running",
                [VIR_DOMAIN_BLOCKED] = "blocked",
                [VIR_DOMAIN_PAUSED] = "paused",
                [VIR_DOMAIN_SHUTDOWN] = "shutting down",
                [VIR_DOMAIN_SHUTOFF] = "shut off",
                [VIR_DOMAIN_CRASHED] = "crashed",
                [VIR_DOMAIN_PMSUSPENDED] = "suspended",
        };
        int state = -1, reason;

        if (virDomainGetState(domain, &state, &reason, 0) < 0) {
                bool gone = virGetLastErrorCode() == VIR_ERR_NO_DOMAIN;

                libvirt_last_words(words);
                return gone ? PRESENCE_NONE : PRESENCE_UNKNOWN;
        }
        (void) snprintf(words, LIBVIRT_WORDS, "%s",
                        state >= 0 && (size_t) state < ARRAY_SIZE(names) ? names[state]
                                                                         : "in an unknown state");
        *ret_post_copy_failed = has_failed_in_post_copy(state, reason);
        if (*ret_post_copy_failed) {
                (void) snprintf(words, LIBVIRT_WORDS, "%s, its post-copy migration failed",
                                state == VIR_DOMAIN_PAUSED ? "paused" : "running");
                return PRESENCE_OTHER;
        }
        if (is_paused_by_user(state, reason))
                return PRESENCE_RUNNING;
        return state == VIR_DOMAIN_RUNNING   ? PRESENCE_RUNNING
               : state == VIR_DOMAIN_SHUTOFF ? PRESENCE_NONE
                                             : PRESENCE_OTHER;
}

bool libvirt_is_paused(virDomainPtr domain) {
        int state = -1, reason = 0;

        return virDomainGetState(domain, &state, &reason, 0) == 0 && is_paused_by_user(state, reason);
}

Presence libvirt_presence(virDomainPtr domain, char words[LIBVIRT_WORDS]) {
        bool failed = false;

        return presence_of(domain, words, &failed);
}

static void cannot_be_asked(DomainState *s, const char *why) {
        s->presence = PRESENCE_UNKNOWN;
        (void) snprintf(s->words, sizeof(s->words), "cannot be queried: %.230s", why);
}

/* No job: what began to move it has ended here. What cannot be asked is not idle. */
static bool domain_state_idle(virDomainPtr domain) {
        virDomainJobInfo job = { .type = VIR_DOMAIN_JOB_UNBOUNDED };

        return virDomainGetJobInfo(domain, &job) == 0 && job.type == VIR_DOMAIN_JOB_NONE;
}

DomainState domain_state_read(LibvirtAt at, const char *uuid, usec_t connect_at_most) {
        char why[LIBVIRT_WORDS];
        LibvirtFault fault;
        DomainState s = { .presence = PRESENCE_NONE, .words = "not there" };
        virConnectPtr conn = NULL;
        virDomainPtr domain;

        if (libvirt_connect(at, connect_at_most, &conn, &fault) < 0) {
                cannot_be_asked(&s, fault.words);
                (void) snprintf(s.found, sizeof(s.found), "%s", fault.machine);
                return s;
        }
        domain = virDomainLookupByUUIDString(conn, uuid);
        if (domain) {
                s.defined = true;
                s.presence = presence_of(domain, why, &s.post_copy_failed);
                s.idle = s.presence == PRESENCE_RUNNING && domain_state_idle(domain);
                if (s.presence == PRESENCE_UNKNOWN)
                        cannot_be_asked(&s, why);
                else
                        (void) snprintf(s.words, sizeof(s.words), "%s", why);
                (void) virDomainFree(domain);
        } else if (virGetLastErrorCode() != VIR_ERR_NO_DOMAIN) {
                libvirt_last_words(why);
                cannot_be_asked(&s, why);
        }
        (void) virConnectClose(conn);
        return s;
}

/* ---- statistics ---- */

/* Over its bound it is not known. */
static void domain_state_read_field(virTypedParameterPtr params, int n, const char *name, int64_t most,
                                    int64_t *io) {
        unsigned long long value;

        if (virTypedParamsGetULLong(params, n, name, &value) == 1 && value <= (uint64_t) most)
                *io = (int64_t) value;
}

void libvirt_read_stats(virTypedParameterPtr params, int n, MigrationStatus *io) {
        int64_t memory_rate = 0, disk_rate = 0, page = 4096, dirty_pages = UNKNOWN, iteration = UNKNOWN;

        domain_state_read_field(params, n, VIR_DOMAIN_JOB_DATA_TOTAL, bound_of(BOUND_JOB_BYTES),
                                &io->bytes_total);
        domain_state_read_field(params, n, VIR_DOMAIN_JOB_DATA_PROCESSED, bound_of(BOUND_JOB_BYTES),
                                &io->bytes_done);
        domain_state_read_field(params, n, VIR_DOMAIN_JOB_DATA_REMAINING, bound_of(BOUND_JOB_BYTES),
                                &io->bytes_left);
        domain_state_read_field(params, n, VIR_DOMAIN_JOB_MEMORY_BPS, bound_of(BOUND_JOB_BYTES),
                                &memory_rate);
        domain_state_read_field(params, n, VIR_DOMAIN_JOB_DISK_BPS, bound_of(BOUND_JOB_BYTES), &disk_rate);
        io->bytes_per_s = memory_rate + disk_rate;
        domain_state_read_field(params, n, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE, bound_of(BOUND_QUANTITY),
                                &dirty_pages);
        domain_state_read_field(params, n, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, bound_of(BOUND_PAGE_BYTES),
                                &page);
        if (dirty_pages != UNKNOWN)
                io->dirty_kib_s = dirty_pages * (page / 1024);
        domain_state_read_field(params, n, VIR_DOMAIN_JOB_MEMORY_ITERATION, bound_of(BOUND_MOVES),
                                &iteration);
        if (iteration >= 0)
                io->iteration = (uint32_t) iteration;
}

void domain_state_finished(LibvirtAt at, const char *uuid, usec_t connect_at_most, MigrationStatus *io) {
        LibvirtFault fault;
        virConnectPtr conn = NULL;
        virTypedParameterPtr params = NULL;
        virDomainPtr domain;
        int type, n = 0;

        if (libvirt_connect(at, connect_at_most, &conn, &fault) < 0)
                return;
        domain = virDomainLookupByUUIDString(conn, uuid);
        if (domain) {
                if (virDomainGetJobStats(domain, &type, &params, &n,
                                         VIR_DOMAIN_JOB_STATS_COMPLETED |
                                                 VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED) == 0) {
                        libvirt_read_stats(params, n, io);
                        domain_state_read_field(params, n, VIR_DOMAIN_JOB_DOWNTIME, bound_of(BOUND_JOB_BYTES),
                                                &io->downtime_ms);
                        virTypedParamsFree(params, n);
                }
                (void) virDomainFree(domain);
        }
        (void) virConnectClose(conn);
}
