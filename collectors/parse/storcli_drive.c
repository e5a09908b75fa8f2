/* SPDX-License-Identifier: Apache-2.0 */
/* Drives: "Drive /c0/e252/s1": [ … ] with storcli, "Drives List": [ … ] with storcli2, whose state is two words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "collectors/parse/json_pick.h"
#include "collectors/parse/state_words.h"
#include "collectors/parse/storcli_answer.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

/* As "show" explains them below its table; shielded: being diagnosed, and not in sync. */
static const StateWord storcli_drive_words[] = {
        { "Onln", "online" },       { "JBOD", "online" },       { "GHS", "spare" },
        { "DHS", "spare" },         { "HSPShld", "spare" },     { "Rbld", "rebuilding" },
        { "Cpybck", "rebuilding" }, { "CBShld", "rebuilding" }, { "CFShld", "rebuilding" },
        { "Offln", "failed" },      { "UBad", "failed" },       { "UBUnsp", "failed" },
        { "Failed", "failed" },     { "Msng", "missing" },      { "Missing", "missing" },
        { "UGood", "unused" },      { "UGUnsp", "unused" },     { "UGShld", "unused" },
        { "Sntze", "unused" },      { "UGOOD", "unused" },
};
/* storcli2: Status says how it is, State what for. */
static const StateWord status_words[] = {
        { "Online", "online" },         { "Good", "online" },        { "Offline", "failed" },
        { "Failed", "failed" },         { "Bad", "failed" },         { "Unusable", "failed" },
        { "Unusbl", "failed" },         { "Missing", "missing" },    { "Rebuild", "rebuilding" },
        { "Rebuilding", "rebuilding" }, { "Replace", "rebuilding" }, { "Sntz", "unused" },
        { "Foreign", "foreign" },       { "Frgn", "foreign" },
};
static const StateWord purpose_words[] = {
        { "Conf", "member" },    { "ConfDgrd", "member" }, { "ConfShld", "member" }, { "ConfUnsp", "member" },
        { "UConf", "none" },     { "UConfDgrd", "none" },  { "UConfShld", "none" },  { "UConfUnsp", "none" },
        { "UConfSntz", "none" }, { "JBOD", "" },           { "JBODDgrd", "" },       { "JBODShld", "" },
        { "JBODSntz", "" },      { "Shld", "" },           { "GHS", "spare" },       { "GHSDgrd", "spare" },
        { "GHSShld", "spare" },  { "DHS", "spare" },       { "DHSDgrd", "spare" },   { "DHSShld", "spare" },
        { "Unusbl", "none" },
};

static int64_t storcli_celsius(const char *text) { /* " 21C (69.80 F)" */
        int64_t value;
        size_t n;

        text = text ? text + strspn(text, " ") : "";
        n = strspn(text, "0123456789");
        return text[n] == 'C' && text_to_int(text, n, 0, metric_bound(METRIC_DISK_TEMPERATURE), &value) == 0
                       ? value
                       : UNKNOWN;
}

static const char *storcli_kind_of(const json_t *row) {
        const char *medium = storcli_text(row, "Med"), *interface = storcli_text(row, "Intf");

        if (interface && strcmp(interface, "NVMe") == 0)
                return "nvme";
        return medium && strcmp(medium, "SSD") == 0   ? "ssd"
               : medium && strcmp(medium, "HDD") == 0 ? "hdd"
                                                      : "";
}

static bool is_foreign(const json_t *row) {
        const char *group = storcli_text(row, "DG");

        return group && strcmp(group, "F") == 0;
}

/* One word, of which the group says the rest. */
static int state_of_one(Arena *a, const json_t *row, StorcliDrive *to, StorcliFacts *f) {
        const char *state = storcli_text(row, "State"), *ours = STATE_WORD(storcli_drive_words, state);

        to->state = is_foreign(row) ? "foreign" : ours ? ours : "unknown";
        to->role = to->group >= 0                            ? "member"
                   : strcmp(to->state, "spare") == 0         ? "spare"
                   : state && strncmp(state, "JBOD", 4) == 0 ? ""
                   : ours                                    ? "none"
                                                             : "";
        return ours ? 0 : unread_word(a, &f->unread, to->subject, "State", state);
}

static int state_of_two(Arena *a, const json_t *row, const char *status, StorcliDrive *to, StorcliFacts *f) {
        const char *purpose = storcli_text(row, "State"), *role = STATE_WORD(purpose_words, purpose);
        const char *ours = STATE_WORD(status_words, status);
        int r = 0;

        if (!role)
                r = unread_word(a, &f->unread, to->subject, "State", purpose);
        if (r == 0 && !ours)
                r = unread_word(a, &f->unread, to->subject, "Status", status);
        to->role = role ? role : "";
        if (!ours || !role)
                to->state = "unknown";
        else if (is_foreign(row))
                to->state = "foreign";
        else if (strcmp(ours, "online") == 0)
                to->state = strcmp(role, "spare") == 0  ? "spare"
                            : strcmp(role, "none") == 0 ? "unused"
                                                        : "online";
        else
                to->state = ours;
        return r;
}

static void counts_take(const json_t *counts, StorcliDrive *to) {
        const char *alert = storcli_text(counts, "S.M.A.R.T alert flagged by drive");

        to->media_errors = json_whole(json_object_get(counts, "Media Error Count"));
        to->other_errors = json_whole(json_object_get(counts, "Other Error Count"));
        to->predictions = json_whole(json_object_get(counts, "Predictive Failure Count"));
        to->alert = alert ? strncmp(alert, "Yes", 3) == 0 : UNKNOWN;
}

/* storcli has three objects of it, storcli2 one with another in it. */
typedef struct Details {
        const json_t *counts, *identity, *flat;
} Details;

static Details details_of(const json_t *response, const char *key) {
        const json_t *all;
        char name[STORCLI_NAME_MOST * 2];
        Details d = { 0 };

        (void) snprintf(name, sizeof(name), "%s - Detailed Information", key);
        all = json_object_get(response, name);
        (void) snprintf(name, sizeof(name), "%s State", key);
        d.counts = json_object_get(all, name);
        (void) snprintf(name, sizeof(name), "%s Device attributes", key);
        d.identity = json_object_get(all, name);
        return d;
}

static int identity_fill(Arena *a, const json_t *row, const Details *d, StorcliDrive *to) {
        const char *serial = storcli_text(d->identity, "SN"), *wwn = storcli_text(d->identity, "WWN");
        int64_t id = json_whole(json_object_get(row, "DID"));

        counts_take(d->counts, to);
        to->temperature = storcli_celsius(storcli_text(d->counts, "Drive Temperature"));
        if (d->flat) {
                serial = storcli_text(d->flat, "Serial Number");
                wwn = storcli_text(d->flat, "WWN");
                to->temperature = json_whole(json_object_get(d->flat, "Temperature(C)"));
        }
        to->serial = storcli_trimmed(a, serial);
        to->wwn = storcli_trimmed(a, wwn && strcmp(wwn, "NA") != 0 ? wwn : "");
        to->address = id >= 0 ? text_format(a, "megaraid:%lld", (long long) id) : "";
        to->model = storcli_trimmed(a, storcli_text(row, "Model"));
        to->kind = storcli_kind_of(row);
        to->transport = "megaraid";
        return to->serial && to->wwn && to->address && to->model ? 0 : -ENOMEM;
}

static bool is_known(const StorcliFacts *f, const char *subject) {
        for (uint32_t i = 0; i < f->n_drives; i++)
                if (strcmp(f->drives[i].subject, subject) == 0)
                        return true;
        return false;
}

static int drive_add(Arena *a, const json_t *row, const Details *d, int64_t controller, StorcliFacts *f) {
        const char *slot = storcli_trimmed(a, storcli_text(row, "EID:Slt")),
                   *status = storcli_text(row, "Status");
        StorcliDrive *to = &f->drives[f->n_drives];
        int r;

        if (!slot)
                return -ENOMEM;
        if (!*slot || f->n_drives == STORCLI_DRIVES_MOST)
                return 0;
        slot += *slot == ':'; /* in no enclosure */
        *to = (StorcliDrive){ .controller = controller, .group = json_whole(json_object_get(row, "DG")) };
        to->slot = text_format(a, "%lld:%s", (long long) controller, slot);
        to->subject = to->slot ? text_format(a, "%s/%s", f->family, to->slot) : NULL;
        if (!to->subject)
                return -ENOMEM;
        if (is_known(f, to->subject))
                return 0;
        r = identity_fill(a, row, d, to);
        if (r == 0)
                r = status ? state_of_two(a, row, status, to, f) : state_of_one(a, row, to, f);
        f->n_drives += r == 0;
        return r;
}

int storcli_drive_add(Arena *a, const json_t *row, const json_t *details, int64_t controller,
                      StorcliFacts *f) {
        const Details d = { .counts = json_object_get(details, "LU/NS Properties"), .flat = details };

        return drive_add(a, row, &d, controller, f);
}

/* storcli: { "Drive /c0/e252/s1": [ {…} ], "Drive /c0/e252/s1 - Detailed Information": {…} } */
static int storcli_drive_keyed(Arena *a, json_t *response, int64_t controller, StorcliFacts *f) {
        const char *key;
        json_t *rows;
        int r = 0;

        json_object_foreach(response, key, rows) {
                Details d;

                if (r < 0 || strncmp(key, "Drive /c", 8) != 0 || !json_is_array(rows) ||
                    strlen(key) >= STORCLI_NAME_MOST)
                        continue;
                d = details_of(response, key);
                r = drive_add(a, json_array_get(rows, 0), &d, controller, f);
        }
        return r;
}

/* The units of a drive (storcli2): told as the drive is, and so for their words alone. */
static int units_check(Arena *a, const json_t *one, int64_t controller, StorcliFacts *f) {
        const json_t *list = json_object_get(one, "LU/NS Information"), *unit;
        const char *slot = storcli_text(json_object_get(one, "Drive Information"), "EID:Slt"), *name;
        size_t i;
        int r = 0;

        json_array_foreach(list, i, unit) {
                const char *word = storcli_text(unit, "Status");

                if (r < 0 || !slot || STATE_WORD(status_words, word))
                        continue;
                name = text_format(a, "%s/%lld:%.60s", f->family, (long long) controller,
                                   slot + (*slot == ':'));
                r = name ? unread_word(a, &f->unread, name, "a unit's Status", word) : -ENOMEM;
        }
        return r;
}

int storcli_drives_take(Arena *a, const json_t *answer, StorcliFacts *f) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < storcli_controllers(answer); i++) {
                int64_t number;
                json_t *response = storcli_response(a, answer, i, f, &number);
                const json_t *list = json_object_get(response, "Drives List"), *one;
                size_t k;

                if (!response)
                        continue;
                r = storcli_drive_keyed(a, response, number, f);
                json_array_foreach(list, k, one) {
                        if (r == 0)
                                r = storcli_drive_add(a, json_object_get(one, "Drive Information"),
                                                      json_object_get(one, "Drive Detailed Information"),
                                                      number, f);
                        if (r == 0)
                                r = units_check(a, one, number, f);
                }
        }
        return r;
}

int storcli_drives_listed(Arena *a, json_t *response, int64_t controller, StorcliFacts *f) {
        json_t *full = json_object_get(response, "Physical Device Information");
        int r = json_is_object(full) ? storcli_drive_keyed(a, full, controller, f) : 0;
        const json_t *row;
        size_t i;

        json_array_foreach(json_object_get(response, "PD LIST"), i, row) {
                if (r == 0)
                        r = storcli_drive_add(a, row, NULL, controller, f);
        }
        return r;
}

/* A row of the topology has the words of its drive: one with storcli, two with storcli2; that of a group has those of
 * a volume, or none. */
static const char *topology_odd_word(const json_t *row) {
        static const StateWord group_words[] = { { "Optl", "" }, { "Pdgd", "" }, { "Dgrd", "" },
                                                 { "Rec", "" },  { "OfLn", "" }, { "Offln", "" },
                                                 { "-", "" } };
        const char *type = storcli_text(row, "Type"), *state = storcli_text(row, "State"),
                   *status = storcli_text(row, "Status");

        if (!type || strcmp(type, "DRIVE") != 0)
                return state && !STATE_WORD(group_words, state)     ? state
                       : status && !STATE_WORD(group_words, status) ? status
                                                                    : NULL;
        if (!status)
                return STATE_WORD(storcli_drive_words, state) ? NULL : state;
        return !STATE_WORD(status_words, status) ? status : !STATE_WORD(purpose_words, state) ? state : NULL;
}

int storcli_topology_check(Arena *a, const json_t *topology, int64_t controller, StorcliFacts *f) {
        const json_t *row;
        size_t i;
        int r = 0;

        json_array_foreach(topology, i, row) {
                const char *word = topology_odd_word(row), *name;

                if (r < 0 || !word)
                        continue;
                name = text_format(a, "%s/%lld", f->family, (long long) controller);
                r = name ? unread_word(a, &f->unread, name, "the topology's State", word) : -ENOMEM;
        }
        return r;
}
