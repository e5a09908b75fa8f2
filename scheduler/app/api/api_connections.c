/* SPDX-License-Identifier: Apache-2.0 */
/* The connections that are open, and the end of those whose clients take too long: libmicrohttpd ends only those that are
 * silent, and a client that sends a byte now and then is not. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "scheduler/app/api/api_request.h"
#include "scheduler/base/thread.h"

static void api_connections_sweep(ApiConnections *all, usec_t now) {
        for (const ApiConnection *c = all->first; c; c = c->next)
                if (c->since > 0 && now > c->since + all->time)
                        (void) shutdown(c->fd, SHUT_RDWR); /* the library sees that it has ended */
}

static void *api_connections_sweeper(void *arg) {
        ApiConnections *all = arg;

        (void) pthread_mutex_lock(&all->lock);
        while (!all->ends) {
                (void) cond_wait_until(&all->over, &all->lock, clock_monotonic() + USEC_PER_SEC);
                api_connections_sweep(all, clock_monotonic());
        }
        (void) pthread_mutex_unlock(&all->lock);
        return NULL;
}

int api_connections_open(ApiConnections *all, usec_t time) {
        int r;

        *all = (ApiConnections){ .time = time };
        (void) pthread_mutex_init(&all->lock, NULL);
        cond_open(&all->over);
        r = thread_begin(&all->sweeper, api_connections_sweeper, all);
        all->sweeps = r == 0;
        return r;
}

void api_connections_close(ApiConnections *all) {
        (void) pthread_mutex_lock(&all->lock);
        all->ends = true;
        (void) pthread_cond_signal(&all->over);
        (void) pthread_mutex_unlock(&all->lock);
        if (all->sweeps)
                (void) pthread_join(all->sweeper, NULL);
        (void) pthread_cond_destroy(&all->over);
        (void) pthread_mutex_destroy(&all->lock);
}

static void api_connections_name(struct MHD_Connection *c, bool is_tcp, ApiConnection *one) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

        (void) snprintf(one->client, sizeof(one->client), "unknown");
        if (!is_tcp && api_peer_read(one->fd, &one->peer) == 0)
                (void) snprintf(one->client, sizeof(one->client), "uid %u", (unsigned) one->peer.uid);
        if (is_tcp && info && info->client_addr->sa_family == AF_INET)
                (void) inet_ntop(AF_INET, &((const struct sockaddr_in *) info->client_addr)->sin_addr,
                                 one->client, sizeof(one->client));
        if (is_tcp && info && info->client_addr->sa_family == AF_INET6)
                (void) inet_ntop(AF_INET6, &((const struct sockaddr_in6 *) info->client_addr)->sin6_addr,
                                 one->client, sizeof(one->client));
}

ApiConnection *api_connections_add(ApiConnections *all, struct MHD_Connection *c, bool is_tcp) {
        const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        ApiConnection *one = info ? calloc(1, sizeof(*one)) : NULL;

        if (!one)
                return NULL;
        one->fd = info->connect_fd;
        one->since = clock_monotonic();
        api_connections_name(c, is_tcp, one);
        (void) pthread_mutex_lock(&all->lock);
        one->next = all->first;
        if (all->first)
                all->first->before = one;
        all->first = one;
        all->n++;
        (void) pthread_mutex_unlock(&all->lock);
        return one;
}

void api_connections_remove(ApiConnections *all, ApiConnection *connection) {
        if (!connection)
                return;
        (void) pthread_mutex_lock(&all->lock);
        *(connection->before ? &connection->before->next : &all->first) = connection->next;
        if (connection->next)
                connection->next->before = connection->before;
        all->n--;
        (void) pthread_mutex_unlock(&all->lock);
        free(connection);
}

void api_connections_wait(ApiConnections *all, ApiConnection *connection, bool for_client) {
        if (!connection)
                return;
        (void) pthread_mutex_lock(&all->lock);
        connection->since = for_client ? clock_monotonic() : 0;
        (void) pthread_mutex_unlock(&all->lock);
}
