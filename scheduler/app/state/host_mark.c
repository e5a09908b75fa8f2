/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/host_mark.h"

#include <errno.h>
#include <jansson.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/store/stored_json.h"

#define SCHEMA "plimsoll.mark/1"

int host_mark_print(Arena *a, const OperatorMark *m, const char **ret) {
        json_t *o = json_pack("{s:s, s:s, s:s*, s:s*, s:I, s:I, s:s, s:o*, s:o*}", "schema", SCHEMA, "state",
                              host_state_names[m->state], "by", m->by, "why", m->why, "at",
                              (json_int_t) m->at, "leave_by", (json_int_t) m->leave_by, "before",
                              host_state_names[m->before], "for_good", m->for_good ? json_true() : NULL,
                              "several", m->several ? json_true() : NULL);
        size_t n;

        return stored_json_text(a, o, ret, &n);
}

static int host_mark_state_of(const char *word, size_t n, HostState *ret) {
        for (int state = 0; state < HOST_STATE_N; state++)
                if (strlen(host_state_names[state]) == n && memcmp(host_state_names[state], word, n) == 0) {
                        *ret = (HostState) state;
                        return 0;
                }
        return -EBADMSG;
}

/* NULL stays NULL; a text that is no line is none. */
static int line_copy(Arena *a, const char *from, const char **to) {
        *to = NULL;
        if (!from || !text_is_line(from, strlen(from)))
                return 0;
        *to = text_copy(a, from, strlen(from));
        return *to ? 0 : -ENOMEM;
}

static int object_parse(Arena *a, json_t *o, OperatorMark *ret) {
        const char *schema = NULL, *state = NULL, *by = NULL, *why = NULL, *before = "active";
        json_int_t at = 0, leave_by = 0;
        OperatorMark m = { 0 };
        int for_good = 0, several = 0, r;

        if (json_unpack(o, "{s:s, s:s, s?s, s?s, s?I, s?I, s?s, s?b, s?b}", "schema", &schema, "state",
                        &state, "by", &by, "why", &why, "at", &at, "leave_by", &leave_by, "before", &before,
                        "for_good", &for_good, "several", &several) < 0 ||
            strcmp(schema, SCHEMA) != 0 || at < 0 || leave_by < 0)
                return -EBADMSG;
        m.at = at;
        m.leave_by = leave_by;
        m.for_good = for_good != 0;
        m.several = several != 0;
        r = host_mark_state_of(state, strlen(state), &m.state);
        if (r == 0)
                r = host_mark_state_of(before, strlen(before), &m.before);
        if (r == 0)
                r = line_copy(a, by, &m.by);
        if (r == 0)
                r = line_copy(a, why, &m.why);
        if (r == 0)
                *ret = m;
        return r;
}

int host_mark_parse(Arena *a, const char *text, size_t n, OperatorMark *ret) {
        OperatorMark m = { 0 };
        json_t *o;
        int r;

        if (host_mark_state_of(text, n, &m.state) == 0) {
                *ret = m;
                return 0;
        }
        o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        r = o ? object_parse(a, o, ret) : -EBADMSG;
        json_decref(o);
        return r;
}

int host_mark_get(Store *store, Arena *a, const char *host, OperatorMark *ret, const char **ret_text) {
        StoredText *texts = NULL;
        uint32_t n = 0;
        int r = store_get_marks(store, a, &texts, &n);

        if (r < 0)
                return r;
        *ret = (OperatorMark){ .state = HOST_ACTIVE };
        *ret_text = "";
        for (uint32_t i = 0; i < n; i++)
                if (strcmp(texts[i].name, host) == 0) {
                        *ret_text = texts[i].text;
                        r = host_mark_parse(a, texts[i].text, texts[i].n, ret);
                        if (r == -EBADMSG)
                                *ret = (OperatorMark){ .state = HOST_CORDONED };
                }
        return r == -ENOMEM ? r : 0;
}

static _Thread_local char operator_used[128]; /* "": the process' own user */

void operator_use(const char *name) {
        (void) snprintf(operator_used, sizeof(operator_used), "%s", name ? name : "");
}

int operator_request(const char *name, char ret[OPERATOR_REQUEST_SIZE]) {
        static const char before[] = ", API request ";
        const size_t n = strlen(name), digits = OPERATOR_REQUEST_SIZE - 1, end = digits + 1; /* ")" */
        const char *id = n > end ? name + n - end : NULL;

        ret[0] = '\0';
        if (n < strlen(before) + end || name[n - 1] != ')' || strspn(id, "0123456789abcdef") != digits ||
            strncmp(id - strlen(before), before, strlen(before)) != 0)
                return 0;
        (void) snprintf(ret, OPERATOR_REQUEST_SIZE, "%.16s", id);
        return 1;
}

const char *operator_name(char *buf, size_t size) {
        const struct passwd *user;
        char host[128] = "?";

        if (operator_used[0]) {
                (void) snprintf(buf, size, "%s", operator_used);
                return buf;
        }
        user = getpwuid(geteuid());
        (void) gethostname(host, sizeof(host) - 1);
        (void) snprintf(buf, size, "%.64s@%.120s",
                        user && text_is_name(user->pw_name, strlen(user->pw_name)) ? user->pw_name
                                                                                   : "unknown",
                        text_is_name(host, strlen(host)) ? host : "?");
        return buf;
}
