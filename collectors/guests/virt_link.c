/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/virt_link.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* A daemon that does not answer for KEEPALIVE_SECONDS × (KEEPALIVE_COUNT + 1) is dead. */
#define KEEPALIVE_SECONDS 1
#define KEEPALIVE_COUNT   3
#define PAUSE_FIRST       (1 * USEC_PER_SEC)
#define PAUSE_MOST        (15 * USEC_PER_SEC)

static pthread_once_t begin_once = PTHREAD_ONCE_INIT, events_once = PTHREAD_ONCE_INIT;
static bool events_run;

/* Errors are returned, not printed. */
static void virt_link_say_nothing(void *opaque, virErrorPtr error) {
        (void) opaque;
        (void) error;
}

/* libvirt sends keepalive messages from the program's event loop. This thread is one, and ends with the
 * program. */
static void *events_main(void *arg) {
        (void) arg;
        for (;;)
                if (virEventRunDefaultImpl() < 0)
                        clock_sleep(USEC_PER_SEC);
        return NULL;
}

/* libxml2, which libvirt reads with, makes its locks at first use, and two threads would make two (libvirt_connection.c). */
static void virt_link_begin(void) {
        virSetErrorFunc(NULL, virt_link_say_nothing);
        xmlInitParser();
        xmlInitializeCatalog();
}

static void events_start(void) {
        sigset_t all, before;
        pthread_t thread;

        if (virEventRegisterDefaultImpl() < 0)
                return;
        (void) sigfillset(&all); /* signals are for the program's own thread */
        (void) pthread_sigmask(SIG_BLOCK, &all, &before);
        events_run = pthread_create(&thread, NULL, events_main, NULL) == 0;
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (events_run)
                (void) pthread_detach(thread);
}

int virt_error(char *buf, size_t size) {
        virErrorPtr e = virGetLastError();

        if (buf)
                (void) snprintf(buf, size, "%s", e && e->message ? e->message : "libvirt gave no reason");
        if (!e)
                return -EIO;
        switch (e->code) {
        case VIR_ERR_SYSTEM_ERROR:
                return e->int1 > 0 && e->int1 < 4096 ? -e->int1 : -EIO;
        case VIR_ERR_NO_CONNECT:
        case VIR_ERR_UNKNOWN_HOST:
                return -ECONNREFUSED;
        case VIR_ERR_AUTH_FAILED:
        case VIR_ERR_AUTH_CANCELLED:
        case VIR_ERR_AUTH_UNAVAILABLE:
        case VIR_ERR_ACCESS_DENIED:
        case VIR_ERR_OPERATION_DENIED:
                return -EACCES;
        case VIR_ERR_OPERATION_TIMEOUT:
                return -ETIMEDOUT;
        case VIR_ERR_NO_SUPPORT:
        case VIR_ERR_ARGUMENT_UNSUPPORTED:
        case VIR_ERR_OPERATION_UNSUPPORTED:
        case VIR_ERR_CONFIG_UNSUPPORTED:
                return -ENOTSUP;
        case VIR_ERR_NO_DOMAIN:
        case VIR_ERR_NO_NETWORK:
        case VIR_ERR_NO_STORAGE_POOL:
                return -ENOENT;
        case VIR_ERR_NO_MEMORY:
                return -ENOMEM;
        default:
                return -EIO;
        }
}

/* No server in it: a socket of this machine, or a driver inside this process. */
static bool is_near(const char *uri) {
        const char *colon = strstr(uri, "://");

        return colon && colon[3] == '/';
}

/* A socket's other end does not vanish in silence: it is closed, or its daemon hangs, and a daemon that hangs
 * would not answer a new connection either. Without keepalive there is no need of an event loop, which every
 * call wakes twice. */
static int link_open(VirtLink *link) {
        const bool near = is_near(link->uri);
        virConnectPtr c;

        if (virInitialize() < 0) { /* first: before it, libvirt's errors are written where they must not be */
                (void) snprintf(link->words, sizeof(link->words),
                                "libvirt's client library cannot be initialized");
                return -EIO;
        }
        (void) pthread_once(&begin_once, virt_link_begin);
        if (!near)
                (void) pthread_once(&events_once, events_start);
        virResetLastError();
        c = virConnectOpen(link->uri);
        if (!c)
                return virt_error(link->words, sizeof(link->words));
        if (!near && events_run)
                (void) virConnectSetKeepAlive(c, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
        link->connection = c;
        return 0;
}

int virt_link_get(VirtLink *link, usec_t now, virConnectPtr *ret) {
        if (!link->connection && link->error < 0 && now < link->retry_at)
                return link->error;
        if (!link->connection) {
                link->error = link_open(link);
                if (link->error < 0) {
                        link->pause = link->pause == 0 ? PAUSE_FIRST : link->pause * 2;
                        if (link->pause > PAUSE_MOST)
                                link->pause = PAUSE_MOST;
                        link->retry_at = now + link->pause;
                        return link->error;
                }
                link->pause = 0;
        }
        *ret = link->connection;
        return 0;
}

void virt_link_check(VirtLink *link) {
        if (link->connection && virConnectIsAlive(link->connection) != 1)
                virt_link_close(link);
}

void virt_link_close(VirtLink *link) {
        if (link->connection)
                (void) virConnectClose(link->connection);
        link->connection = NULL;
}
