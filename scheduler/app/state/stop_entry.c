/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/stop_entry.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "scheduler/store/stored_json.h"

int stop_entry_print(Arena *a, const StopEntry *entry, const char **ret, size_t *ret_n) {
        json_t *o = json_pack("{s:s, s:b, s:s, s:s, s:I, s:I, s:I}", "schema", STOP_ENTRY_SCHEMA, "stopped",
                              (int) entry->stopped, "by", entry->by, "why", entry->why, "at",
                              (json_int_t) entry->at, "until", (json_int_t) entry->until, "since",
                              (json_int_t) entry->since);

        return stored_json_text(a, o, ret, ret_n);
}

bool stop_entry_is_why(const char *text) {
        const size_t n = strlen(text);

        return n > 0 && n <= STOP_WHY_MAX && strspn(text, " ") < n && text_is_line(text, n);
}

static bool stop_entry_is_time(json_int_t t) {
        return t >= 0 && t <= STOP_TIME_MAX;
}

static int stop_entry_of(Arena *a, json_t *o, StopEntry *ret) {
        const char *schema = NULL, *by = NULL, *why = NULL;
        json_int_t at = 0, until = 0, since = 0;
        StopEntry e = { 0 };
        int stopped = 0;

        if (json_unpack(o, "{s:s, s:b, s:s, s:s, s:I, s:I, s:I}", "schema", &schema, "stopped", &stopped,
                        "by", &by, "why", &why, "at", &at, "until", &until, "since", &since) < 0 ||
            strcmp(schema, STOP_ENTRY_SCHEMA) != 0 || !stop_entry_is_time(at) || !stop_entry_is_time(until) ||
            !stop_entry_is_time(since) || !text_is_name(by, strlen(by)) ||
            !(stopped ? stop_entry_is_why(why) : why[0] == '\0'))
                return -EBADMSG;
        e = (StopEntry){ .stopped = stopped != 0,
                         .by = text_copy(a, by, strlen(by)),
                         .why = text_copy(a, why, strlen(why)),
                         .at = at,
                         .until = until,
                         .since = since };
        if (!e.by || !e.why)
                return -ENOMEM;
        *ret = e;
        return 0;
}

int stop_entry_parse(Arena *a, const char *text, size_t n, StopEntry *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? stop_entry_of(a, o, ret) : -EBADMSG;

        json_decref(o);
        return r;
}

int stop_entry_read(Arena *a, const char *text, size_t n, StopEntry *ret) {
        int r = stop_entry_parse(a, text, n, ret);

        if (r == -EBADMSG)
                *ret = (StopEntry){ .stopped = true, .by = "?", .why = "the stored stop cannot be read" };
        return r == -EBADMSG ? 0 : r;
}

bool stop_entry_is_in_force(const StopEntry *entry, usec_t now) {
        return entry->stopped && (entry->until == 0 || now < entry->until);
}

usec_t stop_entry_next(const StopEntry *before, usec_t now) {
        const usec_t next = before && before->at >= now ? before->at + 1 : now;

        return next < STOP_TIME_MAX ? next : STOP_TIME_MAX;
}
