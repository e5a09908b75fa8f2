/* All fields of a Migration are guarded by the hub's lock, but where said; no libvirt call is made under it.
 */
#include "scheduler/act/libvirt_migration.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scheduler/act/libvirt_connection.h"
#include "scheduler/act/libvirt_look.h"

#define WATCH_EVERY     (200 * USEC_PER_MSEC) /* statistics; and how late an abort may be */
#define VERIFY_EVERY    (500 * USEC_PER_MSEC)
#define POST_COPY_TRIES (5 * USEC_PER_SEC)
#define SILENT_AFTER    (10 * USEC_PER_SEC) /* longer than keepalive: then it is worth saying */

typedef struct Hub {
        pthread_mutex_t lock;
        pthread_cond_t changed; /* broadcast on every change of any migration */
        unsigned refs;
        uint64_t phases; /* how many phase changes there were */
        ExecutorLibvirtOptions options;
} Hub;

typedef struct Migration {
        Hub *hub;
        unsigned refs;
        MigrationRequest request; /* strings are ours */
        MigrationStatus status;
        char uuid[VIR_UUID_STRING_BUFLEN];
        bool stop_asked, out_of_time, post_copy; /* post_copy: it has been switched over */
        usec_t stopped_at;                       /* when the stop was asked */
        usec_t answered_at;                      /* when libvirt last answered the worker; 0: not running */
        bool mover_ended;
        int mover_result;
        char mover_words[LIBVIRT_WORDS];
} Migration;

/* ---- hub and migration: made, counted, freed ---- */

Hub *hub_new(ExecutorLibvirtOptions options) {
        Hub *hub = calloc(1, sizeof(*hub));
        pthread_condattr_t attr;

        if (!hub)
                return NULL;
        (void) pthread_mutex_init(&hub->lock, NULL);
        (void) pthread_condattr_init(&attr);
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&hub->changed, &attr);
        (void) pthread_condattr_destroy(&attr);
        hub->refs = 1;
        hub->options = options;
        return hub;
}

static void hub_lock(Hub *hub) {
        (void) pthread_mutex_lock(&hub->lock);
}

static void hub_unlock(Hub *hub) {
        (void) pthread_mutex_unlock(&hub->lock);
}

/* Under the lock. False when `until` has passed. */
static bool hub_wait(Hub *hub, usec_t until) {
        struct timespec t = { .tv_sec = (time_t) (until / USEC_PER_SEC),
                              .tv_nsec = (long) (until % USEC_PER_SEC) * 1000 };

        return pthread_cond_timedwait(&hub->changed, &hub->lock, &t) == 0;
}

void hub_unref(Hub *hub) {
        bool last;

        hub_lock(hub);
        last = --hub->refs == 0;
        hub_unlock(hub);
        if (last) {
                (void) pthread_cond_destroy(&hub->changed);
                (void) pthread_mutex_destroy(&hub->lock);
                free(hub);
        }
}

static void migration_free(Migration *m) {
        free((char *) m->request.vm);
        free((char *) m->request.uuid);
        free((char *) m->request.from);
        free((char *) m->request.to);
        free((char *) m->request.from_uri);
        free((char *) m->request.to_uri);
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

/* A copy of `s`; *io_failed is set when there is no memory. */
static char *copy_text(const char *s, bool *io_failed) {
        char *copy = s ? strdup(s) : NULL;

        if (s && !copy)
                *io_failed = true;
        return copy;
}

static Migration *migration_new(Hub *hub, const MigrationRequest *request) {
        Migration *m = calloc(1, sizeof(*m));
        bool failed = false;

        if (!m)
                return NULL;
        m->request = *request;
        m->request.manner.reason = NULL; /* for people; not ours to keep */
        m->request.vm = copy_text(request->vm, &failed);
        m->request.uuid = copy_text(request->uuid, &failed);
        m->request.from = copy_text(request->from, &failed);
        m->request.to = copy_text(request->to, &failed);
        m->request.from_uri = copy_text(request->from_uri, &failed);
        m->request.to_uri = copy_text(request->to_uri, &failed);
        if (failed) {
                migration_free(m);
                return NULL;
        }
        m->status = (MigrationStatus){ .dirty_kib_s = UNKNOWN, .downtime_ms = UNKNOWN };
        m->hub = hub;
        m->refs = 1;
        hub_lock(hub);
        hub->refs++;
        hub_unlock(hub);
        return m;
}

/* Under the lock. An end is final: a thread that comes back after it was given up changes nothing. */
static void set_phase(Migration *m, MigrationPhase phase) {
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
        m->hub->phases++;
        (void) pthread_cond_broadcast(&m->hub->changed);
}

/* Under the lock. When it ought to have stopped; 0: not yet. A worker that hangs sees no limit. */
static usec_t stop_was_due(const Migration *m) {
        if (m->stop_asked)
                return m->stopped_at;
        if (m->request.time_limit > 0 && m->status.phase == MIGRATION_RUNNING && !m->post_copy &&
            clock_monotonic() >= m->status.started + m->request.time_limit)
                return m->status.started + m->request.time_limit;
        return 0;
}

/* Under the lock. One that ought to have stopped and has not for too long is called what it is. */
static void give_up_overdue(Migration *m) {
        usec_t due = stop_was_due(m);

        if (due == 0 || migration_has_ended(m->status.phase) ||
            clock_monotonic() - due < m->hub->options.give_up)
                return;
        if (m->status.phase == MIGRATION_QUEUED) { /* and will not be: the worker asks before it starts */
                (void) snprintf(m->status.message, sizeof(m->status.message),
                                "not started: told to stop while the hosts did not answer");
                set_phase(m, MIGRATION_ABORTED);
                return;
        }
        (void) snprintf(m->status.message, sizeof(m->status.message),
                        "libvirt on %.64s has not ended it %lld s after it was told to stop", m->request.from,
                        (long long) (m->hub->options.give_up / USEC_PER_SEC));
        set_phase(m, MIGRATION_UNCLEAR);
}

static void migration_end(Migration *m, MigrationPhase phase, const char *message) {
        hub_lock(m->hub);
        if (!migration_has_ended(m->status.phase)) {
                (void) snprintf(m->status.message, sizeof(m->status.message), "%s", message);
                set_phase(m, phase);
        }
        hub_unlock(m->hub);
}

static bool stop_was_asked(Migration *m) {
        bool asked;

        hub_lock(m->hub);
        asked = m->stop_asked;
        hub_unlock(m->hub);
        return asked;
}

/* ---- before ---- */

static void not_started(Migration *m, MigrationPhase phase, const char *fmt, ...) printf_like(3, 4);

static void not_started(Migration *m, MigrationPhase phase, const char *fmt, ...) {
        char why[sizeof(m->status.message) - 16], message[sizeof(m->status.message)];
        va_list ap;

        va_start(ap, fmt);
        (void) vsnprintf(why, sizeof(why), fmt, ap);
        va_end(ap);
        (void) snprintf(message, sizeof(message), "not started: %s", why);
        migration_end(m, phase, message);
}

static virDomainPtr find_domain(Migration *m, virConnectPtr conn) {
        const MigrationRequest *r = &m->request;
        virDomainPtr domain =
                r->uuid ? virDomainLookupByUUIDString(conn, r->uuid) : virDomainLookupByName(conn, r->vm);
        char words[LIBVIRT_WORDS];

        if (!domain) {
                libvirt_last_words(words);
                not_started(m, MIGRATION_FAILED, "%s does not have it: %s", r->from, words);
        }
        return domain;
}

/* Whether the source lets it go: running, and busy with nothing else. */
static bool source_is_ready(Migration *m, virDomainPtr domain) {
        char words[LIBVIRT_WORDS];
        virDomainJobInfo job;

        if (libvirt_presence(domain, words) != PRESENCE_RUNNING) {
                not_started(m, MIGRATION_FAILED, "on %s it is not running but %s", m->request.from, words);
                return false;
        }
        if (virDomainGetJobInfo(domain, &job) == 0 && job.type != VIR_DOMAIN_JOB_NONE) {
                not_started(m, MIGRATION_FAILED,
                            "%s is busy with it: another migration, backup, snapshot or dump",
                            m->request.from);
                return false;
        }
        if (virDomainGetUUIDString(domain, m->uuid) < 0) {
                libvirt_last_words(words);
                not_started(m, MIGRATION_FAILED, "%s", words);
                return false;
        }
        return true;
}

static bool target_is_ready(Migration *m) {
        Sight s = libvirt_look(m->request.to_uri, m->uuid, m->hub->options.connect_at_most);

        if (s.presence == PRESENCE_UNKNOWN)
                not_started(m, MIGRATION_FAILED, "%s %s", m->request.to, s.words);
        else if (s.presence != PRESENCE_NONE)
                not_started(m, MIGRATION_FAILED, "%s has it already: %s", m->request.to, s.words);
        return s.presence == PRESENCE_NONE;
}

/* The VM on its source, ready to go; *ret_conn stays open with it. NULL: it has ended, the status says how.
 */
static virDomainPtr prepare(Migration *m, virConnectPtr *ret_conn) {
        char words[LIBVIRT_WORDS] = "out of memory";
        virDomainPtr domain;
        virConnectPtr conn;

        if (libvirt_connect(m->request.from_uri, m->hub->options.connect_at_most, &conn, words) < 0) {
                not_started(m, MIGRATION_FAILED, "%s cannot be asked: %s", m->request.from, words);
                return NULL;
        }
        domain = find_domain(m, conn);
        if (domain && source_is_ready(m, domain) && target_is_ready(m)) {
                if (!stop_was_asked(m)) {
                        *ret_conn = conn;
                        return domain;
                }
                not_started(m, MIGRATION_ABORTED, "it was told to stop");
        }
        if (domain)
                (void) virDomainFree(domain);
        (void) virConnectClose(conn);
        return NULL;
}

/* ---- the mover ---- */

static int migrate(const MigrationRequest *r, virDomainPtr domain) {
        unsigned flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER;
        virTypedParameterPtr params = NULL;
        int n = 0, room = 0, result = -1;

        if (virDomainIsPersistent(domain) == 1)
                flags |= VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
        if (r->auto_converge)
                flags |= VIR_MIGRATE_AUTO_CONVERGE;
        if (r->post_copy)
                flags |= VIR_MIGRATE_POSTCOPY;
        if (r->bandwidth_mib_s == 0 ||
            virTypedParamsAddULLong(&params, &n, &room, VIR_MIGRATE_PARAM_BANDWIDTH,
                                    (unsigned long long) r->bandwidth_mib_s) == 0)
                result = virDomainMigrateToURI3(domain, r->to_uri, params, (unsigned) n, flags);
        virTypedParamsFree(params, n);
        return result;
}

/* On a connection of its own: see libvirt_connection.h. */
static int migrate_alone(const Migration *m, char reterr_words[LIBVIRT_WORDS]) {
        virConnectPtr conn;
        virDomainPtr domain;
        int result = -1;

        (void) snprintf(reterr_words, LIBVIRT_WORDS, "out of memory");
        if (libvirt_connect(m->request.from_uri, m->hub->options.connect_at_most, &conn, reterr_words) < 0)
                return -1;
        domain = virDomainLookupByUUIDString(conn, m->uuid);
        if (domain)
                result = migrate(&m->request, domain);
        if (result < 0)
                libvirt_last_words(reterr_words);
        if (domain)
                (void) virDomainFree(domain);
        (void) virConnectClose(conn);
        return result;
}

static void *move(void *data) {
        Migration *m = data;
        char words[LIBVIRT_WORDS];
        int result = migrate_alone(m, words);

        hub_lock(m->hub);
        m->mover_result = result;
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

/* Statistics. That there are none is no news: the job has not begun, or is over, and its end will say how. */
static void read_progress(Migration *m, virDomainPtr domain) {
        virTypedParameterPtr params = NULL;
        int type, n = 0;
        bool known = virDomainGetJobStats(domain, &type, &params, &n, 0) == 0;

        hub_lock(m->hub);
        m->answered_at = clock_monotonic();
        if (known && type != VIR_DOMAIN_JOB_NONE && m->status.phase == MIGRATION_RUNNING)
                libvirt_read_stats(params, n, &m->status);
        hub_unlock(m->hub);
        virTypedParamsFree(params, n);
}

/* Under the lock. */
static void ask_stop(Migration *m) {
        if (m->stop_asked)
                return;
        m->stop_asked = true;
        m->stopped_at = clock_monotonic();
        (void) pthread_cond_broadcast(&m->hub->changed);
}

/* What is due at the end of the time limit. */
static void mind_time_limit(Migration *m, virDomainPtr domain) {
        const MigrationRequest *r = &m->request;
        bool switched;
        usec_t over;

        hub_lock(m->hub);
        over = clock_monotonic() - m->status.started - r->time_limit;
        if (r->time_limit == 0 || m->post_copy || m->stop_asked)
                over = -1;
        hub_unlock(m->hub);
        if (over < 0)
                return;
        switched = r->post_copy && virDomainMigrateStartPostCopy(domain, 0) == 0;
        if (r->post_copy && !switched && over < POST_COPY_TRIES)
                return; /* it is refused until the first pages are on their way */
        hub_lock(m->hub);
        m->post_copy = switched;
        m->out_of_time = !switched;
        if (!switched)
                ask_stop(m);
        hub_unlock(m->hub);
}

static void watch(Migration *m, virDomainPtr domain) {
        bool ended = false;

        while (!ended) {
                usec_t until = clock_monotonic() + WATCH_EVERY;

                read_progress(m, domain);
                mind_time_limit(m, domain);
                if (stop_was_asked(m)) /* again and again: it is refused until the job has begun */
                        (void) virDomainAbortJob(domain);
                hub_lock(m->hub);
                while (!m->mover_ended && hub_wait(m->hub, until))
                        ;
                ended = m->mover_ended;
                hub_unlock(m->hub);
        }
}

/* ---- after ---- */

static void end_on_source(Migration *m) {
        char message[sizeof(m->status.message)];

        if (m->mover_result == 0)
                (void) snprintf(message, sizeof(message), "libvirt called it done, yet it runs on %s only",
                                m->request.from);
        else if (m->out_of_time)
                (void) snprintf(message, sizeof(message), "out of time: not done within %.1f s",
                                (double) m->request.time_limit / (double) USEC_PER_SEC);
        else
                (void) snprintf(message, sizeof(message), "%s", m->mover_words);
        migration_end(m, m->mover_result < 0 && stop_was_asked(m) ? MIGRATION_ABORTED : MIGRATION_FAILED,
                      message);
}

static void end_on_target(Migration *m) {
        MigrationStatus last;

        hub_lock(m->hub);
        last = m->status;
        hub_unlock(m->hub);
        libvirt_look_finished(m->request.to_uri, m->uuid, m->hub->options.connect_at_most, &last);
        hub_lock(m->hub);
        if (!migration_has_ended(m->status.phase)) {
                last.phase = m->status.phase;
                m->status = last;
                m->status.bytes_left = 0;
        }
        hub_unlock(m->hub);
        migration_end(m, MIGRATION_DONE, "");
}

/* Asks both until they agree: right after a migration a daemon may still be clearing up, or be restarting. */
static void verify(Migration *m) {
        const MigrationRequest *r = &m->request;
        usec_t connect = m->hub->options.connect_at_most;
        usec_t end = clock_monotonic() + m->hub->options.verify_at_most;
        char message[sizeof(m->status.message)];
        Sight from, to;

        for (;;) {
                from = libvirt_look(r->from_uri, m->uuid, connect);
                to = libvirt_look(r->to_uri, m->uuid, connect);
                if (to.presence == PRESENCE_RUNNING && from.presence == PRESENCE_NONE) {
                        end_on_target(m);
                        return;
                }
                if (from.presence == PRESENCE_RUNNING && to.presence == PRESENCE_NONE) {
                        end_on_source(m);
                        return;
                }
                if (clock_monotonic() >= end)
                        break;
                clock_sleep(VERIFY_EVERY);
        }
        (void) snprintf(message, sizeof(message), "%.32s: %.64s; %.32s: %.64s%s%.50s", r->from, from.words,
                        r->to, to.words, m->mover_words[0] ? "; the migration ended with: " : "",
                        m->mover_words);
        migration_end(m, MIGRATION_UNCLEAR, message);
}

static void mover_never_ran(Migration *m) {
        m->mover_result = -1;
        (void) snprintf(m->mover_words, sizeof(m->mover_words), "no memory, or no thread, to start it");
}

static void *work(void *data) {
        Migration *m = data;
        virConnectPtr conn;
        virDomainPtr domain = prepare(m, &conn);

        if (domain) {
                hub_lock(m->hub);
                m->answered_at = clock_monotonic();
                set_phase(m, MIGRATION_RUNNING);
                hub_unlock(m->hub);
                if (start_thread(m, move) == 0)
                        watch(m, domain);
                else
                        mover_never_ran(m);
                hub_lock(m->hub);
                m->answered_at = 0;
                set_phase(m, MIGRATION_VERIFYING);
                hub_unlock(m->hub);
                (void) virDomainFree(domain);
                (void) virConnectClose(conn);
                verify(m);
        }
        migration_unref(m);
        return NULL;
}

/* ---- for the executor ---- */

int migration_start(Hub *hub, const MigrationRequest *request, Migration **ret) {
        Migration *m = migration_new(hub, request);
        int r;

        if (!m)
                return -ENOMEM;
        r = start_thread(m, work);
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
                                        "libvirt on %.64s is silent for %lld s", m->request.from,
                                        (long long) (silent / USEC_PER_SEC));
        }
        hub_unlock(m->hub);
}

void migration_stop(Migration *m) {
        hub_lock(m->hub);
        ask_stop(m);
        hub_unlock(m->hub);
}

void hub_wait_phase(Hub *hub, usec_t at_most, uint64_t *io_seen) {
        usec_t until = clock_monotonic() + at_most;

        hub_lock(hub);
        while (hub->phases == *io_seen && hub_wait(hub, until))
                ;
        *io_seen = hub->phases;
        hub_unlock(hub);
}
