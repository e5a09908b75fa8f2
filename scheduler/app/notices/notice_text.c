/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/notices/notice_text.h"

#include <errno.h>
#include <nettle/base64.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/json/json_value.h"

#define SECRET_PREFIX "whsec_"
#define SECRET_LEAST  24
#define FLAGS         (JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(15))

/* ---- links: they only show, so that a preview that follows one does nothing ---- */

static void notice_link_escape(char *to, size_t size, const char *text) {
        size_t n = strlen(to);

        for (; *text && n + 4 < size; text++) {
                const unsigned char c = (unsigned char) *text;
                const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                   (c >= '0' && c <= '9') || strchr("-._~", c) != NULL;

                n += (size_t) snprintf(to + n, size - n, plain ? "%c" : "%%%02X", c);
        }
}

/* "https://drs.example/c/CLUSTER/hosts/h1" */
static json_t *notice_link(const char *base, const char *cluster, const NoticeCondition *c) {
        static const char *const pages[NOTICE_EVENT_N] = {
                [NOTICE_PLAN_WAITS] = "/plans/", [NOTICE_EVACUATION] = "/hosts/", [NOTICE_FAULT] = "/hosts/",
                [NOTICE_BRAKE] = "/hosts/",      [NOTICE_VM_DOUBLED] = "/vms/",
        };
        char link[2048] = "";

        if (!base[0])
                return json_null();
        (void) snprintf(link, sizeof(link), "%.500s/c/", base);
        notice_link_escape(link, sizeof(link), cluster);
        if (pages[c->event] && c->subject[0]) {
                const size_t n = strlen(link);

                (void) snprintf(link + n, sizeof(link) - n, "%s", pages[c->event]);
                notice_link_escape(link, sizeof(link), c->subject);
        }
        return json_string(link);
}

/* ---- webhook ---- */

static json_t *notice_subjects(const char *subjects) {
        json_t *list = json_array();

        while (*subjects) {
                const size_t n = strcspn(subjects, " ");

                if (n > 0)
                        (void) json_array_append_new(list, json_stringn(subjects, n));
                subjects += n + strspn(subjects + n, " ");
        }
        return list;
}

static json_t *notice_key(const char *cluster, const NoticeCondition *c, bool several) {
        return several ? json_sprintf("%s/%s/*", cluster, notice_event_names[c->event])
                       : json_sprintf("%s/%s/%s", cluster, notice_event_names[c->event], c->subject);
}

/* What is over is not said in the words of what it was. */
static json_t *notice_title(const NoticeTold *told) {
        static const char *const over[NOTICE_EVENT_N][2] = {
                [NOTICE_PLAN_WAITS] = { "Plan ", " awaits confirmation no more" },
                [NOTICE_EVACUATION] = { "No VM has to leave ", " any more" },
                [NOTICE_FAULT] = { "Hardware of ", ": no fault any more" },
                [NOTICE_BRAKE] = { "", " is held no more" },
                [NOTICE_BLIND] = { "The service has data again", "" },
                [NOTICE_VM_DOUBLED] = { "VM ", " runs on one host again" },
                [NOTICE_STORE_FORGOT] = { "The store's loss of data was acknowledged", "" },
                [NOTICE_BALANCE_PAUSED] = { "Balance goes on", "" },
                [NOTICE_LEADER] = { "", " leads: its first round is over" },
                [NOTICE_CERTIFICATE] = { "Certificate ", " was renewed" },
                [NOTICE_TEST] = { "Test", " is over" },
        };
        const NoticeCondition *c = told->condition;
        char title[NOTICE_TITLE_SIZE + NOTICE_SUBJECT_SIZE];

        if (told->state != NOTICE_CLOSED || told->count > 1)
                return json_text(c->title);
        (void) snprintf(title, sizeof(title), "%s%s%s", over[c->event][0], c->subject, over[c->event][1]);
        return json_text(title);
}

char *notice_text(const NoticeTold *told) {
        const NoticeCondition *c = told->condition;
        const bool several = told->count > 1;
        json_t *o = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s, s:s, s:s}", "schema", "plimsoll.notice/1", "id",
                              told->id, "thread", told->thread, "key", notice_key(told->cluster, c, several),
                              "cluster", told->cluster, "event", notice_event_names[c->event], "severity",
                              notice_severity_names[c->severity], "state", notice_state_names[told->state]);
        char *text;

        (void) json_object_set_new(o, "title", notice_title(told));
        (void) json_object_set_new(o, "detail", json_text(told->state == NOTICE_CLOSED ? NULL : c->detail));
        (void) json_object_set_new(o, "subject", json_text(several ? NULL : c->subject));
        (void) json_object_set_new(o, "since", json_instant(c->since));
        (void) json_object_set_new(o, "at", json_instant(told->at));
        (void) json_object_set_new(o, "link", notice_link(told->link, told->cluster, c));
        (void) json_object_set_new(o, "count", json_integer(told->count));
        (void) json_object_set_new(o, "subjects", several ? notice_subjects(told->subjects) : json_array());
        text = o ? json_dumps(o, FLAGS) : NULL;
        json_decref(o);
        return text;
}

/* ---- Alertmanager ---- */

json_t *notice_alert(const char *cluster, const char *link, const NoticeCondition *c, NoticeSeverity severity,
                     usec_t ends_at) {
        json_t *labels =
                json_pack("{s:s, s:s, s:s, s:s}", "alertname", notice_event_names[c->event], "cluster",
                          cluster, "severity", notice_severity_names[severity], "source", "plimsolld");
        json_t *o, *where = notice_link(link, cluster, c);

        if (c->subject[0]) /* an empty label is none */
                (void) json_object_set_new(labels, "subject", json_text(c->subject));
        o = json_pack("{s:o, s:{s:o, s:o}, s:o, s:o}", "labels", labels, "annotations", "summary",
                      json_text(c->title), "description", json_text(c->detail[0] ? c->detail : c->title),
                      "startsAt", json_instant(c->since), "endsAt", json_instant(ends_at));
        if (json_is_string(where))
                (void) json_object_set(o, "generatorURL", where);
        json_decref(where);
        return o;
}

/* ---- signatures ---- */

int notice_secret_parse(const char *text, NoticeSecret *ret) {
        const size_t prefix = strlen(SECRET_PREFIX), n = strlen(text);
        unsigned char bytes[BASE64_DECODE_LENGTH((size_t) 2 * NOTICE_SECRET_MOST)];
        struct base64_decode_ctx x;
        size_t length = sizeof(bytes);

        base64_decode_init(&x);
        if (n < prefix || strncmp(text, SECRET_PREFIX, prefix) != 0 ||
            n - prefix > (size_t) 2 * NOTICE_SECRET_MOST ||
            !base64_decode_update(&x, &length, bytes, n - prefix, text + prefix) ||
            !base64_decode_final(&x) || length < SECRET_LEAST || length > NOTICE_SECRET_MOST)
                return -EINVAL;
        memcpy(ret->bytes, bytes, length);
        ret->n = length;
        explicit_bzero(bytes, sizeof(bytes));
        return 0;
}

void notice_sign(const NoticeSecret *secret, const char *id, int64_t seconds, const char *body,
                 char ret[NOTICE_SIGNATURE_SIZE]) {
        unsigned char digest[SHA256_DIGEST_SIZE];
        char head[128], text[BASE64_ENCODE_RAW_LENGTH(SHA256_DIGEST_SIZE) + 1] = "";
        struct hmac_sha256_ctx x;

        (void) snprintf(head, sizeof(head), "%s.%lld.", id, (long long) seconds);
        hmac_sha256_set_key(&x, secret->n, secret->bytes);
        hmac_sha256_update(&x, strlen(head), (const unsigned char *) head);
        hmac_sha256_update(&x, strlen(body), (const unsigned char *) body);
        hmac_sha256_digest(&x, sizeof(digest), digest);
        base64_encode_raw(text, sizeof(digest), digest);
        (void) snprintf(ret, NOTICE_SIGNATURE_SIZE, "v1,%s", text);
        explicit_bzero(&x, sizeof(x));
}
