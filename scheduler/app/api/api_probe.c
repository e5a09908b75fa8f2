/* SPDX-License-Identifier: Apache-2.0 */
/* /healthz, /readyz and /metrics. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/api/api_routes.h"
#include "scheduler/app/metrics/metrics_page.h"
#include "scheduler/base/text.h"
#include "scheduler/snapshot/json/text_writer.h"

int api_healthz(ApiCall *call) {
        static const char ok[] = "ok\n";

        api_reply_text(call, 200, API_TYPE_TEXT, ok, strlen(ok));
        return 0;
}

/* A line a cluster: its name only for those who may see it. */
static int api_readyz_text(ApiCall *call, const ClusterView *clusters, uint32_t n) {
        TextWriter w = text_writer_new(call->arena);
        uint32_t not_ready = 0;
        const char *text;
        size_t length;
        int r;

        for (uint32_t i = 0; i < n; i++)
                not_ready += clusters[i].not_ready[0] != '\0';
        text_writer_word(&w, not_ready == 0 && n > 0 ? "ok\n" : "not ready\n");
        if (n == 0)
                text_writer_word(&w, "no cluster is served\n");
        for (uint32_t i = 0; i < n; i++) {
                if (!clusters[i].not_ready[0])
                        continue;
                if (call->role >= ROLE_VIEW)
                        text_writer_string(&w, clusters[i].name);
                else
                        text_writer_word(&w, "a cluster");
                text_writer_word(&w, ": ");
                text_writer_word(&w, clusters[i].not_ready);
                text_writer_word(&w, "\n");
        }
        r = text_writer_end(&w, &text, &length);
        if (r == 0)
                api_reply_text(call, not_ready == 0 && n > 0 ? 200 : 503, API_TYPE_TEXT, text, length);
        return r;
}

int api_readyz(ApiCall *call) {
        MetricsBoard *board = call->board;
        ClusterView *clusters = NULL;
        uint32_t n = 0;
        int r = metrics_board_look(board, &clusters, &n);

        if (r < 0)
                return r;
        r = api_readyz_text(call, clusters, n);
        metrics_board_done(board, clusters, n);
        return r;
}

int api_metrics(ApiCall *call) {
        MetricsBoard *board = call->board;
        ClusterView *clusters = NULL;
        ProcessView process;
        const char *text;
        uint32_t n_clusters = 0;
        size_t n;
        int r = call->view(call->server, call->arena, &process);

        if (r == 0)
                r = metrics_board_look(board, &clusters, &n_clusters);
        if (r < 0)
                return r;
        r = metrics_page(call->arena, &process, clusters, n_clusters, &text, &n);
        metrics_board_done(board, clusters, n_clusters);
        if (r == 0)
                api_reply_text(call, 200, API_TYPE_METRICS, text, n);
        return r;
}
