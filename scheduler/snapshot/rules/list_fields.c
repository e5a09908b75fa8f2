/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/rules/list_fields.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/key_word.h"
#include "scheduler/model/bounds.h"
#include "scheduler/model/host_label.h"

#define ITEM_FIELDS_MAX 32

const char *const list_value_texts[LIST_VALUE_N] = {
        [LIST_NUMBER] = "a number",
        [LIST_BOOL] = "yes or no",
        [LIST_CHOICE] = "one of the accepted words",
        [LIST_NAME] = "a name",
        [LIST_NAMES] = "names",
        [LIST_VMS] = "a selection of VMs",
        [LIST_HOSTS] = "a selection of hosts",
        [LIST_DAYS] = "days, such as mon, sat,sun or mon-fri",
        [LIST_CLOCK] = "a time of day: 00:00 to 24:00",
        [LIST_ZONE] = "a time zone: Europe/Berlin, UTC, or a POSIX string such as CET-1CEST,M3.5.0,M10.5.0/3",
        [LIST_LABELS] = "key=value, or !key to remove a label",
        [LIST_ACTIONS] = "balance, load",
};

/* ---- the tables ---- */

#define TEXT_FIELD(name_, what, Object, member, needed, words)                                               \
        {                                                                                                    \
                .value = { .name = name_, .type = SETTING_TEXT, .doc = words }, .as = what,                  \
                .at = offsetof(Object, member), .required = needed                                           \
        }
#define NUMBER_FIELD(name_, kind, Object, member, least, most, words)                                        \
        {                                                                                                    \
                .value = { .name = name_,                                                                    \
                           .type = kind,                                                                     \
                           .def = UNKNOWN,                                                                   \
                           .min = least,                                                                     \
                           .max = most,                                                                      \
                           .doc = words },                                                                   \
                .as = LIST_NUMBER, .at = offsetof(Object, member)                                            \
        }

static const ListFieldDef group_fields[] = {
        TEXT_FIELD("name", LIST_NAME, GroupSpec, name, true, "Name of the group, selected as group:NAME."),
        TEXT_FIELD("vms", LIST_VMS, GroupSpec, vms, true,
                   "VMs of the group. Groups defined above may be used here."),
        { .value = { .name = NULL } },
};

static const ListFieldDef host_list_fields[] = {
        TEXT_FIELD("hosts", LIST_HOSTS, HostSpec, hosts, true,
                   "Hosts that this entry applies to. A later entry overrides an earlier one."),
        TEXT_FIELD("zone", LIST_NAME, HostSpec, zone, false, "Zone of the hosts."),
        TEXT_FIELD("rack", LIST_NAME, HostSpec, rack, false, "Rack of the hosts."),
        TEXT_FIELD("neighborhood", LIST_NAME, HostSpec, neighborhood, false,
                   "Network neighborhood: hosts that reach each other without a slow hop."),
        TEXT_FIELD(
                "labels", LIST_LABELS, HostSpec, labels, false,
                "Labels of the hosts, for selections (label:key=value). They override labels set by agents. "
                "!key removes a label, \"!*\" all."),
        TEXT_FIELD("domains", LIST_NAMES, HostSpec, domains, false,
                   "Shared causes of failure, such as a UPS or a room. Hosts of one domain that must be "
                   "evacuated for the same reason count as one (docs/brake.md)."),
        TEXT_FIELD("uri", LIST_NAME, HostSpec, uri, false,
                   "libvirt URI of the hosts, with {host} for the host's name. Overrides service.uri."),
        NUMBER_FIELD(
                "headroom", SETTING_PERMILLE, HostSpec, headroom, 0, 900,
                "Headroom: share of CPU, memory and network to keep free on these hosts (their load line)."),
        NUMBER_FIELD("headroom-cpu", SETTING_PERMILLE, HostSpec, headroom_cpu, 0, 900,
                     "Headroom of CPU. Overrides headroom."),
        NUMBER_FIELD("headroom-memory", SETTING_PERMILLE, HostSpec, headroom_memory, 0, 900,
                     "Headroom of memory. Overrides headroom."),
        NUMBER_FIELD("headroom-network", SETTING_PERMILLE, HostSpec, headroom_network, 0, 900,
                     "Headroom of the network. Overrides headroom."),
        NUMBER_FIELD("headroom-extra", SETTING_PERMILLE, HostSpec, headroom_extra, 0, 900,
                     "Headroom of each extra resource, such as GPU memory or licenses."),
        NUMBER_FIELD("overcommit-cpu", SETTING_PERMILLE, HostSpec, overcommit_cpu, 100, 100000,
                     "Maximum vCPUs allocated per physical CPU."),
        NUMBER_FIELD("overcommit-memory", SETTING_PERMILLE, HostSpec, overcommit_memory, 100, 4000,
                     "Maximum memory allocated to VMs, as a share of the host's memory."),
        NUMBER_FIELD("reserved", SETTING_MIB, HostSpec, reserved_mib, 0, QUANTITY_MAX,
                     "Memory reserved for the host itself, not available to VMs."),
        { .value = { .name = NULL } },
};

static const ListFieldDef window_fields[] = {
        TEXT_FIELD("name", LIST_NAME, WindowSpec, window.name, true, "Name of the window, used by rules."),
        TEXT_FIELD("days", LIST_DAYS, WindowSpec, window.days, false,
                   "Days on which the window opens. Default: every day."),
        TEXT_FIELD("from", LIST_CLOCK, WindowSpec, window.from, false,
                   "Time at which the window opens. Default: 00:00."),
        TEXT_FIELD("to", LIST_CLOCK, WindowSpec, window.to, false,
                   "Time at which the window closes, on the next day if not after \"from\". Default: 24:00."),
        TEXT_FIELD("zone", LIST_ZONE, WindowSpec, window, false, "Time zone of the window. Default: UTC."),
        TEXT_FIELD(
                "for", LIST_ACTIONS, WindowSpec, window.actions, false,
                "Kinds of action that are carried out only in this window, or in another window that lists "
                "them: balance (even use, wishes), load (hosts above their load line). Repair of rules and "
                "evacuation never wait."),
        { .value = { .name = NULL } },
};

const ListDef group_list = {
        "groups",
        "a group",
        "Groups of VMs, in addition to those set on the VMs themselves (docs/labels.md).",
        "groups:\n"
        "  - name: web\n"
        "    vms: [\"web-*\", \"!web-test*\"]\n",
        group_fields,
};
const ListDef host_list = {
        "hosts",
        "an entry of hosts",
        "Facts about hosts and limits for them, in addition to what they report.",
        "hosts:\n"
        "  - hosts: \"r1-*\"\n"
        "    rack: r1\n"
        "    headroom: 30%\n",
        host_list_fields,
};
const ListDef window_list = {
        "windows",
        "a window",
        "Times of the week, used by rules (move-only) and for kinds of action.",
        "windows:\n"
        "  - name: night\n"
        "    days: mon-fri\n"
        "    from: \"22:00\"\n"
        "    to: \"06:00\"\n"
        "    zone: Europe/Berlin\n"
        "    for: balance\n",
        window_fields,
};

/* ---- faults ---- */

int list_fault(ListReader *r, const ListWord *word, const char *field, const char *what) {
        TextFault path = { 0 };

        if (what)
                text_fault(r->fault, "", "%s", what);
        text_fault(&path, "", "%s%s%s", r->place, field ? "." : "", field ? field : "");
        memcpy(r->fault->field, path.what, sizeof(r->fault->field));
        r->fault->field[sizeof(r->fault->field) - 1] = '\0';
        r->fault->line = word->line;
        r->fault->column = word->column;
        return -EINVAL;
}

/* ---- values ---- */

static int selection_read(ListReader *r, const ListField *f, SelectFrom from, Selection *ret) {
        for (uint32_t i = 0; i < f->n; i++) {
                int e = selection_add(r->arena, ret, f->values[i].text, from, r->fault);

                if (e == -EINVAL)
                        return list_fault(r, &f->values[i], f->key.text, NULL);
                if (e < 0)
                        return e;
        }
        return ret->n > 0 ? 0
                          : LIST_FAULT(r, &f->key, f->key.text, "is an empty list; accepted: a selection");
}

static int name_check(ListReader *r, const ListField *f, const ListWord *w) {
        if (text_is_name(w->text, strlen(w->text)))
                return 0;
        return LIST_FAULT(r, w, f->key.text,
                          "is not a valid name; accepted: 1 to 255 bytes without control characters");
}

static int list_fields_names_read(ListReader *r, const ListField *f, Strings *ret) {
        const char **names = arena_new(r->arena, const char *, f->n);

        if (!names)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->n; i++) {
                if (name_check(r, f, &f->values[i]) < 0)
                        return -EINVAL;
                names[i] = f->values[i].text;
        }
        *ret = (Strings){ .at = names, .n = f->n };
        return f->n > 0 ? 0 : LIST_FAULT(r, &f->key, f->key.text, "is an empty list; accepted: names");
}

/* "licence=oracle", "!licence", also "a=1,!b": of each entry's text the words between commas. */
static int list_fields_labels_read(ListReader *r, const ListField *f, Strings *ret) {
        uint32_t room = 0, n = 0;
        const char **labels;

        for (uint32_t i = 0; i < f->n; i++)
                for (const char *c = f->values[i].text; c; c = strchr(c, ',') ? strchr(c, ',') + 1 : NULL)
                        room++;
        labels = arena_new(r->arena, const char *, room);
        if (!labels)
                return -ENOMEM;
        for (uint32_t i = 0; i < f->n; i++)
                for (const char *c = f->values[i].text; c;) {
                        const char *word;

                        c += strspn(c, " ");
                        word = text_copy(r->arena, c, strcspn(c, ","));
                        if (!word)
                                return -ENOMEM;
                        if (*word == '!' ? word[1] == '\0' : host_label_check(word, r->fault) < 0)
                                return LIST_FAULT(r, &f->values[i], f->key.text,
                                                  "'%.80s' is not valid; accepted: %s: %s", word,
                                                  list_value_texts[LIST_LABELS], HOST_LABEL_ACCEPTED);
                        labels[n++] = word;
                        c = strchr(c, ',');
                        c = c ? c + 1 : NULL;
                }
        *ret = (Strings){ .at = labels, .n = n };
        return n > 0 ? 0 : LIST_FAULT(r, &f->key, f->key.text, "is an empty list; accepted: labels");
}

static int day_of(const char *s, size_t n) {
        for (int d = 0; d < 7; d++)
                if (n == 3 && memcmp(day_names[d], s, 3) == 0)
                        return d;
        return -1;
}

/* "mon", "mon-fri": its days, or 0 when it is neither. fri-mon goes over Sunday. */
static unsigned days_of(const char *s, size_t n) {
        const char *dash = memchr(s, '-', n);
        const int first = day_of(s, dash ? (size_t) (dash - s) : n);
        const int last = dash ? day_of(dash + 1, n - (size_t) (dash + 1 - s)) : first;
        unsigned days = 0;

        if (first < 0 || last < 0)
                return 0;
        for (int d = first; days == 0 || d != (last + 1) % 7; d = (d + 1) % 7)
                days |= 1U << d;
        return days;
}

static int days_read(ListReader *r, const ListField *f, unsigned *ret) {
        unsigned days = 0;

        for (uint32_t i = 0; i < f->n; i++)
                for (const char *s = f->values[i].text;;) {
                        const size_t n = strcspn(s, ",");
                        const unsigned some = days_of(s, n);

                        if (some == 0)
                                return LIST_FAULT(r, &f->values[i], f->key.text,
                                                  "'%.40s' is not valid; accepted: %s", f->values[i].text,
                                                  list_value_texts[LIST_DAYS]);
                        days |= some;
                        if (s[n] == '\0')
                                break;
                        s += n + 1 + strspn(s + n + 1, " ");
                }
        *ret = days;
        return 0;
}

static int clock_read(ListReader *r, const ListField *f, int *ret) {
        const char *text = f->values[0].text, *colon = strchr(text, ':');
        int64_t hours = 0, minutes = 0;

        if (!colon || colon - text > 2 || strlen(colon + 1) != 2 || text[0] == '-' || colon[1] == '-' ||
            text_to_int(text, (size_t) (colon - text), 0, bound_of(BOUND_HOUR), &hours) < 0 ||
            text_to_int(colon + 1, 2, 0, bound_of(BOUND_MINUTE), &minutes) < 0 || hours * 60 + minutes > 1440)
                return LIST_FAULT(r, &f->values[0], f->key.text, "'%.40s' is not valid; accepted: %s", text,
                                  list_value_texts[LIST_CLOCK]);
        *ret = (int) (hours * 60 + minutes);
        return 0;
}

/* A name such as a file below /usr/share/zoneinfo has, and no way out of there. */
static bool is_zone_name(const char *s) {
        if (!*s || *s == '/' || strlen(s) > 64)
                return false;
        for (const char *c = s; *c; c++) {
                const bool letter =
                        (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9');

                if (!letter && !strchr("_+-/", *c))
                        return false;
        }
        return true;
}

static int zone_read(ListReader *r, const ListField *f, TimeWindow *ret) {
        const char *name = f->values[0].text;
        const unsigned char *bytes = NULL;
        size_t n = 0;
        int e = -ENOENT;

        ret->zone_name = name;
        if (strcmp(name, "UTC") == 0) {
                ret->zone = (TimeZone){ 0 };
                return 0;
        }
        if (strlen(name) <= 64 && time_zone_posix(name, &ret->zone) == 0)
                return 0;
        if (r->zones && is_zone_name(name))
                e = r->zones->load(r->zones->arg, name, r->arena, &bytes, &n);
        if (e == 0)
                e = time_zone_tzif(r->arena, bytes, n, &ret->zone);
        if (e == -ENOMEM)
                return e;
        if (e < 0)
                return LIST_FAULT(r, &f->values[0], f->key.text, "unknown time zone '%.40s'; accepted: %s",
                                  name, list_value_texts[LIST_ZONE]);
        return 0;
}

static int actions_read(ListReader *r, const ListField *f, unsigned *ret) {
        static const char *const words[] = { "balance", "load" };
        static const unsigned bits[] = { ACTION_BALANCE, ACTION_LOAD };
        unsigned actions = 0;

        for (uint32_t i = 0; i < f->n; i++) {
                const char *nearest = text_nearest(f->values[i].text, words, ARRAY_SIZE(words));
                unsigned bit = 0;

                for (size_t k = 0; k < ARRAY_SIZE(words); k++)
                        if (strcmp(words[k], f->values[i].text) == 0)
                                bit = bits[k];
                if (bit == 0)
                        return LIST_FAULT(r, &f->values[i], f->key.text,
                                          "'%.40s' is not valid; accepted: %s%s%s%s", f->values[i].text,
                                          list_value_texts[LIST_ACTIONS], nearest ? "; did you mean " : "",
                                          nearest ? nearest : "", nearest ? "?" : "");
                actions |= bit;
        }
        *ret = actions;
        return 0;
}

static int scalar_read(ListReader *r, const ListFieldDef *def, const ListField *f, void *member) {
        int64_t number = 0;
        int choice;

        if (setting_parse(&def->value, "", f->values[0].text, &number, r->fault) < 0)
                return list_fault(r, &f->values[0], f->key.text, NULL);
        if (def->as == LIST_BOOL)
                *(bool *) member = number != 0;
        else if (def->as == LIST_CHOICE) {
                choice = (int) number;
                memcpy(member, &choice, sizeof(choice));
        } else
                *(int64_t *) member = number;
        return 0;
}

static bool takes_list(ListValue as) {
        return as == LIST_NAMES || as == LIST_VMS || as == LIST_HOSTS || as == LIST_DAYS ||
               as == LIST_ACTIONS || as == LIST_LABELS;
}

int list_field_read(ListReader *r, const ListFieldDef *def, const ListField *f, void *object) {
        void *member = (char *) object + def->at;

        if (f->is_list && !takes_list(def->as))
                return LIST_FAULT(r, &f->key, f->key.text, "is a list; accepted: a single value");
        if (f->n == 0)
                return LIST_FAULT(r, &f->key, f->key.text, "is empty; accepted: %s",
                                  list_value_texts[def->as]);
        switch (def->as) {
        case LIST_NUMBER:
        case LIST_BOOL:
        case LIST_CHOICE:
                return scalar_read(r, def, f, member);
        case LIST_NAME:
                *(const char **) member = f->values[0].text;
                return name_check(r, f, &f->values[0]);
        case LIST_NAMES:
                return list_fields_names_read(r, f, member);
        case LIST_VMS:
                return selection_read(r, f, SELECT_FROM_VMS, member);
        case LIST_HOSTS:
                return selection_read(r, f, SELECT_FROM_HOSTS, member);
        case LIST_DAYS:
                return days_read(r, f, member);
        case LIST_CLOCK:
                return clock_read(r, f, member);
        case LIST_ZONE:
                return zone_read(r, f, member);
        case LIST_ACTIONS:
                return actions_read(r, f, member);
        case LIST_LABELS:
                return list_fields_labels_read(r, f, member);
        case LIST_VALUE_N:
                break;
        }
        return -EINVAL;
}

/* ---- entries ---- */

const ListField *list_item_field(const ListItem *item, const char *name) {
        for (uint32_t i = 0; i < item->n; i++)
                if (key_word_is_same(item->fields[i].key.text, name))
                        return &item->fields[i];
        return NULL;
}

static int list_fields_unknown_field(ListReader *r, const ListDef *def, const ListField *f) {
        const char *names[ITEM_FIELDS_MAX], *nearest;
        size_t n = 0;

        for (const ListFieldDef *d = def->fields; d->value.name && n < ITEM_FIELDS_MAX; d++)
                names[n++] = d->value.name;
        nearest = text_nearest(f->key.text, names, n);
        return LIST_FAULT(r, &f->key, f->key.text, "unknown field '%.60s' in %s%s%s%s", f->key.text,
                          def->object, nearest ? "; did you mean '" : "", nearest ? nearest : "",
                          nearest ? "'?" : "");
}

int list_item_read(ListReader *r, const ListDef *def, const ListItem *item, void *object) {
        uint64_t seen = 0;
        const ListWord here = { "", item->line, item->column };

        for (uint32_t i = 0; i < item->n; i++) {
                const ListField *f = &item->fields[i];
                uint32_t k = 0;
                int e;

                while (def->fields[k].value.name && !key_word_is_same(def->fields[k].value.name, f->key.text))
                        k++;
                if (!def->fields[k].value.name)
                        return list_fields_unknown_field(r, def, f);
                if (seen >> k & 1)
                        return LIST_FAULT(r, &f->key, f->key.text, "is given twice");
                seen |= UINT64_C(1) << k;
                e = list_field_read(r, &def->fields[k], f, object);
                if (e < 0)
                        return e;
        }
        for (uint32_t k = 0; def->fields[k].value.name; k++)
                if (def->fields[k].required && !(seen >> k & 1))
                        return LIST_FAULT(r, &here, NULL, "%s needs \"%s\"", def->object,
                                          def->fields[k].value.name);
        return 0;
}
