/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/libvirt_connection.h"

#include <errno.h>
#include <libvirt/virterror.h>
#include <libxml/parser.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scheduler/base/thread.h"

#define KEEPALIVE_SECONDS 2
#define KEEPALIVE_COUNT   3U

/* ---- once for the process ---- */

static pthread_once_t libvirt_connection_started = PTHREAD_ONCE_INIT;
static int start_error;

static void libvirt_connection_say_nothing(void *data, virErrorPtr error) {
        (void) data;
        (void) error;
}

static void *run_event_loop(void *data) {
        (void) data;
        for (;;)
                if (virEventRunDefaultImpl() < 0)
                        clock_sleep(100 * USEC_PER_MSEC); /* it should not fail; if it does, do not spin */
        return NULL;
}

int libvirt_thread(void *(*body)(void *), void *arg) {
        pthread_t thread;
        int r = thread_begin(&thread, body, arg);

        if (r == 0)
                (void) pthread_detach(thread);
        return r;
}

static void start_once(void) {
        virSetErrorFunc(NULL, libvirt_connection_say_nothing);
        xmlInitParser(); /* before threads use it */
        if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0) {
                start_error = -EIO;
                return;
        }
        start_error = libvirt_thread(run_event_loop, NULL);
}

int libvirt_start(void) {
        int r = pthread_once(&libvirt_connection_started, start_once);

        return r != 0 ? -r : start_error;
}

void libvirt_last_words(char words[LIBVIRT_WORDS]) {
        const char *s = virGetLastErrorMessage();

        (void) snprintf(words, LIBVIRT_WORDS, "%s", s ? s : "no reason given");
        for (char *c = words; *c; c++)
                if (*c == '\n' || *c == '\r')
                        *c = ' ';
}

/* ---- opening ---- */

/* Shared by the one who waits and the thread that opens; the last of the two frees it. */
typedef struct Opening {
        pthread_mutex_t lock;
        pthread_cond_t ended_cond;
        char *uri;
        virConnectPtr conn;
        bool ended, abandoned;
        char words[LIBVIRT_WORDS];
} Opening;

static void opening_free(Opening *o) {
        (void) pthread_cond_destroy(&o->ended_cond);
        (void) pthread_mutex_destroy(&o->lock);
        free(o->uri);
        free(o);
}

static Opening *opening_new(const char *uri) {
        Opening *o = calloc(1, sizeof(*o));
        pthread_condattr_t attr;

        if (!o)
                return NULL;
        o->uri = strdup(uri);
        if (!o->uri) {
                free(o);
                return NULL;
        }
        (void) pthread_mutex_init(&o->lock, NULL);
        (void) pthread_condattr_init(&attr);
        (void) pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        (void) pthread_cond_init(&o->ended_cond, &attr);
        (void) pthread_condattr_destroy(&attr);
        return o;
}

static void *open_connection(void *data) {
        Opening *o = data;
        virConnectPtr conn = virConnectOpen(o->uri);
        bool abandoned;

        /* Local drivers have no keepalive and need none: not an error. */
        if (conn)
                (void) virConnectSetKeepAlive(conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
        (void) pthread_mutex_lock(&o->lock);
        if (!conn)
                libvirt_last_words(o->words);
        o->conn = conn;
        o->ended = true;
        abandoned = o->abandoned;
        (void) pthread_cond_signal(&o->ended_cond);
        (void) pthread_mutex_unlock(&o->lock);
        if (abandoned) {
                if (conn)
                        (void) virConnectClose(conn);
                opening_free(o);
        }
        return NULL;
}

/* Whether it ended; if not it is abandoned, and no longer the caller's. */
static bool opening_wait(Opening *o, usec_t at_most) {
        usec_t end = clock_monotonic() + at_most;
        struct timespec until = { .tv_sec = (time_t) (end / USEC_PER_SEC),
                                  .tv_nsec = (long) (end % USEC_PER_SEC) * 1000 };
        bool ended;

        (void) pthread_mutex_lock(&o->lock);
        while (!o->ended && pthread_cond_timedwait(&o->ended_cond, &o->lock, &until) == 0)
                ;
        ended = o->ended;
        o->abandoned = !ended;
        (void) pthread_mutex_unlock(&o->lock);
        return ended;
}

int libvirt_connect(const char *uri, usec_t at_most, virConnectPtr *ret, char reterr_words[LIBVIRT_WORDS]) {
        Opening *o = opening_new(uri);
        int r;

        if (!o)
                return -ENOMEM;
        r = libvirt_thread(open_connection, o);
        if (r < 0) {
                opening_free(o);
                return r;
        }
        if (!opening_wait(o, at_most)) {
                (void) snprintf(reterr_words, LIBVIRT_WORDS, "no answer within %.1f s",
                                (double) at_most / (double) USEC_PER_SEC);
                return -ETIMEDOUT;
        }
        if (o->conn)
                *ret = o->conn;
        else
                (void) snprintf(reterr_words, LIBVIRT_WORDS, "%s", o->words);
        r = o->conn ? 0 : -EIO;
        opening_free(o);
        return r;
}
