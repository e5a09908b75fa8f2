/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/remote/redfish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/redfish_json.h"
#include "collectors/remote/http_request.h"

#define RESOURCES_MOST 512
#define LINKS_MOST     256
#define REPLY_MOST     ((size_t) 4 << 20)

const SettingDef redfish_settings[] = {
        { .name = "file",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "A file that says which host has which BMC: a line each, HOST URL USER PASSWORD, readable "
                 "by its owner "
                 "alone. Empty: no BMC is asked." },
        { .name = "every",
          .type = SETTING_DURATION,
          .def = 300 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "How often each BMC is read." },
        { .name = "timeout",
          .type = SETTING_DURATION,
          .def = 60 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 600 * USEC_PER_SEC,
          .doc = "How long one reading of one BMC may take: they are slow." },
        { .name = "ca_file",
          .type = SETTING_TEXT,
          .def_text = "",
          .doc = "Certificates that BMCs' are signed with. Empty: the system's." },
        { .name = "verify",
          .type = SETTING_BOOL,
          .def = 1,
          .max = 1,
          .doc = "Off: any certificate will do. Whoever is between can then read the passwords." },
        { 0 },
};

typedef struct Walk {
        Arena *a;
        const RedfishTarget *target;
        const char *token, *session; /* NULL: basic authentication */
        SampleList list;
        usec_t until; /* monotonic */
        uint32_t asked;
        struct {
                const char *link;
                bool works;
        } drives[LINKS_MOST];
        uint32_t n_drives;
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
                                .most = REPLY_MOST };

        if (left <= USEC_PER_MSEC) {
                text_fault(w->fault, "", "it took longer than allowed");
                return -ETIMEDOUT;
        }
        if (++w->asked > RESOURCES_MOST) {
                text_fault(w->fault, "", "it has more than %d resources", RESOURCES_MOST);
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
                return r;
        if (reply.status == 404 || reply.status == 501)
                return 1;
        if (reply.status != 200) {
                text_fault(w->fault, "", "%.120s: HTTP status %ld", path, reply.status);
                return reply.status == 401 || reply.status == 403 ? -EACCES : -EBADMSG;
        }
        *ret = json_document(reply.body, reply.n);
        if (!json_is_object(*ret)) {
                json_decref(*ret);
                text_fault(w->fault, "", "%.120s: the answer is no JSON object", path);
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
                text_fault(w->fault, "", "it refuses user %.60s", t->user);
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

/* ---- the walk ---- */

typedef int (*Visit)(Walk *w, const char *parent, const json_t *resource);

/* Each resource `links` of `j` names. */
static int visit_links(Walk *w, const json_t *j, const char *key, const char *parent, Visit visit) {
        const char *links[LINKS_MOST];
        uint32_t n = redfish_links(j, key, links, LINKS_MOST);
        int r = 0;

        for (uint32_t i = 0; i < n && r >= 0; i++) {
                json_t *one = NULL;

                r = redfish_get(w, links[i], &one);
                if (r == 0) {
                        r = visit(w, parent, one);
                        json_decref(one);
                }
        }
        return r < 0 ? r : 0;
}

/* The collection that `key` of `j` links to; none is nothing to visit. */
static int visit_collection(Walk *w, const json_t *j, const char *key, const char *parent, Visit visit) {
        const char *link = json_string_value(json_object_get(json_object_get(j, key), "@odata.id"));
        json_t *collection = NULL;
        int r;

        if (!link || link[0] != '/')
                return 0;
        r = redfish_get(w, link, &collection);
        if (r != 0)
                return r < 0 ? r : 0;
        r = visit_links(w, collection, "Members", parent, visit);
        json_decref(collection);
        return r;
}

static int visit_drive(Walk *w, const char *storage, const json_t *drive) {
        const char *link = json_string_value(json_object_get(drive, "@odata.id"));

        if (link && w->n_drives < LINKS_MOST) {
                w->drives[w->n_drives].link = text_copy(w->a, link, strlen(link));
                if (!w->drives[w->n_drives].link)
                        return -ENOMEM;
                w->drives[w->n_drives++].works = redfish_drive_works(drive);
        }
        return redfish_drive(&w->list.sink, storage, drive);
}

static bool drive_works(const void *arg, const char *link) {
        const Walk *w = arg;

        for (uint32_t i = 0; i < w->n_drives; i++)
                if (strcmp(w->drives[i].link, link) == 0)
                        return w->drives[i].works;
        return true;
}

static int visit_volume(Walk *w, const char *storage, const json_t *volume) {
        RedfishDrives drives = { .works = drive_works, .arg = w };

        return redfish_volume(&w->list.sink, storage, volume, &drives);
}

static int visit_controller(Walk *w, const char *storage, const json_t *controller) {
        (void) storage;
        return redfish_controller(&w->list.sink, controller);
}

static int visit_storage(Walk *w, const char *system, const json_t *storage) {
        const char *id = json_string_value(json_object_get(storage, "Id"));
        const char *name = id ? id : redfish_name(json_string_value(json_object_get(storage, "@odata.id")));
        int r = redfish_controller(&w->list.sink, storage);

        (void) system;
        if (r == 0)
                r = visit_collection(w, storage, "Controllers", name, visit_controller);
        if (r == 0)
                r = visit_links(w, storage, "Drives", name, visit_drive);
        if (r == 0)
                r = visit_collection(w, storage, "Volumes", name, visit_volume);
        return r;
}

static int visit_system(Walk *w, const char *root, const json_t *system) {
        int r = redfish_system(&w->list.sink, system);

        return r < 0 ? r : visit_collection(w, system, "Storage", root, visit_storage);
}

static int get_of_chassis(Walk *w, const json_t *chassis, const char *key,
                          int (*emit)(SampleSink *sink, const char *name, const json_t *j)) {
        const char *link = json_string_value(json_object_get(json_object_get(chassis, key), "@odata.id"));
        const char *name = redfish_name(json_string_value(json_object_get(chassis, "@odata.id")));
        json_t *j = NULL;
        int r;

        if (!link || link[0] != '/')
                return 0;
        r = redfish_get(w, link, &j);
        if (r != 0)
                return r < 0 ? r : 0;
        r = emit(&w->list.sink, name, j);
        json_decref(j);
        return r;
}

static int visit_chassis(Walk *w, const char *root, const json_t *chassis) {
        int r = get_of_chassis(w, chassis, "Thermal", redfish_thermal);

        (void) root;
        return r < 0 ? r : get_of_chassis(w, chassis, "Power", redfish_power);
}

static int redfish_walk(Walk *w) {
        json_t *root = NULL;
        int r = redfish_get(w, "/redfish/v1/", &root);

        if (r == 1) {
                text_fault(w->fault, "", "there is no /redfish/v1/");
                return -EBADMSG;
        }
        if (r < 0)
                return r;
        if (w->target->user[0])
                r = session_open(w);
        if (r == 0)
                r = visit_collection(w, root, "Systems", "", visit_system);
        if (r == 0)
                r = visit_collection(w, root, "Chassis", "", visit_chassis);
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
        r = redfish_walk(&w);
        read = (Section){
                .collector = "redfish", .read_at = now, .samples = w.list.samples, .n_samples = w.list.n
        };
        if (r == 0)
                r = section_copy(a, &read, ret);
        arena_close(&samples);
        return r;
}
