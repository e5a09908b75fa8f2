/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/events: what happens in a cluster, as server-sent events. */
#include <microhttpd.h>
#include <string.h>

#include "scheduler/app/api/api_exec.h"
#include "scheduler/app/api/api_request.h"

int api_get_events(ApiCall *call) {
        const char *cluster = api_exec_cluster(call);

        if (!cluster)
                return 0;
        api_reply_text(call, 200, API_TYPE_EVENTS, "", 0);
        if (strcmp(call->method, "HEAD") == 0)
                return 0;
        api_reply_header(call, "X-Accel-Buffering", "no"); /* a proxy passes each event on at once (nginx) */
        call->reply.stream =
                event_stream_new(&call->server->streams, call, cluster, call->client, call->last_event_id);
        return 0;
}
