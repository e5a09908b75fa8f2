/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/migration_job.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/thread.h"

/* ---- the hub ---- */

Hub *hub_new(ExecutorLibvirtOptions options) {
        Hub *hub = calloc(1, sizeof(*hub));

        if (!hub)
                return NULL;
        (void) pthread_mutex_init(&hub->lock, NULL);
        cond_open(&hub->changed);
        hub->refs = 1;
        hub->options = options;
        return hub;
}

void hub_lock(Hub *hub) {
        (void) pthread_mutex_lock(&hub->lock);
}

void hub_unlock(Hub *hub) {
        (void) pthread_mutex_unlock(&hub->lock);
}

bool hub_wait(Hub *hub, usec_t until) {
        return cond_wait_until(&hub->changed, &hub->lock, until);
}

void hub_wait_phase(Hub *hub, usec_t at_most, uint64_t *io_seen) {
        usec_t until = clock_monotonic() + at_most;

        hub_lock(hub);
        while (hub->phases == *io_seen && hub_wait(hub, until))
                ;
        *io_seen = hub->phases;
        hub_unlock(hub);
}

void hub_unref(Hub *hub) {
        bool last;

        hub_lock(hub);
        last = --hub->refs == 0;
        hub_unlock(hub);
        if (last) {
                (void) pthread_cond_destroy(&hub->changed);
                (void) pthread_mutex_destroy(&hub->lock);
                capability_cache_done(&hub->capabilities);
                free(hub);
        }
}

/* ---- a migration: made, counted, freed ---- */

static void migration_free(Migration *m) {
        free(m->request);
        moved_domain_done(&m->before);
        free(m);
}

void migration_unref(Migration *m) {
        Hub *hub = m->hub;
        bool last;

        hub_lock(hub);
        last = --m->refs == 0;
        hub_unlock(hub);
        if (last) {
                migration_free(m);
                hub_unref(hub);
        }
}

Migration *migration_new(Hub *hub, const MigrationRequest *request) {
        Migration *m = calloc(1, sizeof(*m));

        if (!m)
                return NULL;
        m->request = migration_request_copy(request);
        if (!m->request) {
                migration_free(m);
                return NULL;
        }
        m->status = (MigrationStatus){ .dirty_kib_s = UNKNOWN, .downtime_ms = UNKNOWN };
        m->pause = pause_limit_of(&request->manner);
        m->hub = hub;
        m->refs = 1;
        hub_lock(hub);
        hub->refs++;
        hub_unlock(hub);
        return m;
}

/* ---- what is said of it ---- */

void migration_news(Migration *m) {
        m->hub->phases++;
        (void) pthread_cond_broadcast(&m->hub->changed);
}

void migration_set_phase(Migration *m, MigrationPhase phase) {
        if (migration_has_ended(m->status.phase))
                return;
        m->status.phase = phase;
        if (phase == MIGRATION_RUNNING)
                m->status.started = clock_monotonic();
        /* Its end is the end of the move: what verifying takes is not counted. */
        if (phase >= MIGRATION_VERIFYING && m->status.ended == 0)
                m->status.ended = clock_monotonic();
        if (m->status.started == 0 && migration_has_ended(phase))
                m->status.started = m->status.ended;
        migration_news(m);
}

void migration_end(Migration *m, MigrationPhase phase, const char *message) {
        hub_lock(m->hub);
        if (!migration_has_ended(m->status.phase)) {
                (void) snprintf(m->status.message, sizeof(m->status.message), "%s", message);
                migration_set_phase(m, phase);
        }
        hub_unlock(m->hub);
}

void migration_blame(Migration *m, MoveMiss miss, MissBlame blame) {
        hub_lock(m->hub);
        m->status.miss = miss;
        m->status.blame = blame;
        hub_unlock(m->hub);
}

void migration_not_started(Migration *m, MigrationPhase phase, const char *fmt, ...) {
        char why[sizeof(m->status.message) - 16], message[sizeof(m->status.message)];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(why, sizeof(why), fmt, ap);
        va_end(ap);
        (void) snprintf(message, sizeof(message), "not started: %s", why);
        migration_end(m, phase, message);
}

void migration_remark(Migration *m, const char *words) {
        size_t n;

        if (!words[0])
                return;
        hub_lock(m->hub);
        n = strlen(m->status.remark);
        (void) snprintf(m->status.remark + n, sizeof(m->status.remark) - n, "%s%s", n > 0 ? "; " : "", words);
        hub_unlock(m->hub);
}

bool migration_stop_asked(Migration *m) {
        bool asked;

        hub_lock(m->hub);
        asked = m->stop_asked;
        hub_unlock(m->hub);
        return asked;
}
