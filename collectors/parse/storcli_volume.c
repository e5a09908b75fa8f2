/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual drives: "/c0/v1": [ … ] and "VD1 Properties" with storcli, "Virtual Drives": [ … ] with storcli2. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/state_words.h"
#include "collectors/parse/storcli_answer.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

static const StateWord storcli_volume_words[] = {
        { "Optl", "optimal" }, { "Pdgd", "degraded" }, { "Dgrd", "degraded" },
        { "Rec", "degraded" }, { "OfLn", "failed" },   { "Offln", "failed" },
};

static const StateWord operation_words[] = {
        { "Rebuild", "rebuild" },
        { "Reconstruction", "reshape" },
        { "OCE", "reshape" },
        { "Background Initialization", "resync" },
        { "BGI", "resync" },
        { "Initialization", "resync" },
        { "Consistency Check", "check" },
        { "CC", "check" },
};

static const char *storcli_lower(Arena *a, const char *text) {
        char *copy = text_copy(a, text, strlen(text));

        for (char *c = copy; c && *c; c++)
                *c = (char) (*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        return copy;
}

static const char *level_of(Arena *a, const char *type, int64_t wanted) {
        if (!type || strncmp(type, "RAID", 4) != 0)
                return "";
        if (strcmp(type, "RAID00") == 0)
                return "raid0";
        /* what it calls RAID 1 of four drives and more is striped pairs */
        return strcmp(type, "RAID1") == 0 && wanted > 2 ? "raid10" : storcli_lower(a, type);
}

static int64_t wanted_of(const json_t *properties) {
        int64_t spans = json_whole(json_object_get(properties, "Span Depth")),
                drives = json_whole(json_object_get(properties, "Number of Drives Per Span"));

        if (drives < 0) { /* storcli2 counts them all */
                spans = 1;
                drives = json_whole(json_object_get(properties, "Number of Drives"));
        }
        return spans > 0 && drives > 0 && spans <= 64 && drives <= 1024 ? spans * drives : UNKNOWN;
}

static int state_take(Arena *a, const json_t *row, StorcliVolume *to, StorcliFacts *f) {
        const char *state = storcli_text(row, "State");

        to->state = STATE_WORD(storcli_volume_words, state);
        to->some_left = state && strcmp(state, "Pdgd") == 0;
        if (to->state)
                return 0;
        to->state = "unknown";
        return unread_word(a, &f->unread, to->subject, "State", state);
}

/* `number`: of the volume, as text; `row` of the table, and its properties (NULL: not told). */
static int volume_take(Arena *a, const char *number, const json_t *row, const json_t *properties,
                       int64_t controller, StorcliVolume *to, StorcliFacts *f) {
        const char *group = storcli_text(row, "DG/VD");
        const char *block = storcli_text(properties, "OS Drive Name"),
                   *bad = storcli_text(properties, "Bad Block Exists"),
                   *action = storcli_text(properties, "Active Operations"),
                   *known = STATE_WORD(operation_words, action);

        to->wanted = wanted_of(properties);
        to->controller = controller;
        if (!group || text_to_int(group, strcspn(group, "/"), 0, bound_of(BOUND_TOOL_ID), &to->group) < 0)
                to->group = UNKNOWN;
        to->subject = text_format(a, "%s/%lld/v%.16s", f->family, (long long) controller, number);
        to->level = level_of(a, storcli_text(row, "TYPE"), to->wanted);
        to->block = storcli_trimmed(a, block && strncmp(block, "/dev/", 5) == 0 ? block + 5 : "");
        to->action = storcli_trimmed(a, known ? known : action && strcmp(action, "None") != 0 ? action : "");
        to->bad_blocks = bad ? strcmp(bad, "Yes") == 0 : UNKNOWN;
        return to->subject && to->level && to->block && to->action ? state_take(a, row, to, f) : -ENOMEM;
}

/* Its drives, as far as they are not known: an answer on drives may be missing. */
static int members_take(Arena *a, const json_t *rows, int64_t controller, StorcliFacts *f) {
        const json_t *row;
        size_t i;
        int r = 0;

        json_array_foreach(rows, i, row) {
                if (r == 0)
                        r = storcli_drive_add(a, row, NULL, controller, f);
        }
        return r;
}

/* storcli: { "/c0/v1": [ {…} ], "PDs for VD 1": [ … ], "VD1 Properties": {…} } */
static int storcli_volume_keyed_take(Arena *a, json_t *response, int64_t controller, StorcliVolume *to,
                                     StorcliFacts *f) {
        const char *key;
        json_t *rows;
        int r = 0;

        json_object_foreach(response, key, rows) {
                const char *v = strrchr(key, 'v');
                char name[STORCLI_NAME_MOST];

                if (r < 0 || strncmp(key, "/c", 2) != 0 || !v || !v[1] || !json_array_get(rows, 0))
                        continue;
                (void) snprintf(name, sizeof(name), "VD%.16s Properties", v + 1);
                r = volume_take(a, v + 1, json_array_get(rows, 0), json_object_get(response, name),
                                controller, &to[f->n_volumes++], f);
                (void) snprintf(name, sizeof(name), "PDs for VD %.16s", v + 1);
                if (r == 0)
                        r = members_take(a, json_object_get(response, name), controller, f);
        }
        return r;
}

/* storcli2: { "Virtual Drives": [ { "VD Info": {…}, "PDs": [ … ], "VD Properties": {…} } ] } */
static int listed_take(Arena *a, const json_t *list, int64_t controller, StorcliVolume *to, StorcliFacts *f) {
        const json_t *one;
        size_t i;
        int r = 0;

        json_array_foreach(list, i, one) {
                const json_t *row = json_object_get(one, "VD Info");
                const char *both = storcli_text(row, "DG/VD"), *slash = both ? strchr(both, '/') : NULL;

                if (r < 0 || !slash || !slash[1])
                        continue;
                r = volume_take(a, slash + 1, row, json_object_get(one, "VD Properties"), controller,
                                &to[f->n_volumes++], f);
                if (r == 0)
                        r = members_take(a, json_object_get(one, "PDs"), controller, f);
        }
        return r;
}

static size_t rows_count(const json_t *answer) {
        size_t i, n = 0;
        json_t *c;

        json_array_foreach(json_object_get(answer, "Controllers"), i, c) {
                const json_t *response = json_object_get(c, "Response Data");

                n += json_object_size(response) +
                     json_array_size(json_object_get(response, "Virtual Drives"));
        }
        return n;
}

int storcli_volumes_take(Arena *a, const json_t *answer, StorcliFacts *f) {
        StorcliVolume *to = arena_new(a, StorcliVolume, rows_count(answer) + 1);
        int r = to ? 0 : -ENOMEM;

        for (size_t i = 0; r == 0 && i < storcli_controllers(answer); i++) {
                int64_t number;
                json_t *response = storcli_response(a, answer, i, f, &number);

                if (!response)
                        continue;
                r = storcli_volume_keyed_take(a, response, number, to, f);
                if (r == 0)
                        r = listed_take(a, json_object_get(response, "Virtual Drives"), number, to, f);
        }
        f->volumes = to;
        return r;
}

/* ---- the controller's own lists ---- */

static bool volume_is_known(const StorcliFacts *f, int64_t controller, const char *number) {
        char name[STORCLI_NAME_MOST];

        (void) snprintf(name, sizeof(name), "%s/%lld/v%.16s", f->family, (long long) controller, number);
        for (uint32_t i = 0; i < f->n_volumes; i++)
                if (strcmp(f->volumes[i].subject, name) == 0)
                        return true;
        return false;
}

/* How many drives the topology has of a group, the missing ones too; UNKNOWN: it does not tell. */
static int64_t topology_wanted(const json_t *topology, int64_t group) {
        const json_t *row;
        int64_t n = 0;
        size_t i;

        json_array_foreach(topology, i, row) {
                const char *type = storcli_text(row, "Type");

                n += type && strcmp(type, "DRIVE") == 0 && json_whole(json_object_get(row, "DG")) == group;
        }
        return n > 0 ? n : UNKNOWN;
}

static int list_rows_take(Arena *a, const json_t *response, int64_t controller, StorcliVolume *to,
                          StorcliFacts *f) {
        const json_t *row;
        size_t i;
        int r = 0;

        json_array_foreach(json_object_get(response, "VD LIST"), i, row) {
                const char *both = storcli_text(row, "DG/VD"), *slash = both ? strchr(both, '/') : NULL;
                StorcliVolume *v = &to[f->n_volumes];

                if (r < 0 || !slash || !slash[1] || volume_is_known(f, controller, slash + 1))
                        continue;
                r = volume_take(a, slash + 1, row, NULL, controller, v, f);
                if (r < 0)
                        continue;
                v->wanted = topology_wanted(json_object_get(response, "TOPOLOGY"), v->group);
                v->level = level_of(a, storcli_text(row, "TYPE"), v->wanted);
                r = v->level ? 0 : -ENOMEM;
                f->n_volumes++;
        }
        return r;
}

int storcli_lists_take(Arena *a, const json_t *answer, StorcliFacts *f) {
        StorcliVolume *to;
        size_t n = f->n_volumes + 1;
        int r = 0;

        for (size_t i = 0; i < storcli_controllers(answer); i++)
                n += json_array_size(json_object_get(storcli_data(answer, i), "VD LIST"));
        to = arena_new(a, StorcliVolume, n);
        if (!to)
                return -ENOMEM;
        if (f->n_volumes > 0)
                memcpy(to, f->volumes, f->n_volumes * sizeof(*to));
        f->volumes = to;
        for (size_t i = 0; r == 0 && i < storcli_controllers(answer); i++) {
                int64_t number = storcli_number(answer, i);
                json_t *response = storcli_data(answer, i);

                if (number == UNKNOWN || !response)
                        continue;
                r = storcli_drives_listed(a, response, number, f);
                if (r == 0)
                        r = storcli_topology_check(a, json_object_get(response, "TOPOLOGY"), number, f);
                if (r == 0)
                        r = list_rows_take(a, response, number, to, f);
        }
        return r;
}
