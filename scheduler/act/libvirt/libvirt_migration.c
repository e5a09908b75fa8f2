/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/libvirt_migration.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/act/libvirt/migration_job.h"

#define WATCH_EVERY     (100 * USEC_PER_MSEC) /* statistics; and how late an abort may be */
#define WATCH_END_EVERY (30 * USEC_PER_MSEC) /* … when it ends soon: others wait for its part of the link */
#define END_IS_NEAR     (400 * USEC_PER_MSEC) /* of sending */
#define POST_COPY_TRIES (5 * USEC_PER_SEC)
#define SILENT_AFTER    (10 * USEC_PER_SEC) /* longer than keepalive: then it is worth saying */

/* Under the lock. Its deadline as it stands; 0: none, or none any more. */
static usec_t libvirt_migration_deadline(const Migration *m) {
        return m->status.post_copy ? 0 : m->params.deadline * (m->extended ? 2 : 1);
}

/* Under the lock. When it ought to have stopped; 0: not yet. A worker that hangs sees no limit. */
static usec_t stop_was_due(const Migration *m) {
        usec_t limit;

        if (m->stop_asked)
                return m->stopped_at;
        if (m->status.phase != MIGRATION_RUNNING)
                return 0;
        limit = libvirt_migration_deadline(m);
        if (limit > 0 && m->params.at_deadline == DEADLINE_AUTO_CONVERGE && !m->extended)
                limit *= 2;
        if (limit > 0 && clock_monotonic() >= m->status.started + limit)
                return m->status.started + limit;
        return 0;
}

/* One that waits for hosts that do not answer, and was told to stop: nothing was done yet, and nothing will be. */
#define QUEUED_GIVE_UP (500 * USEC_PER_MSEC)

/* Under the lock. One that ought to have stopped and has not for too long is called what it is. */
static void give_up_overdue(Migration *m) {
        const bool queued = m->status.phase == MIGRATION_QUEUED;
        const usec_t most = m->hub->options.give_up;
        usec_t due = stop_was_due(m);

        if (due == 0 || migration_has_ended(m->status.phase) ||
            clock_monotonic() - due < (queued && most > QUEUED_GIVE_UP ? QUEUED_GIVE_UP : most))
                return;
        if (queued) { /* and will not be: the worker asks before it starts */
                (void) snprintf(m->status.message, sizeof(m->status.message),
                                "not started: stopped while the hosts did not answer");
                migration_set_phase(m, MIGRATION_ABORTED);
                return;
        }
        (void) snprintf(m->status.message, sizeof(m->status.message),
                        "libvirt on %.64s has not ended it %lld s after it was stopped",
                        m->request->order->from, (long long) (m->hub->options.give_up / USEC_PER_SEC));
        migration_set_phase(m, MIGRATION_UNCLEAR);
}

/* ---- the mover ---- */

static int libvirt_migration_migrate(const Migration *m, virDomainPtr domain) {
        virTypedParameterPtr params = NULL;
        int n = 0, result = migration_params_list(m->request, &m->params, m->disks, &params, &n);

        if (result == 0)
                result = virDomainMigrateToURI3(domain, m->request->order->to_uri, params, (unsigned) n,
                                                m->params.flags);
        virTypedParamsFree(params, n);
        return result;
}

/* On a connection of its own: see libvirt_connection.h. */
static int migrate_alone(const Migration *m, char reterr_words[LIBVIRT_WORDS], int *reterr_code,
                         bool *reterr_lost) {
        virConnectPtr conn = NULL;
        virDomainPtr domain;
        LibvirtFault fault;
        int result = -1;

        if (libvirt_connect(migration_source(m), m->hub->options.connect_at_most, &conn, &fault) < 0) {
                (void) snprintf(reterr_words, LIBVIRT_WORDS, "%s", fault.words);
                *reterr_lost = true;
                return -1;
        }
        domain = virDomainLookupByUUIDString(conn, m->uuid);
        if (domain)
                result = libvirt_migration_migrate(m, domain);
        if (result < 0) {
                *reterr_code = virGetLastErrorCode();
                libvirt_last_words(reterr_words);
        }
        if (domain)
                (void) virDomainFree(domain);
        (void) virConnectClose(conn);
        return result;
}

static void *libvirt_migration_move(void *data) {
        Migration *m = data;
        char words[LIBVIRT_WORDS];
        bool lost = false;
        int code = VIR_ERR_OK, result = migrate_alone(m, words, &code, &lost);

        hub_lock(m->hub);
        m->mover_result = result;
        m->mover_code = code;
        m->mover_lost = lost;
        m->mover_ended = true;
        (void) snprintf(m->mover_words, sizeof(m->mover_words), "%s", result < 0 ? words : "");
        (void) pthread_cond_broadcast(&m->hub->changed);
        hub_unlock(m->hub);
        migration_unref(m);
        return NULL;
}

static int start_thread(Migration *m, void *(*body)(void *) ) {
        int r;

        hub_lock(m->hub);
        m->refs++;
        hub_unlock(m->hub);
        r = libvirt_thread(body, m);
        if (r == 0)
                return 0;
        hub_lock(m->hub);
        m->refs--; /* not the last: the caller has one */
        hub_unlock(m->hub);
        return r;
}

/* ---- watching ---- */

/* Statistics. That there are none is no news: the job has not begun, or is over, and its end will say how.
 * True: there is a job, and *ret has them. */
static bool read_progress(Migration *m, virDomainPtr domain, MigrationStatus *ret) {
        virTypedParameterPtr params = NULL;
        int type = VIR_DOMAIN_JOB_NONE, n = 0;
        bool known = virDomainGetJobStats(domain, &type, &params, &n, 0) == 0 && type != VIR_DOMAIN_JOB_NONE;

        hub_lock(m->hub);
        m->answered_at = clock_monotonic();
        known = known && m->status.phase == MIGRATION_RUNNING;
        if (known) {
                const bool first = m->status.bytes_total == 0, sent = m->status.bytes_left == 0;

                libvirt_read_stats(params, n, &m->status);
                if (m->status.bytes_total > 0 && (first || (m->status.bytes_left == 0 && !sent)))
                        migration_news(m);
        }
        *ret = m->status;
        hub_unlock(m->hub);
        virTypedParamsFree(params, n);
        return known;
}

/* The pause the VM may make: set once there is a job, raised while it does not converge. */
static void update_pause(Migration *m, virDomainPtr domain, const MigrationStatus *s) {
        bool raise = pause_limit_look(&m->pause, s), first = !m->pause_set && m->pause.now_ms > 0;

        if ((raise || first) &&
            virDomainMigrateSetMaxDowntime(domain, (unsigned long long) m->pause.now_ms, 0) == 0)
                m->pause_set = true;
        hub_lock(m->hub);
        m->status.stalled = m->pause.stalled;
        m->status.pause_limit_ms = m->pause_set ? m->pause.now_ms : 0;
        hub_unlock(m->hub);
}

/* Under the lock. */
static bool wants_cap(const Migration *m) {
        return m->cap_wanted > 0 && m->cap_wanted != m->status.cap_mib_s &&
               m->status.phase == MIGRATION_RUNNING;
}

/* What it may take, once there is a job. */
static void update_cap(Migration *m, virDomainPtr domain) {
        unsigned long before = 0;
        int64_t mib_s;
        bool wanted;

        hub_lock(m->hub);
        wanted = wants_cap(m);
        mib_s = m->cap_tried = m->cap_wanted;
        hub_unlock(m->hub);
        if (!wanted)
                return;
        if (m->speed_before == 0 && virDomainMigrateGetMaxSpeed(domain, &before, 0) == 0)
                m->speed_before = before;
        if (virDomainMigrateSetMaxSpeed(domain, (unsigned long) mib_s, 0) < 0)
                return; /* asked again with the next look */
        hub_lock(m->hub);
        m->status.cap_mib_s = mib_s;
        migration_news(m);
        hub_unlock(m->hub);
}

/* libvirt keeps the limit as the VM's own: one that stays has it as it was. */
static void give_back_cap(const Migration *m, virDomainPtr domain) {
        if (m->speed_before > 0 && m->mover_result < 0)
                (void) virDomainMigrateSetMaxSpeed(domain, m->speed_before, 0);
}

static bool switch_over(Migration *m, virDomainPtr domain) {
        bool switched = m->params.can_post_copy && virDomainMigrateStartPostCopy(domain, 0) == 0;

        hub_lock(m->hub);
        m->status.post_copy = switched;
        hub_unlock(m->hub);
        return switched;
}

/* Under the lock. */
static void ask_stop(Migration *m) {
        if (m->stop_asked)
                return;
        m->stop_asked = true;
        m->stopped_at = clock_monotonic();
        (void) pthread_cond_broadcast(&m->hub->changed);
}

/* Under the lock. Auto-converge has slowed the VM down since it did not converge: it has as long again. */
static bool libvirt_migration_extend(Migration *m) {
        if (m->extended || m->params.at_deadline != DEADLINE_AUTO_CONVERGE ||
            !(m->params.flags & VIR_MIGRATE_AUTO_CONVERGE))
                return false;
        m->extended = true;
        return true;
}

/* What is due at its deadline. */
static void update_deadline(Migration *m, virDomainPtr domain) {
        bool wants_switch, over;
        usec_t limit, since;

        hub_lock(m->hub);
        limit = libvirt_migration_deadline(m);
        since = clock_monotonic() - m->status.started - limit;
        over = limit > 0 && since >= 0 && !m->stop_asked && !libvirt_migration_extend(m);
        wants_switch = m->params.at_deadline == DEADLINE_POST_COPY && m->params.can_post_copy;
        hub_unlock(m->hub);
        if (!over || (wants_switch && switch_over(m, domain)))
                return;
        if (wants_switch && since < POST_COPY_TRIES)
                return; /* it is refused until the first pages are on their way */
        hub_lock(m->hub);
        m->out_of_time = true;
        ask_stop(m);
        hub_unlock(m->hub);
}

static usec_t watch_again(const MigrationStatus *s) {
        const int64_t per_s = s->cap_mib_s > 0 ? s->cap_mib_s << 20 : s->bytes_per_s;

        return s->bytes_total > 0 && s->bytes_left / 1024 < per_s / 1024 * END_IS_NEAR / USEC_PER_SEC
                       ? WATCH_END_EVERY
                       : WATCH_EVERY;
}

static void libvirt_migration_watch(Migration *m, virDomainPtr domain) {
        bool ended = false;

        while (!ended) {
                const usec_t since = clock_monotonic();
                MigrationStatus s;
                usec_t until;

                if (read_progress(m, domain, &s)) {
                        update_pause(m, domain, &s);
                        update_cap(m, domain);
                        if (m->params.switch_early && !s.post_copy && s.iteration >= 2)
                                (void) switch_over(m, domain); /* all has been sent once */
                }
                update_deadline(m, domain);
                if (migration_stop_asked(m)) /* again and again: it is refused until the job has begun */
                        (void) virDomainAbortJob(domain);
                until = since + watch_again(&s);
                hub_lock(m->hub);
                while (!m->mover_ended &&
                       !(s.bytes_total > 0 && wants_cap(m) && m->cap_wanted != m->cap_tried) &&
                       hub_wait(m->hub, until))
                        ;
                ended = m->mover_ended;
                hub_unlock(m->hub);
        }
}

static void mover_never_ran(Migration *m) {
        m->mover_result = -1;
        (void) snprintf(m->mover_words, sizeof(m->mover_words), "no memory or no thread to start it");
}

/* Under one lock with who tells it to stop: what was called not started does not start. False: it was told. */
static bool libvirt_migration_begins(Migration *m) {
        bool begins;

        hub_lock(m->hub);
        begins = !m->stop_asked && !migration_has_ended(m->status.phase);
        if (!begins) {
                hub_unlock(m->hub);
                migration_not_started(m, MIGRATION_ABORTED, "it was stopped");
                return false;
        }
        if (m->request->resume) { /* whoever asks counts the tries */
                m->params.flags |= VIR_MIGRATE_POSTCOPY_RESUME;
                m->status.post_copy = true;
                m->status.resumes = 1;
                m->resume_tries = RESUMES_MOST;
        }
        m->answered_at = clock_monotonic();
        m->status.cap_mib_s = m->params.bandwidth_mib_s;
        migration_set_phase(m, MIGRATION_RUNNING);
        hub_unlock(m->hub);
        return true;
}

/* The call that migrates, in a thread of its own, and watching it until it comes back. */
static void libvirt_migration_call(Migration *m, virDomainPtr domain) {
        if (start_thread(m, libvirt_migration_move) == 0)
                libvirt_migration_watch(m, domain);
        else
                mover_never_ran(m);
}

static void libvirt_migration_is_over(Migration *m) {
        hub_lock(m->hub);
        m->answered_at = 0;
        migration_set_phase(m, MIGRATION_VERIFYING);
        hub_unlock(m->hub);
}

/* One migration, from its request to its end. */
static void *libvirt_migration_work(void *data) {
        Migration *m = data;
        virConnectPtr conn = NULL;
        virDomainPtr domain = migration_prepare(m, &conn); /* both hosts asked: it can go */
        const bool begins = domain && libvirt_migration_begins(m);

        if (begins) {
                do
                        libvirt_migration_call(m, domain);
                while (migration_resume_due(m)); /* post-copy that broke off */
                libvirt_migration_is_over(m);
                give_back_cap(m, domain);
        }
        if (domain) {
                (void) virDomainFree(domain);
                (void) virConnectClose(conn);
        }
        if (begins)
                migration_verify(m); /* both hosts asked: where it runs now */
        migration_unref(m);
        return NULL;
}

/* ---- for the executor ---- */

int migration_start(Hub *hub, const MigrationRequest *request, Migration **ret) {
        Migration *m = migration_new(hub, request);
        int r;

        if (!m)
                return -ENOMEM;
        r = start_thread(m, libvirt_migration_work);
        if (r < 0) {
                migration_unref(m);
                return r;
        }
        *ret = m;
        return 0;
}

void migration_poll(Migration *m, MigrationStatus *ret) {
        hub_lock(m->hub);
        give_up_overdue(m);
        *ret = m->status;
        if (m->status.phase == MIGRATION_RUNNING) {
                usec_t silent = clock_monotonic() - m->answered_at;

                if (silent > SILENT_AFTER)
                        (void) snprintf(ret->message, sizeof(ret->message),
                                        "libvirt on %.64s has not answered for %lld s",
                                        m->request->order->from, (long long) (silent / USEC_PER_SEC));
        }
        hub_unlock(m->hub);
}

void migration_stop(Migration *m) {
        hub_lock(m->hub);
        ask_stop(m);
        hub_unlock(m->hub);
}

void migration_limit(Migration *m, int64_t mib_s) {
        assert(mib_s > 0);
        hub_lock(m->hub);
        m->cap_wanted = mib_s;
        (void) pthread_cond_broadcast(&m->hub->changed);
        hub_unlock(m->hub);
}
