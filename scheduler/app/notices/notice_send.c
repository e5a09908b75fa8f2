/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/notices/notice_send.h"

#include <errno.h>

#include "collectors/remote/http_request.h"

#define ANSWER_MOST ((size_t) 1 << 20)

/* ID, time and signature; NULL-terminated. */
static int notice_send_headers(Arena *a, const NoticeConfig *config, const char *id, const char *body,
                               const char *ret[4]) {
        const int64_t seconds = clock_now() / USEC_PER_SEC;
        char signature[NOTICE_SIGNATURE_SIZE];

        notice_sign(&config->secret, id, seconds, body, signature);
        ret[0] = text_format(a, "webhook-id: %s", id);
        ret[1] = text_format(a, "webhook-timestamp: %lld", (long long) seconds);
        ret[2] = text_format(a, "webhook-signature: %s", signature);
        ret[3] = NULL;
        return ret[0] && ret[1] && ret[2] ? 0 : -ENOMEM;
}

int notice_send(Arena *a, const NoticeConfig *config, NoticeChannel channel, const char *id, const char *body,
                NoticeStop stop, TextFault *reterr_fault) {
        const char *headers[4] = { NULL };
        HttpRequest request = { .url = config->urls[channel],
                                .body = body,
                                .content_type = "application/json",
                                .headers = headers,
                                .ca_file = config->ca_file[0] ? config->ca_file : NULL,
                                .timeout = config->timeout,
                                .most = ANSWER_MOST,
                                .stops = stop.stops,
                                .stops_arg = stop.arg };
        HttpReply reply = { 0 };
        int r = 0;

        if (channel == NOTICE_WEBHOOK)
                r = notice_send_headers(a, config, id, body, headers);
        else
                request.url = text_format(a, "%s/api/v2/alerts", config->urls[channel]);
        if (r == 0)
                r = request.url ? http_request(a, &request, &reply, reterr_fault) : -ENOMEM;
        if (r == 0 && (reply.status < 200 || reply.status > 299)) {
                text_fault(reterr_fault, "", "HTTP status %ld", reply.status);
                r = -EREMOTEIO;
        }
        return r;
}
