/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/redfish_word.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "collectors/parse/json_pick.h"

const char *redfish_name(const char *link) {
        size_t n = link ? strlen(link) : 0;

        while (n > 0 && link[n - 1] == '/')
                n--;
        while (n > 0 && link[n - 1] != '/')
                n--;
        return link ? link + n : "";
}

int redfish_name_length(const char *name) {
        return (int) strcspn(name, "/");
}

bool redfish_links_are_one(const char *left, const char *right) {
        size_t n = strlen(left), m = strlen(right);

        n -= n > 1 && left[n - 1] == '/';
        m -= m > 1 && right[m - 1] == '/';
        return n == m && memcmp(left, right, n) == 0;
}

const char *redfish_text(const json_t *j, const char *path) {
        const char *s = json_text_at(j, path);

        return s ? s : "";
}

bool redfish_is(const json_t *j, const char *path, const char *word) {
        return strcasecmp(redfish_text(j, path), word) == 0;
}

const char *redfish_id(const json_t *j) {
        const char *id = json_text_at(j, "Id");

        return id && *id ? id : redfish_name(json_string_value(json_object_get(j, "@odata.id")));
}

RedfishHealth redfish_health(const json_t *resource, const char *path) {
        static const struct {
                const char *word;
                RedfishHealth health;
        } words[] = { { "OK", REDFISH_OK },
                      { "Warning", REDFISH_WARNING },
                      { "Critical", REDFISH_CRITICAL } };
        const char *text = redfish_text(resource, path);

        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strcasecmp(text, words[i].word) == 0)
                        return words[i].health;
        return *text ? REDFISH_ODD : REDFISH_NOT_TOLD;
}

bool redfish_state_is_odd(const json_t *resource) {
        static const char *const states[] = {
                "Enabled",  "Disabled",  "StandbyOffline", "StandbySpare",       "InTest",
                "Starting", "Absent",    "Updating",       "UnavailableOffline", "Deferring",
                "Quiesced", "Qualified", "Degraded",
        };
        const char *state = redfish_text(resource, "Status.State");

        for (size_t i = 0; i < ARRAY_SIZE(states); i++)
                if (strcasecmp(state, states[i]) == 0)
                        return false;
        return *state != '\0';
}

int redfish_unread(SampleSink *sink, const char *subject, const json_t *resource, const char *more) {
        char why[240];
        size_t n = (size_t) snprintf(why, sizeof(why), "%.80s", more);

        if (redfish_state_is_odd(resource))
                n += (size_t) snprintf(why + n, sizeof(why) - n, "%sStatus.State %.50s", n > 0 ? "; " : "",
                                       redfish_text(resource, "Status.State"));
        if (redfish_health(resource, "Status.Health") == REDFISH_ODD)
                n += (size_t) snprintf(why + n, sizeof(why) - n, "%sStatus.Health %.50s", n > 0 ? "; " : "",
                                       redfish_text(resource, "Status.Health"));
        return n > 0 ? emit_text(sink, METRIC_ITEM_UNREAD, subject, why) : 0;
}
