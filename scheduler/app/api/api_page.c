/* SPDX-License-Identifier: Apache-2.0 */
/* The dashboard: each of its addresses is the same HTML file, whose modules then ask this API. */
#include <string.h>

#include "scheduler/app/api/api_routes.h"
#include "scheduler/app/page/page_file.h"

/* Kept by the browser, and asked for each time: another version of the service has other files at once. */
static int page_reply(ApiCall *call, const char *name) {
        const PageFile *file = page_file_find(name);

        if (!file) {
                api_reply_problem(call, 404, "the dashboard has no such file");
                return 0;
        }
        if (call->if_none_match && strcmp(call->if_none_match, file->etag) == 0)
                api_reply_text(call, 304, file->type, "", 0);
        else
                api_reply_text(call, 200, file->type, file->bytes, file->n);
        api_reply_header(call, "ETag", file->etag);
        api_reply_header(call, "Cache-Control", "no-cache");
        return 0;
}

int api_page_root(ApiCall *call) {
        return page_reply(call, PAGE_SHELL);
}

int api_page_cluster(ApiCall *call) {
        return page_reply(call, PAGE_SHELL);
}

int api_page_view(ApiCall *call) {
        return page_reply(call, PAGE_SHELL);
}

int api_page_name(ApiCall *call) {
        return page_reply(call, PAGE_SHELL);
}

int api_page_file(ApiCall *call) {
        return page_reply(call, call->params[0]);
}
