/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/run/libvirt_probe.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/guests/virt_link.h"

struct LibvirtProbe {
        pthread_mutex_t lock;
        pthread_cond_t changed;
        /* the lock's: */
        bool started, open, answered, quit;
        /* the thread's own: */
        char *uri;
        VirtLink link;
};

static void libvirt_probe_destroy(LibvirtProbe *probe) {
        virt_link_close(&probe->link);
        (void) pthread_cond_destroy(&probe->changed);
        (void) pthread_mutex_destroy(&probe->lock);
        free(probe->uri);
        free(probe);
}

/* The cheapest question that a daemon answers itself: of no guest, no pool, no network. */
static bool libvirt_probe_look(LibvirtProbe *probe) {
        unsigned long version;
        virConnectPtr c;

        if (virt_link_get(&probe->link, clock_monotonic(), &c) < 0)
                return false;
        if (virConnectGetLibVersion(c, &version) == 0)
                return true;
        virt_link_check(&probe->link);
        return false;
}

/* Whoever ends last frees: the thread after `quit`, the owner where no thread was started. */
static void *libvirt_probe_main(void *arg) {
        LibvirtProbe *p = arg;

        (void) pthread_mutex_lock(&p->lock);
        for (;;) {
                bool answered;

                while (!p->open && !p->quit)
                        (void) pthread_cond_wait(&p->changed, &p->lock);
                if (p->quit)
                        break;
                (void) pthread_mutex_unlock(&p->lock);
                answered = libvirt_probe_look(p);
                (void) pthread_mutex_lock(&p->lock);
                p->answered = answered;
                p->open = false;
        }
        (void) pthread_mutex_unlock(&p->lock);
        libvirt_probe_destroy(p);
        return NULL;
}

int libvirt_probe_new(const char *uri, LibvirtProbe **ret) {
        LibvirtProbe *p = calloc(1, sizeof(*p));

        if (!p)
                return -ENOMEM;
        (void) pthread_mutex_init(&p->lock, NULL);
        (void) pthread_cond_init(&p->changed, NULL);
        p->uri = strdup(uri);
        p->link.uri = p->uri;
        if (!p->uri) {
                libvirt_probe_destroy(p);
                return -ENOMEM;
        }
        *ret = p;
        return 0;
}

LibvirtProbe *libvirt_probe_free(LibvirtProbe *probe) {
        bool started;

        if (!probe)
                return NULL;
        (void) pthread_mutex_lock(&probe->lock);
        started = probe->started;
        probe->quit = true;
        (void) pthread_cond_broadcast(&probe->changed);
        (void) pthread_mutex_unlock(&probe->lock);
        if (!started)
                libvirt_probe_destroy(probe);
        return NULL;
}

static bool libvirt_probe_start(LibvirtProbe *probe) {
        sigset_t all, before;
        pthread_t thread;
        int r;

        (void) sigfillset(&all); /* signals are for the program's own thread */
        (void) pthread_sigmask(SIG_BLOCK, &all, &before);
        r = pthread_create(&thread, NULL, libvirt_probe_main, probe);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (r == 0)
                (void) pthread_detach(thread);
        return r == 0;
}

void libvirt_probe_ask(LibvirtProbe *probe) {
        (void) pthread_mutex_lock(&probe->lock);
        if (!probe->started)
                probe->started = libvirt_probe_start(probe);
        if (!probe->open) {
                probe->answered = false;
                probe->open = probe->started;
                (void) pthread_cond_broadcast(&probe->changed);
        }
        (void) pthread_mutex_unlock(&probe->lock);
}

bool libvirt_probe_answered(LibvirtProbe *probe) {
        bool answered;

        (void) pthread_mutex_lock(&probe->lock);
        answered = probe->answered && !probe->open;
        (void) pthread_mutex_unlock(&probe->lock);
        return answered;
}
