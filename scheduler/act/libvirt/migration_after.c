/* SPDX-License-Identifier: Apache-2.0 */
/* After a migration, whatever libvirt said of its end: both hosts are asked, on fresh connections. */
#include <stdio.h>
#include <string.h>

#include "scheduler/act/libvirt/migration_blame.h"
#include "scheduler/act/libvirt/migration_job.h"

#define VERIFY_EVERY (500 * USEC_PER_MSEC)

/* Of one that was told to stop nothing is to be learned, unless its time was up. */
static void blame_end(Migration *m) {
        MoveMiss miss = MISS_FAILED;
        MissBlame blame = BLAME_PAIR;
        bool sent;

        hub_lock(m->hub);
        sent = m->status.bytes_done > 0 || m->status.post_copy;
        hub_unlock(m->hub);
        if (m->out_of_time)
                miss = MISS_DEADLINE;
        else if (m->mover_lost) {
                miss = MISS_UNREACHED;
                blame = BLAME_SOURCE;
        } else if (m->mover_result < 0 && migration_stop_asked(m))
                blame = BLAME_NONE;
        else if (m->mover_result < 0)
                blame = migration_blame_of(m->mover_code, m->mover_words, sent, &miss);
        migration_blame(m, miss, blame);
}

static void end_on_source(Migration *m) {
        char message[sizeof(m->status.message)];

        if (m->mover_result == 0)
                (void) snprintf(message, sizeof(message), "libvirt reported success, but it %s %s only",
                                m->request->offline ? "is defined on" : "runs on", m->request->order->from);
        else if (m->out_of_time)
                (void) snprintf(message, sizeof(message), "timeout: not finished within %.1f s",
                                (double) m->params.deadline * (m->extended ? 2 : 1) / (double) USEC_PER_SEC);
        else
                (void) snprintf(message, sizeof(message), "%s", m->mover_words);
        blame_end(m);
        migration_end(m,
                      m->mover_result < 0 && migration_stop_asked(m) ? MIGRATION_ABORTED : MIGRATION_FAILED,
                      message);
}

static void update_autostart(Migration *m, virDomainPtr domain) {
        char words[LIBVIRT_WORDS], why[LIBVIRT_WORDS];

        if (!m->autostart || virDomainSetAutostart(domain, 1) == 0)
                return;
        libvirt_last_words(why);
        (void) snprintf(words, sizeof(words), "it no longer starts with its host (autostart): %.180s", why);
        migration_remark(m, words);
}

/* What is not as it was before; said, and no reason to call the move failed: the VM is there. */
static void look_closer(Migration *m) {
        char words[LIBVIRT_WORDS] = "";
        virConnectPtr conn = NULL;
        virDomainPtr domain;
        LibvirtFault fault;

        if (libvirt_connect(migration_target(m), m->hub->options.connect_at_most, &conn, &fault) < 0) {
                migration_remark(m, fault.words);
                return;
        }
        domain = virDomainLookupByUUIDString(conn, m->uuid);
        if (domain) {
                update_autostart(m, domain);
                if (!m->request->offline) {
                        libvirt_remark(domain, &m->before, words);
                        migration_remark(m, words);
                }
                (void) virDomainFree(domain);
        }
        (void) virConnectClose(conn);
}

static void end_on_target(Migration *m) {
        MigrationStatus last;

        hub_lock(m->hub);
        last = m->status;
        hub_unlock(m->hub);
        if (!m->request->offline)
                domain_state_finished(migration_target(m), m->uuid, m->hub->options.connect_at_most, &last);
        if (!m->request->offline || m->autostart)
                look_closer(m);
        hub_lock(m->hub);
        if (!migration_has_ended(m->status.phase)) {
                last.phase = m->status.phase;
                memcpy(last.remark, m->status.remark, sizeof(last.remark));
                m->status = last;
                m->status.bytes_left = 0;
        }
        hub_unlock(m->hub);
        migration_end(m, MIGRATION_DONE, "");
}

/* It is where it is looked for, and only defined there: of a VM that was moved cold. */
static bool is_defined(const DomainState *s) {
        return s->presence == PRESENCE_NONE && s->defined;
}

static bool is_gone(const Migration *m, const DomainState *s) {
        return s->presence == PRESENCE_NONE && (!m->request->offline || !s->defined);
}

static bool is_here(const Migration *m, const DomainState *s) {
        return m->request->offline ? is_defined(s) : s->presence == PRESENCE_RUNNING;
}

/* Asks both until they agree: right after a migration a daemon may still be clearing up, or be restarting. */
void migration_verify(Migration *m) {
        const MigrationRequest *r = m->request;
        usec_t connect = m->hub->options.connect_at_most;
        usec_t end = clock_monotonic() + m->hub->options.verify_at_most;
        char message[sizeof(m->status.message)];
        DomainState from, to;

        for (;;) {
                from = domain_state_read(migration_source(m), m->uuid, connect);
                to = domain_state_read(migration_target(m), m->uuid, connect);
                if (is_here(m, &to) && is_gone(m, &from)) {
                        end_on_target(m);
                        return;
                }
                if (is_here(m, &from) && is_gone(m, &to)) {
                        end_on_source(m);
                        return;
                }
                if (clock_monotonic() >= end)
                        break;
                clock_sleep(VERIFY_EVERY);
        }
        if (from.post_copy_failed)
                migration_resume_command(m, message, sizeof(message));
        else
                (void) snprintf(message, sizeof(message), "%.32s: %.64s; %.32s: %.64s%s%.50s", r->order->from,
                                from.words, r->order->to, to.words,
                                m->mover_words[0] ? "; the migration ended with: " : "", m->mover_words);
        migration_end(m, MIGRATION_UNCLEAR, message);
}
