/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/run/libvirt_worker.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/guests/virt_link.h"
#include "collectors/run/collector_run.h"
#include "collectors/run/libvirt_probe.h"
#include "scheduler/base/text.h"
#include "scheduler/base/thread.h"

#define SHOWN_BYTES    (UINT64_C(256) << 20) /* reserved, not used */
#define COLLECTORS_MAX 64
#define FREE_WAIT      (1 * USEC_PER_SEC)

static atomic_uint workers_left;

struct LibvirtWorker {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        /* the lock's: */
        bool asked, busy, quit, ended, orphan;
        usec_t busy_since; /* monotonic */
        Arena shown;       /* of what the last reading gave */
        Section sections[COLLECTORS_MAX];
        uint32_t n_sections;
        int error;
        usec_t read_at;
        char words[256], host[256];
        /* the thread's own, once it runs: */
        char *uri, *root, *advertise;
        RunSet set;
        VirtLink link;
        /* the owner's: */
        LibvirtProbe *probe;
        /* const */
        const Settings *settings;
        const char *names[COLLECTORS_MAX];
        uint32_t n_names;
};

bool collector_is_named(const Collector *c, const char *names) {
        size_t n = strlen(c->name);

        if (!names)
                return true;
        for (;;) {
                size_t length = strcspn(names, ",");

                if (length == n && memcmp(names, c->name, n) == 0)
                        return true;
                if (names[length] == '\0')
                        return false;
                names += length + 1;
        }
}

static bool worker_wants(const Collector *c, const void *arg) {
        const LibvirtWorkerOptions *o = arg;

        return (c->runs & RUNS_REMOTE) && (c->runs & o->runs) && collector_is_named(c, o->only);
}

/* ---- the thread ---- */
static void host_name_ask(LibvirtWorker *l, virConnectPtr c) {
        char *name = virConnectGetHostname(c);

        (void) pthread_mutex_lock(&l->lock);
        if (name)
                (void) snprintf(l->host, sizeof(l->host), "%s", name);
        (void) pthread_mutex_unlock(&l->lock);
        free(name);
}

static bool any_failed(const RunSet *set) {
        for (uint32_t i = 0; i < set->n; i++)
                if (set->runs[i].section.error != 0)
                        return true;
        return false;
}

/* One reading: 0, or why libvirt does not answer, with its words in the link. */
static int worker_read(LibvirtWorker *l) {
        CollectorEnv env = { .root = l->root, .uri = l->advertise, .settings = l->settings };
        bool was_open = l->link.connection != NULL;
        usec_t stamp = clock_now();
        virConnectPtr c;
        int r = virt_link_get(&l->link, clock_monotonic(), &c);

        if (r == 0) {
                if (!was_open)
                        host_name_ask(l, c);
                env.libvirt = c;
                stamp = clock_now();
                run_set_read(&l->set, &env, clock_monotonic());
                if (any_failed(&l->set)) {
                        (void) virt_error(l->link.words, sizeof(l->link.words));
                        virt_link_check(&l->link);
                        r = l->link.connection ? 0 : -ENOTCONN;
                }
        }
        if (r < 0)
                run_set_fail(&l->set, -r, stamp);
        return r;
}

/* Under the lock: what was read becomes what is shown. */
static void worker_publish(LibvirtWorker *l, int r) {
        int n;

        arena_rewind(&l->shown, 0);
        n = run_set_sections(&l->set, &l->shown, l->sections);
        l->n_sections = n > 0 ? (uint32_t) n : 0;
        l->error = n < 0 ? -n : -r;
        l->read_at = clock_now();
        (void) snprintf(l->words, sizeof(l->words), "%s", r < 0 ? l->link.words : "");
}

static void worker_destroy(LibvirtWorker *l) {
        arena_close(&l->shown);
        (void) pthread_cond_destroy(&l->changed);
        (void) pthread_mutex_destroy(&l->lock);
        free(l->uri);
        free(l->root);
        free(l->advertise);
        free(l);
}

static void *libvirt_worker_main(void *arg) {
        LibvirtWorker *l = arg;
        bool orphan;
        int r;

        (void) pthread_mutex_lock(&l->lock);
        for (;;) {
                while (!l->asked && !l->quit)
                        (void) pthread_cond_wait(&l->changed, &l->lock);
                if (l->quit)
                        break;
                l->asked = false;
                (void) pthread_mutex_unlock(&l->lock);
                r = worker_read(l);
                (void) pthread_mutex_lock(&l->lock);
                worker_publish(l, r);
                l->busy = false;
                (void) pthread_cond_broadcast(&l->changed);
        }
        (void) pthread_mutex_unlock(&l->lock);
        (void) run_set_close(&l->set);
        virt_link_close(&l->link);
        (void) pthread_mutex_lock(&l->lock);
        l->ended = true;
        orphan = l->orphan;
        (void) pthread_cond_broadcast(&l->changed);
        (void) pthread_mutex_unlock(&l->lock);
        if (orphan) {
                worker_destroy(l);
                (void) atomic_fetch_sub(&workers_left, 1);
        }
        return NULL;
}

/* ---- its owner ---- */
static char *libvirt_worker_copied(const char *s) {
        return s ? strdup(s) : NULL;
}

static int worker_fill(LibvirtWorker *l, const LibvirtWorkerOptions *o) {
        const RunChoice choice = { .all = collectors_all(), .wanted = worker_wants, .arg = o };
        CollectorEnv env;
        int r;

        l->uri = libvirt_worker_copied(o->uri);
        l->root = libvirt_worker_copied(o->root);
        l->advertise = libvirt_worker_copied(o->advertise);
        if (!l->uri || (o->root && !l->root) || (o->advertise && !l->advertise) ||
            arena_open(SHOWN_BYTES, &l->shown) < 0)
                return -ENOMEM;
        l->link.uri = l->uri;
        l->settings = o->settings;
        env = (CollectorEnv){ .root = l->root, .uri = l->advertise, .settings = l->settings };
        r = run_set_open(&l->set, &choice, &env);
        if (r < 0)
                return r;
        assert(l->set.n <= COLLECTORS_MAX);
        for (uint32_t i = 0; i < l->set.n; i++)
                if (!l->set.runs[i].absent)
                        l->names[l->n_names++] = l->set.runs[i].collector->name;
        return 0;
}

static int worker_thread(LibvirtWorker *l) {
        sigset_t all, before;
        pthread_t thread;
        int r;

        (void) sigfillset(&all); /* signals are for the program's own thread */
        (void) pthread_sigmask(SIG_BLOCK, &all, &before);
        r = pthread_create(&thread, NULL, libvirt_worker_main, l);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r == 0)
                (void) pthread_detach(thread);
        return -r;
}

int libvirt_worker_new(const LibvirtWorkerOptions *options, LibvirtWorker **ret) {
        LibvirtWorker *l = calloc(1, sizeof(*l));
        int r;

        if (!l)
                return -ENOMEM;
        (void) pthread_mutex_init(&l->lock, NULL);
        cond_open(&l->changed);
        r = worker_fill(l, options);
        if (r == 0)
                r = libvirt_probe_new(l->uri, &l->probe);
        if (r == 0)
                r = worker_thread(l);
        if (r < 0) {
                l->probe = libvirt_probe_free(l->probe);
                (void) run_set_close(&l->set);
                worker_destroy(l);
                return r;
        }
        *ret = l;
        return 0;
}

LibvirtWorker *libvirt_worker_free(LibvirtWorker *l) {
        const usec_t until = clock_monotonic() + FREE_WAIT;
        bool ended;

        if (!l)
                return NULL;
        l->probe = libvirt_probe_free(l->probe);
        (void) pthread_mutex_lock(&l->lock);
        l->quit = true;
        (void) pthread_cond_broadcast(&l->changed);
        /* an idle thread ends at once; one that hangs is left behind */
        while (!l->busy && !l->ended)
                if (!cond_wait_until(&l->changed, &l->lock, until))
                        break;
        ended = l->ended;
        l->orphan = !ended;
        if (!ended)
                (void) atomic_fetch_add(&workers_left, 1);
        (void) pthread_mutex_unlock(&l->lock);
        if (ended)
                worker_destroy(l);
        return NULL;
}

unsigned libvirt_workers_left(void) {
        return atomic_load(&workers_left);
}

void libvirt_worker_start(LibvirtWorker *l) {
        bool busy;

        (void) pthread_mutex_lock(&l->lock);
        busy = l->busy;
        if (!busy) {
                l->busy = l->asked = true;
                l->busy_since = clock_monotonic();
                (void) pthread_cond_broadcast(&l->changed);
        }
        (void) pthread_mutex_unlock(&l->lock);
        if (busy) /* since an earlier turn: is it the host, or one guest? */
                libvirt_probe_ask(l->probe);
}

bool libvirt_worker_wait(LibvirtWorker *l, usec_t until) {
        bool done;

        (void) pthread_mutex_lock(&l->lock);
        while (l->busy)
                if (!cond_wait_until(&l->changed, &l->lock, until))
                        break;
        done = !l->busy;
        (void) pthread_mutex_unlock(&l->lock);
        if (!done && !libvirt_probe_answered(l->probe))
                libvirt_probe_ask(l->probe);
        return done;
}

/* The section that says whether libvirt answers: nobody else can, when it does not. */
static int daemon_section(Arena *a, int error, usec_t at, Section *ret) {
        Sample *s = arena_new(a, Sample, 1);

        if (!s)
                return -ENOMEM;
        *s = (Sample){ .metric = METRIC_HOST_DAEMON, .subject = "", .number = error == 0 };
        *ret = (Section){ .collector = "libvirt", .read_at = at, .samples = s, .n_samples = 1 };
        return 0;
}

static int stuck_state(const LibvirtWorker *l, Arena *a, usec_t patience, Section *sections,
                       LibvirtWorkerState *ret) {
        usec_t now = clock_now();
        char *words = text_format(a, "no answer for %lld s", (long long) (patience / USEC_PER_SEC));

        for (uint32_t i = 0; i < l->n_names; i++)
                sections[i] = (Section){ .collector = l->names[i], .read_at = now, .error = ETIMEDOUT };
        ret->n_sections = l->n_names + 1;
        ret->error = ETIMEDOUT;
        ret->words = words;
        return words ? daemon_section(a, ETIMEDOUT, now, &sections[l->n_names]) : -ENOMEM;
}

/* error, at: of libvirt itself; at 0: nobody knows yet. */
static int shown_state(const LibvirtWorker *l, Arena *a, int error, usec_t at, Section *sections,
                       LibvirtWorkerState *ret) {
        for (uint32_t i = 0; i < l->n_sections; i++)
                if (section_copy(a, &l->sections[i], &sections[i]) < 0)
                        return -ENOMEM;
        ret->n_sections = l->n_sections;
        ret->error = error;
        ret->words = text_copy(a, l->words, strlen(l->words));
        if (!ret->words)
                return -ENOMEM;
        return at > 0 ? daemon_section(a, error, at, &sections[ret->n_sections++]) : 0;
}

/* The last reading went well, the next one takes long, and libvirt answers others. */
static bool is_only_busy(const LibvirtWorker *l) {
        return l->n_sections > 0 && l->error == 0 && libvirt_probe_answered(l->probe);
}

int libvirt_worker_state(LibvirtWorker *l, Arena *a, usec_t patience, LibvirtWorkerState *ret) {
        Section *sections = arena_new(a, Section, COLLECTORS_MAX + 1);
        LibvirtWorkerState state = { .sections = sections };
        int r;

        if (!sections)
                return -ENOMEM;
        (void) pthread_mutex_lock(&l->lock);
        state.host = text_copy(a, l->host, strlen(l->host));
        if (!l->busy || clock_monotonic() - l->busy_since < patience)
                r = shown_state(l, a, l->error, l->read_at, sections, &state);
        else if (is_only_busy(l)) /* what is shown is as of the last reading, and says so */
                r = shown_state(l, a, 0, clock_now(), sections, &state);
        else
                r = stuck_state(l, a, patience, sections, &state);
        (void) pthread_mutex_unlock(&l->lock);
        if (r < 0 || !state.host)
                return -ENOMEM;
        *ret = state;
        return 0;
}
