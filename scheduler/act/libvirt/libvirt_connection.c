/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/act/libvirt/libvirt_connection.h"

#include <ctype.h>
#include <errno.h>
#include <libvirt/virterror.h>
#include <libxml/catalog.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
        xmlInitParser(); /* before threads use it; its catalog makes its own lock at first use, and two threads made two */
        xmlInitializeCatalog();
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
        char *uri, *machine; /* machine NULL: whichever it is */
        virConnectPtr conn;
        bool ended, abandoned;
        LibvirtFault fault;
} Opening;

static void opening_free(Opening *o) {
        (void) pthread_cond_destroy(&o->ended_cond);
        (void) pthread_mutex_destroy(&o->lock);
        free(o->uri);
        free(o->machine);
        free(o);
}

static Opening *opening_new(LibvirtAt at) {
        Opening *o = calloc(1, sizeof(*o));

        if (!o)
                return NULL;
        o->uri = strdup(at.uri);
        o->machine = at.machine ? strdup(at.machine) : NULL;
        if (!o->uri || (at.machine && !o->machine)) {
                free(o->uri);
                free(o->machine);
                free(o);
                return NULL;
        }
        (void) pthread_mutex_init(&o->lock, NULL);
        cond_open(&o->ended_cond);
        return o;
}

/* ---- who answers ---- */

static const xmlNode *libvirt_connection_child(const xmlNode *n, const char *name) {
        for (const xmlNode *c = n ? n->children : NULL; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE && strcmp((const char *) c->name, name) == 0)
                        return c;
        return NULL;
}

bool libvirt_machine_of(const char *capabilities, char buf[LIBVIRT_MACHINE]) {
        xmlDoc *doc = xmlReadMemory(capabilities, (int) strlen(capabilities), NULL, NULL,
                                    XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        const xmlNode *uuid = libvirt_connection_child(
                libvirt_connection_child(doc ? xmlDocGetRootElement(doc) : NULL, "host"), "uuid");
        xmlChar *text = uuid ? xmlNodeGetContent(uuid) : NULL;
        size_t n = 0;

        for (const xmlChar *c = text; c && *c && n + 1 < LIBVIRT_MACHINE; c++)
                if (isxdigit(*c) || *c == '-')
                        buf[n++] = (char) *c;
        buf[n] = '\0';
        xmlFree(text);
        xmlFreeDoc(doc);
        return n > 0;
}

/* NULL: it is another one, and closed. */
static virConnectPtr machine_check(Opening *o, virConnectPtr conn) {
        char *xml = virConnectGetCapabilities(conn);
        char machine[LIBVIRT_MACHINE] = "";

        if (!xml)
                libvirt_last_words(o->fault.words);
        else if (!libvirt_machine_of(xml, machine))
                (void) snprintf(o->fault.words, LIBVIRT_WORDS,
                                "it does not report its UUID; admitted was the one with the UUID %.63s",
                                o->machine);
        else if (strcasecmp(machine, o->machine) != 0)
                (void) snprintf(o->fault.words, LIBVIRT_WORDS,
                                "it is a different machine: its UUID is %s, admitted: %.63s", machine,
                                o->machine);
        free(xml);
        if (!o->fault.words[0])
                return conn;
        (void) snprintf(o->fault.machine, LIBVIRT_MACHINE, "%s", machine);
        (void) virConnectClose(conn);
        return NULL;
}

static void *open_connection(void *data) {
        Opening *o = data;
        virConnectPtr conn = virConnectOpen(o->uri);
        bool abandoned;

        /* Local drivers have no keepalive and need none: not an error. */
        if (conn)
                (void) virConnectSetKeepAlive(conn, KEEPALIVE_SECONDS, KEEPALIVE_COUNT);
        if (!conn)
                libvirt_last_words(o->fault.words);
        else if (o->machine)
                conn = machine_check(o, conn);
        (void) pthread_mutex_lock(&o->lock);
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
        const usec_t until = clock_monotonic() + at_most;
        bool ended;

        (void) pthread_mutex_lock(&o->lock);
        while (!o->ended && cond_wait_until(&o->ended_cond, &o->lock, until))
                ;
        ended = o->ended;
        o->abandoned = !ended;
        (void) pthread_mutex_unlock(&o->lock);
        return ended;
}

int libvirt_connect(LibvirtAt at, usec_t at_most, virConnectPtr *ret, LibvirtFault *reterr) {
        Opening *o = opening_new(at);
        int r;

        *reterr = (LibvirtFault){ .words = "out of memory" };
        if (!o)
                return -ENOMEM;
        r = libvirt_thread(open_connection, o);
        if (r < 0) {
                opening_free(o);
                return r;
        }
        if (!opening_wait(o, at_most)) {
                (void) snprintf(reterr->words, LIBVIRT_WORDS, "no answer within %.1f s",
                                (double) at_most / (double) USEC_PER_SEC);
                return -ETIMEDOUT;
        }
        if (o->conn)
                *ret = o->conn;
        *reterr = o->fault;
        r = o->conn ? 0 : o->fault.machine[0] ? -EREMCHG : -EIO;
        opening_free(o);
        return r;
}
