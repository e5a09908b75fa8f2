/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/storcli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "scheduler/base/text.h"

#define CONTROLLERS_MOST 64
#define NAME_MOST        96

typedef struct Word {
        const char *theirs, *ours;
} Word;

/* The first whose text theirs begins with, else "unknown". */
static const char *storcli_word_of(const Word *words, size_t n, const char *theirs) {
        for (size_t i = 0; theirs && i < n; i++)
                if (strncmp(theirs, words[i].theirs, strlen(words[i].theirs)) == 0)
                        return words[i].ours;
        return "unknown";
}

static const Word storcli_controller_words[] = {
        { "Optimal", "optimal" },   { "OK", "optimal" },    { "Needs Attention", "degraded" },
        { "Degraded", "degraded" }, { "Failed", "failed" },
};
static const Word storcli_battery_words[] = {
        { "Optimal", "optimal" }, { "Dgd", "degraded" },   { "Degraded", "degraded" },
        { "Fail", "failed" },     { "Learn", "charging" }, { "Charg", "charging" },
        { "Missing", "missing" }, { "Absent", "missing" },
};
static const Word storcli_volume_words[] = {
        { "Optl", "optimal" }, { "Pdgd", "degraded" }, { "Dgrd", "degraded" },
        { "Rec", "degraded" }, { "OfLn", "failed" },
};
/* As "show" explains them below its table. */
static const Word storcli_drive_words[] = {
        { "Onln", "online" },     { "JBOD", "online" },       { "GHS", "spare" },    { "DHS", "spare" },
        { "Rbld", "rebuilding" }, { "Cpybck", "rebuilding" }, { "Offln", "failed" }, { "UBad", "failed" },
        { "UBUnsp", "failed" },   { "Failed", "failed" },     { "Msng", "missing" }, { "UGood", "unused" },
        { "UGUnsp", "unused" },   { "UGShld", "unused" },
};

static const char *storcli_trimmed(Arena *a, const char *text) {
        char name[NAME_MOST];

        json_trim(name, sizeof(name), text);
        return text_copy(a, name, strlen(name));
}

static const char *storcli_lower(Arena *a, const char *text) {
        char *copy = text_copy(a, text, strlen(text));

        for (char *c = copy; c && *c; c++)
                *c = (char) (*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
        return copy;
}

/* Of the i-th controller of an answer: its number and what it has to say, or NULL when it failed. */
static json_t *response_of(const json_t *answer, size_t i, int64_t *ret_number) {
        const json_t *controller = json_array_get(json_object_get(answer, "Controllers"), i);
        const json_t *status = json_object_get(controller, "Command Status");
        json_t *response = json_object_get(controller, "Response Data");
        const char *word = json_string_value(json_object_get(status, "Status"));

        *ret_number = json_whole(json_object_get(status, "Controller"));
        return *ret_number >= 0 && *ret_number < CONTROLLERS_MOST && word && strcmp(word, "Success") == 0 &&
                               json_is_object(response)
                       ? response
                       : NULL;
}

/* ---- controllers ---- */
static const char *battery_of(const json_t *response) {
        const char *present = json_string_value(json_object_get(json_object_get(response, "HwCfg"), "BBU"));
        const char *const infos[] = { "Cachevault_Info", "BBU_Info" };

        for (size_t i = 0; i < ARRAY_SIZE(infos); i++) {
                const json_t *info = json_array_get(json_object_get(response, infos[i]), 0);

                if (info)
                        return storcli_word_of(storcli_battery_words, ARRAY_SIZE(storcli_battery_words),
                                               json_string_value(json_object_get(info, "State")));
        }
        return present ? storcli_word_of(storcli_battery_words, ARRAY_SIZE(storcli_battery_words), present)
                       : "";
}

static int controllers_take(Arena *a, const json_t *answer, StorcliFacts *f) {
        size_t n = json_array_size(json_object_get(answer, "Controllers"));
        StorcliController *to = arena_new(a, StorcliController, n);

        if (!to)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                StorcliController *c = &to[f->n_controllers];
                int64_t number;
                json_t *response = response_of(answer, i, &number);
                const json_t *basics = json_object_get(response, "Basics");
                const json_t *status = json_object_get(response, "Status");

                if (!response)
                        continue;
                c->subject = text_format(a, "megaraid/%lld", (long long) number);
                c->model = storcli_trimmed(a, json_string_value(json_object_get(basics, "Model")));
                c->state = storcli_word_of(storcli_controller_words, ARRAY_SIZE(storcli_controller_words),
                                           json_string_value(json_object_get(status, "Controller Status")));
                c->battery = battery_of(response);
                if (!c->subject || !c->model)
                        return -ENOMEM;
                f->n_controllers++;
        }
        f->controllers = to;
        return f->n_controllers > 0 ? 0 : -ENODEV;
}

/* ---- virtual drives ---- */
static const char *level_of(Arena *a, const char *type, int64_t wanted) {
        if (!type || strncmp(type, "RAID", 4) != 0)
                return "";
        if (strcmp(type, "RAID00") == 0)
                return "raid0";
        /* what it calls RAID 1 of four drives and more is striped pairs */
        return strcmp(type, "RAID1") == 0 && wanted > 2 ? "raid10" : storcli_lower(a, type);
}

static int volume_take(Arena *a, const json_t *response, const char *key, const json_t *row,
                       int64_t controller, StorcliVolume *to) {
        const char *number = strrchr(key, 'v') + 1, *group = json_string_value(json_object_get(row, "DG/VD"));
        const json_t *properties, *operations;
        const char *block, *action;
        int64_t spans, drives;
        char name[64];

        (void) snprintf(name, sizeof(name), "VD%s Properties", number);
        properties = json_object_get(response, name);
        operations = json_object_get(properties, "Active Operations");
        block = json_string_value(json_object_get(properties, "OS Drive Name"));
        action = json_string_value(operations);
        spans = json_whole(json_object_get(properties, "Span Depth"));
        drives = json_whole(json_object_get(properties, "Number of Drives Per Span"));
        to->wanted = spans > 0 && drives > 0 && spans <= 64 && drives <= 1024 ? spans * drives : UNKNOWN;
        to->controller = controller;
        if (!group || text_to_int(group, strcspn(group, "/"), 0, INT32_MAX, &to->group) < 0)
                to->group = UNKNOWN;
        to->subject = text_format(a, "megaraid/%lld/v%.16s", (long long) controller, number);
        to->level = level_of(a, json_string_value(json_object_get(row, "TYPE")), to->wanted);
        to->state = storcli_word_of(storcli_volume_words, ARRAY_SIZE(storcli_volume_words),
                                    json_string_value(json_object_get(row, "State")));
        to->block = storcli_trimmed(a, block && strncmp(block, "/dev/", 5) == 0 ? block + 5 : "");
        to->action = storcli_trimmed(a, action && strcmp(action, "None") != 0 ? action : "");
        return to->subject && to->level && to->block && to->action ? 0 : -ENOMEM;
}

static size_t keys_count(const json_t *answer) {
        size_t i, n = 0;
        json_t *c;

        json_array_foreach(json_object_get(answer, "Controllers"), i, c) {
                n += json_object_size(json_object_get(c, "Response Data"));
        }
        return n;
}

static int volumes_take(Arena *a, const json_t *answer, StorcliFacts *f) {
        StorcliVolume *to = arena_new(a, StorcliVolume, keys_count(answer));

        for (size_t i = 0; to && i < json_array_size(json_object_get(answer, "Controllers")); i++) {
                int64_t number;
                json_t *response = response_of(answer, i, &number);
                const char *key;
                json_t *rows;

                json_object_foreach(response, key, rows) { /* "/c0/v1": [ … ] */
                        const char *v = strrchr(key, 'v');

                        if (strncmp(key, "/c", 2) != 0 || !v || !v[1] || !json_array_get(rows, 0))
                                continue;
                        if (volume_take(a, response, key, json_array_get(rows, 0), number,
                                        &to[f->n_volumes]) < 0)
                                return -ENOMEM;
                        f->n_volumes++;
                }
        }
        f->volumes = to;
        return to ? 0 : -ENOMEM;
}

/* ---- drives ---- */
static int64_t storcli_celsius(const char *text) { /* " 21C (69.80 F)" */
        int64_t value;
        size_t n;

        text = text ? text + strspn(text, " ") : "";
        n = strspn(text, "0123456789");
        return text[n] == 'C' && text_to_int(text, n, 0, 1000, &value) == 0 ? value : UNKNOWN;
}

static void state_take(const json_t *state, StorcliDrive *to) {
        const char *alert = json_string_value(json_object_get(state, "S.M.A.R.T alert flagged by drive"));

        to->media_errors = json_whole(json_object_get(state, "Media Error Count"));
        to->other_errors = json_whole(json_object_get(state, "Other Error Count"));
        to->predictions = json_whole(json_object_get(state, "Predictive Failure Count"));
        to->temperature = storcli_celsius(json_string_value(json_object_get(state, "Drive Temperature")));
        to->alert = alert ? strncmp(alert, "Yes", 3) == 0 : UNKNOWN;
}

static const char *storcli_kind_of(const json_t *row) {
        const char *medium = json_string_value(json_object_get(row, "Med"));
        const char *interface = json_string_value(json_object_get(row, "Intf"));

        if (interface && strcmp(interface, "NVMe") == 0)
                return "nvme";
        return medium && strcmp(medium, "SSD") == 0   ? "ssd"
               : medium && strcmp(medium, "HDD") == 0 ? "hdd"
                                                      : "";
}

static int drive_take(Arena *a, const json_t *response, const char *key, const json_t *row,
                      int64_t controller, StorcliDrive *to) {
        const char *slot = json_string_value(json_object_get(row, "EID:Slt"));
        const json_t *group = json_object_get(row, "DG"), *details, *attributes;
        const char *foreign = json_string_value(group);
        char name[NAME_MOST];

        (void) snprintf(name, sizeof(name), "%s - Detailed Information", key);
        details = json_object_get(response, name);
        (void) snprintf(name, sizeof(name), "%s State", key);
        state_take(json_object_get(details, name), to);
        (void) snprintf(name, sizeof(name), "%s Device attributes", key);
        attributes = json_object_get(details, name);
        slot = storcli_trimmed(a, slot);
        to->controller = controller;
        to->group = json_whole(group);
        to->state = foreign && strcmp(foreign, "F") == 0
                            ? "foreign"
                            : storcli_word_of(storcli_drive_words, ARRAY_SIZE(storcli_drive_words),
                                              json_string_value(json_object_get(row, "State")));
        to->kind = storcli_kind_of(row);
        to->model = storcli_trimmed(a, json_string_value(json_object_get(row, "Model")));
        to->serial = storcli_trimmed(a, json_string_value(json_object_get(attributes, "SN")));
        to->transport = "megaraid";
        to->slot = slot ? text_format(a, "%lld:%s", (long long) controller, slot) : NULL;
        to->subject = to->slot ? text_format(a, "megaraid/%s", to->slot) : NULL;
        return to->model && to->serial && to->subject ? 0 : -ENOMEM;
}

static int drives_take(Arena *a, const json_t *answer, StorcliFacts *f) {
        StorcliDrive *to = arena_new(a, StorcliDrive, keys_count(answer));

        for (size_t i = 0; to && i < json_array_size(json_object_get(answer, "Controllers")); i++) {
                int64_t number;
                json_t *response = response_of(answer, i, &number);
                const char *key;
                json_t *rows;

                json_object_foreach(response, key, rows) { /* "Drive /c0/e252/s1": [ … ] */
                        if (strncmp(key, "Drive /c", 8) != 0 || !json_array_get(rows, 0))
                                continue;
                        if (drive_take(a, response, key, json_array_get(rows, 0), number, &to[f->n_drives]) <
                            0)
                                return -ENOMEM;
                        f->n_drives++;
                }
        }
        f->drives = to;
        return to ? 0 : -ENOMEM;
}

int storcli_parse(Arena *a, StorcliText controllers, StorcliText volumes, StorcliText drives,
                  StorcliFacts *ret) {
        const struct {
                StorcliText text;
                int (*take)(Arena *a, const json_t *answer, StorcliFacts *f);
        } parts[] = { { controllers, controllers_take }, { volumes, volumes_take }, { drives, drives_take } };
        StorcliFacts f = { 0 };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++) {
                json_t *answer = json_document(parts[i].text.at ? parts[i].text.at : "", parts[i].text.n);

                r = json_is_array(json_object_get(answer, "Controllers")) ? parts[i].take(a, answer, &f)
                                                                          : -EBADMSG;
                json_decref(answer);
        }
        if (r == 0)
                *ret = f;
        return r;
}
