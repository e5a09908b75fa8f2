/* SPDX-License-Identifier: Apache-2.0 */
/* Server-sent events (html.spec.whatwg.org, 9.2): who listens, and what of. For the server's files only.
 *
 * Of each cluster that somebody listens to a feed looks at the store each second, in a thread of its own, and keeps the last
 * messages, so that who was cut off misses nothing. A message has the id "EPOCH-N": N counts up, the epoch is another each
 * time a feed begins. Streams wait as suspended connections, which cost no thread; one whose client does not take what it is
 * sent is closed, and nothing waits for it.
 *
 * Units: usec_t: microseconds, monotonic. Owner: event_streams_close() ends feeds and streams. Errors: a negative errno.
 * Threads: any, but where it says so.
 */
#pragma once

#include <microhttpd.h>
#include <pthread.h>

#include "scheduler/app/api/event_picture.h"

#define EVENT_MESSAGES 512U /* that are kept, and of EVENT_BYTES at most */
#define EVENT_BYTES    ((size_t) 4 << 20)
#define EVENT_FEEDS    64U /* clusters that are listened to at once */
#define EVENT_EPOCH    17
#define EVENT_ID_SIZE  48

typedef struct EventMessage {
        size_t n;
        usec_t at;
        char text[];
} EventMessage;

typedef struct EventStreams EventStreams;

typedef struct EventFeed {
        struct EventFeed *next;
        EventStreams *all;
        pthread_t thread;
        char cluster[CLUSTER_NAME_MAX], epoch[EVENT_EPOCH];
        EventMessage *messages[EVENT_MESSAGES]; /* message N at N % EVENT_MESSAGES: those of first … last */
        uint64_t first, last;
        size_t bytes;
        bool ready;       /* it has seen the cluster: what changes from now on is told */
        bool ends, ended; /* it is told to, and its thread has */
        uint32_t n_streams;
        usec_t unheard; /* since when nobody listens; 0: somebody does */
} EventFeed;

struct EventStreams {
        ApiCall call; /* as which feeds read what commands say: the server's; its arena and reply are each feed's */
        void (*wake)(EventStreams *all,
                     const EventFeed *feed); /* under the lock: there is something to be sent */
        pthread_mutex_t lock;                /* of all below, and of feeds and streams */
        pthread_cond_t over;                 /* by the monotonic clock: told to end */
        pthread_t keeper;
        bool opened, ends;
        uint32_t most, n;
        usec_t time; /* a client has so long to take what it was sent */
        EventFeed *feeds;
        EventStream *first;
};

/* call: of the server, without an arena. most: streams at once, a half of them of one client. */
int event_streams_open(EventStreams *all, const ApiCall *call, uint32_t most, usec_t time) must_check;

/* All streams come to their end, so that the server can be stopped. No new one is begun. */
void event_streams_end(EventStreams *all);
/* After the server was stopped. */
void event_streams_close(EventStreams *all);
uint32_t event_streams_n(EventStreams *all);

/* A stream for the call, of events after the one with the id `after` (NULL: from now on), to be given to
 * event_stream_response(). NULL: the reply says why not. */
EventStream *event_stream_new(EventStreams *all, ApiCall *call, const char *cluster, const char *client,
                              const char *after);

/* It owns the stream, which ends with it; NULL: no memory, and the stream is gone. `fd` is the connection's. */
struct MHD_Response *event_stream_response(EventStream *stream, struct MHD_Connection *c, int fd);

/* ---- event_feed.c ---- */

/* Under the lock: the cluster's, begun where there is none. 0; -ENFILE: of too many clusters; a negative errno. */
int event_feed_get(EventStreams *all, const char *cluster, EventFeed **ret) must_check;

/* Under the lock: those that have ended, or that nobody has listened to for a while, are put away. `all_of_them`: each. */
void event_feeds_sweep(EventStreams *all, usec_t now, bool all_of_them);
