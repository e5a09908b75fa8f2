/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/remote/redfish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/remote/http_request.h"
#include "collectors/remote/redfish_walk.h"
#include "scheduler/model/bounds.h"

const SettingDef redfish_settings[] = {
        { .name = "file",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "File with the BMCs of hosts, one per line: HOST URL USER PASSWORD. It must be readable by "
                 "its owner only. Empty: do not read BMCs." },
        { .name = "every",
          .type = SETTING_DURATION,
          .def = 300 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "Time between two readings of a BMC." },
        { .name = "timeout",
          .type = SETTING_DURATION,
          .def = 30 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 600 * USEC_PER_SEC,
          .doc = "Timeout of one reading of one BMC. Resources that were not read by then are reported." },
        { .name = "ca_file",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "File with CA certificates for BMCs. Empty: the system's CA certificates." },
        { .name = "verify",
          .type = SETTING_BOOL,
          .def = 1,
          .max = 1,
          .doc = "Verify the certificates of BMCs. off: accept any certificate; an attacker on the network "
                 "can then read the passwords." },
        { 0 },
};

typedef struct Walk {
        Arena *a;
        const RedfishTarget *target;
        const char *token, *session; /* NULL: basic authentication */
        SampleList list;
        usec_t until; /* monotonic */
        uint32_t asked;
        TextFault *fault;
} Walk;

static int redfish_ask(Walk *w, const char *method, const char *path, const char *body, HttpReply *ret) {
        const RedfishTarget *t = w->target;
        usec_t left = w->until - clock_monotonic();
        const char *headers[] = { "Accept: application/json", NULL, NULL };
        HttpRequest request = { .method = method,
                                .body = body,
                                .content_type = body ? "application/json" : NULL,
                                .headers = headers,
                                .ca_file = t->ca_file,
                                .insecure = t->insecure,
                                .timeout = left,
                                .most = (size_t) bound_of(BOUND_BMC_PAGE) };

        if (left <= USEC_PER_MSEC) {
                text_fault(w->fault, "", "timeout");
                return -ETIMEDOUT;
        }
        if (++w->asked > (uint32_t) bound_of(BOUND_BMC_PAGES)) {
                text_fault(w->fault, "", "more than %u resources", (uint32_t) bound_of(BOUND_BMC_PAGES));
                return -E2BIG;
        }
        request.url = text_format(w->a, "%s%s", t->url, path);
        if (w->token)
                headers[1] = text_format(w->a, "X-Auth-Token: %s", w->token);
        else if (!body && t->user[0])
                request.user_password = text_format(w->a, "%s:%s", t->user, t->password);
        if (!request.url || (w->token && !headers[1]))
                return -ENOMEM;
        return http_request(w->a, &request, ret, w->fault);
}

/* 0: *ret is the caller's, by json_decref(). 1: there is none (404). */
static int redfish_get(Walk *w, const char *path, json_t **ret) {
        HttpReply reply;
        int r = redfish_ask(w, NULL, path, NULL, &reply);

        if (r < 0)
                return (r == -EMSGSIZE || r == -EINVAL) && w->asked > 1 ? -EBADMSG
                                                                        : r; /* of this one alone, too */
        if (reply.status == 404 || reply.status == 501)
                return 1;
        if (reply.status != 200) {
                text_fault(w->fault, "", "%.120s: HTTP status %ld", path, reply.status);
                return reply.status == 401 ? -EACCES : -EBADMSG; /* 403: of this one alone */
        }
        *ret = json_document(reply.body, reply.n);
        if (!json_is_object(*ret)) {
                json_decref(*ret);
                text_fault(w->fault, "", "%.120s: the answer is not a JSON object", path);
                return -EBADMSG;
        }
        return 0;
}

/* ---- sessions ---- */

static int session_open(Walk *w) {
        const RedfishTarget *t = w->target;
        json_t *who = json_pack("{s:s, s:s}", "UserName", t->user, "Password", t->password);
        char *body = who ? json_dumps(who, JSON_COMPACT) : NULL;
        const char *copy = body ? text_copy(w->a, body, strlen(body)) : NULL;
        HttpReply reply;
        int r;

        free(body);
        json_decref(who);
        if (!copy)
                return -ENOMEM;
        r = redfish_ask(w, NULL, "/redfish/v1/SessionService/Sessions", copy, &reply);
        if (r < 0)
                return r;
        if ((reply.status == 200 || reply.status == 201) && reply.token) {
                const char *path = reply.location ? strstr(reply.location, "/redfish/") : NULL;

                w->token = reply.token;
                w->session = path;
                return 0;
        }
        if (reply.status == 401 || reply.status == 403) {
                text_fault(w->fault, "", "login refused for user %.60s", t->user);
                return -EACCES;
        }
        return 0; /* no sessions here: basic authentication */
}

/* A BMC has few sessions: one that is left open is missed by the next. */
static void session_close(Walk *w) {
        TextFault ignored = { 0 }, *fault = w->fault;
        HttpReply reply;

        if (!w->token || !w->session)
                return;
        w->fault = &ignored;
        w->asked = 0;
        w->until = clock_monotonic() + 2 * USEC_PER_SEC;
        (void) redfish_ask(w, "DELETE", w->session, NULL, &reply);
        w->fault = fault;
}

static int source_get(void *arg, const char *path, json_t **ret) {
        return redfish_get(arg, path, ret);
}

static int redfish_read_all(Walk *w) {
        const RedfishSource source = { .get = source_get, .arg = w };
        json_t *root = NULL;
        int r = redfish_get(w, "/redfish/v1/", &root);

        if (r == 1) {
                text_fault(w->fault, "", "/redfish/v1/ not found: not a Redfish service");
                return -EBADMSG;
        }
        if (r < 0)
                return r;
        if (w->target->user[0])
                r = session_open(w);
        if (r == 0)
                r = redfish_walk(&source, root, w->a, &w->list);
        json_decref(root);
        session_close(w);
        return r;
}

int redfish_read(Arena *a, const RedfishTarget *target, usec_t now, Section *ret, TextFault *reterr_fault) {
        Arena samples;
        Section read;
        Walk w = {
                .a = a, .target = target, .until = clock_monotonic() + target->timeout, .fault = reterr_fault
        };
        int r = arena_open((size_t) 64 << 20, &samples);

        if (r < 0)
                return r;
        w.list = sample_list_over(&samples);
        r = redfish_read_all(&w);
        read = (Section){ .collector = "redfish", .read_at = now };
        sample_list_end(&w.list, &read);
        if (r == 0)
                r = section_copy(a, &read, ret);
        arena_close(&samples);
        return r;
}
