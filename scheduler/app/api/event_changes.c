/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/api/event_changes.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/common.h"

#define PROGRESS "move.progress"
#define ROUND    "round"
#define LEADER   "leader"

const char *const event_names[] = {
        ROUND,    "plan.proposed", "plan.changed", "plan.gone", "plan.answered", "move.started",
        PROGRESS, "move.ended",    "host",         "fault",     "maintenance",   "brake",
        LEADER,   "settings",      "stop",         "balance",   "store",         NULL
};

/* key NULL: the section is one thing. Where an event is NULL that difference is none. */
typedef struct EventSection {
        const char *name, *key, *added, *changed, *removed;
} EventSection;

static const EventSection event_sections[] = {
        { "store", NULL, NULL, "store", NULL },
        { "leader", NULL, NULL, LEADER, NULL },
        { "settings", NULL, NULL, "settings", NULL },
        { "stop", NULL, NULL, "stop", NULL },
        { "round", NULL, NULL, ROUND, NULL },
        { "balance", NULL, NULL, "balance", NULL },
        { "maintenance", "host", "maintenance", "maintenance", "maintenance" },
        { "brake", "host", "brake", "brake", "brake" },
        { "hosts", "host", "host", "host", "host" },
        { "plans", "plan", "plan.proposed", "plan.changed", "plan.gone" },
        { "answers", "plan", "plan.answered", NULL, NULL },
        { "moving", "vm", PROGRESS, PROGRESS, NULL },
};

int event_change_add(json_t *to, const char *event, const char *key, const char *name, const json_t *about) {
        json_t *o =
                key ? json_pack("{s:s, s:s}", "event", event, key, name) : json_pack("{s:s}", "event", event);

        if (o && json_is_object(about) && json_object_update((json_t *) o, (json_t *) about) < 0) {
                json_decref(o);
                return -ENOMEM;
        }
        return o && json_array_append_new(to, o) == 0 ? 0 : -ENOMEM;
}

/* Of what is no more only the name is said. */
static int event_section_many(const EventSection *s, const json_t *was, const json_t *is, json_t *to) {
        const char *name;
        json_t *value;
        int r = 0;

        json_object_foreach((json_t *) is, name, value) {
                const json_t *old = json_object_get(was, name);
                const char *event = !old ? s->added : json_equal(old, value) ? NULL : s->changed;

                if (r == 0 && event)
                        r = event_change_add(to, event, s->key, name, value);
        }
        json_object_foreach((json_t *) was, name, value)
                if (r == 0 && s->removed && !json_object_get(is, name))
                        r = event_change_add(to, s->removed, s->key, name, NULL);
        return r;
}

int event_changes(const json_t *was, const json_t *is, json_t *to) {
        int r = 0;

        for (size_t i = 0; i < ARRAY_SIZE(event_sections) && r == 0; i++) {
                const EventSection *s = &event_sections[i];
                const json_t *old = json_object_get(was, s->name), *new = json_object_get(is, s->name);

                if (!old ||
                    !new) /* it could not be read this time, or not before: there is nothing to hold it against */
                        continue;
                if (s->key)
                        r = event_section_many(s, old, new, to);
                else if (!json_is_null(new) && !json_equal(old, new))
                        r = event_change_add(to, s->changed, NULL, NULL, new);
        }
        return r;
}

/* Some are none of the n. */
static bool event_changes_beyond(const json_t *list, const char *const *names, size_t n) {
        for (size_t i = 0; i < json_array_size(list); i++) {
                const char *event = json_string_value(json_object_get(json_array_get(list, i), "event"));
                bool is_one = false;

                for (size_t k = 0; k < n; k++)
                        is_one |= strcmp(event, names[k]) == 0;
                if (!is_one)
                        return true;
        }
        return false;
}

bool event_changes_matter(const json_t *list) {
        return event_changes_beyond(list, (const char *const[]){ PROGRESS }, 1);
}

/* A service that only advises leads for a moment each round. */
bool event_changes_are_acted_upon(const json_t *list) {
        static const char *const usual[] = { PROGRESS, ROUND, LEADER };

        return event_changes_beyond(list, usual, ARRAY_SIZE(usual));
}
