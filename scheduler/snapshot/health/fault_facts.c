/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/fault_facts.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/disk_join.h"

#define A_DAY (INT64_C(86400) * USEC_PER_SEC)

static const HazardDef fault_facts_hazards[] = {
#define HAZARD(...) { __VA_ARGS__ },
#include "scheduler/snapshot/health/hazards.def"
#undef HAZARD
};

const HazardDef *hazard_at(uint32_t i) {
        return i < ARRAY_SIZE(fault_facts_hazards) ? &fault_facts_hazards[i] : NULL;
}

/* ---- which metrics are of which devices ---- */

typedef struct MetricPlace {
        const char *prefix; /* of the metric's name */
        DeviceKind kind;
        const char *title; /* before the subject */
} MetricPlace;

static const MetricPlace fault_facts_places[] = {
        { "disk.", DEVICE_STORAGE, "" },
        { "array.", DEVICE_STORAGE, "" },
        { "block.", DEVICE_STORAGE, "" },
        { "item.", DEVICE_STORAGE, "" },
        { "controller.", DEVICE_HOST, "controller " },
        { "memory.", DEVICE_HOST, "memory " },
        { "sensor.", DEVICE_HOST, "sensor " },
        { "kernel.", DEVICE_HOST, "the kernel" },
        { "fault.", DEVICE_TOOL, "" },
};

static const MetricPlace *fault_facts_place_of(Metric m) {
        for (size_t i = 0; i < ARRAY_SIZE(fault_facts_places); i++)
                if (strncmp(metric_defs[m].name, fault_facts_places[i].prefix,
                            strlen(fault_facts_places[i].prefix)) == 0)
                        return &fault_facts_places[i];
        return NULL;
}

/* [METRIC_N], so that the many samples that say nothing of devices cost nothing. */
static const MetricPlace **places_by_metric(Arena *a) {
        const MetricPlace **by = arena_new(a, const MetricPlace *, METRIC_N);

        for (int m = 0; by && m < METRIC_N; m++)
                by[m] = fault_facts_place_of((Metric) m);
        return by;
}

bool report_has_devices(const Report *r) {
        static const char *const collectors[] = { "cpu", "memory", "nic", "host", "node", "vms" };

        for (uint32_t i = 0; i < r->n_sections; i++) {
                bool other = true;

                for (size_t k = 0; k < ARRAY_SIZE(collectors); k++)
                        other = other && strcmp(r->sections[i].collector, collectors[k]) != 0;
                for (uint32_t k = 0; other && r->sections[i].error == 0 && k < r->sections[i].n_samples; k++)
                        if (fault_facts_place_of(r->sections[i].samples[k].metric))
                                return true;
        }
        return false;
}

/* ---- the devices of a report ---- */

typedef struct Listing {
        Arena *a;
        const MetricPlace **places;
        DeviceTable *table;
        const char *last_subject; /* samples of one subject mostly follow each other */
        const MetricPlace *last_place;
        const char *source; /* the collector whose samples these are */
        uint32_t last;
} Listing;

static uint64_t count_samples(const Report *r, const MetricPlace *const *by) {
        uint64_t n = 0;

        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t k = 0; r->sections[i].error == 0 && k < r->sections[i].n_samples; k++)
                        n += by[r->sections[i].samples[k].metric] != NULL;
        return n;
}

/* At most 255 bytes, as a name has; cut at a character. */
static const char *fault_facts_titled(Arena *a, const char *title, const char *subject) {
        size_t n = strlen(subject), most = 255 - strlen(title);

        for (n = n < most ? n : most; n > 0 && ((unsigned char) subject[n] & 0xc0) == 0x80; n--)
                ;
        return text_format(a, "%s%.*s", title, (int) n, subject);
}

/* The device's number; UINT32_MAX: the arena is full. */
static uint32_t fault_facts_device_of(Listing *l, const Sample *sample, const MetricPlace *place) {
        const char *name = sample->subject;
        uint32_t n = l->table->names.n;

        assert(place);
        if (l->last_place == place && l->last_subject && strcmp(l->last_subject, sample->subject) == 0)
                return l->last;
        if (place->title[0])
                name = fault_facts_titled(l->a, place->title, sample->subject);
        else if (place->kind == DEVICE_TOOL) /* kept apart until what it is about is known */
                name = text_format(l->a, "\t%s", sample->subject);
        if (!name)
                return UINT32_MAX;
        l->last = name_table_add(&l->table->names, name);
        if (l->last == n)
                l->table->devices[n] = (Device){ .name = name, .kind = place->kind, .source = l->source };
        l->last_place = place;
        l->last_subject = sample->subject;
        return l->last;
}

static int take_sample(Listing *l, const Sample *sample, const MetricPlace *place) {
        uint32_t i = fault_facts_device_of(l, sample, place);
        Reading *reading = i == UINT32_MAX ? NULL : arena_new(l->a, Reading, 1);
        Device *d;

        if (!reading)
                return -ENOMEM;
        d = &l->table->devices[i];
        *reading = (Reading){ sample->metric, sample->number, sample->text, d->readings };
        d->readings = reading;
        if (sample->metric == METRIC_DISK_SERIAL || (sample->metric == METRIC_BLOCK_SERIAL && !d->serial))
                d->serial = sample->text;
        if (sample->metric == METRIC_BLOCK_OVER || sample->metric == METRIC_BLOCK_MOUNTS)
                l->table->has_tree = true;
        return 0;
}

/* What a tool says goes to the device it is about: the report's own where it has one of that name. */
static int take_tool(DeviceTable *t, uint32_t from) {
        const Device *said = &t->devices[from];
        const char *source = said->name + 1, *about = device_text(said, METRIC_FAULT_DEVICE);
        const char *why = device_text(said, METRIC_FAULT_WHY),
                   *bad = device_text(said, METRIC_FAULT_UNREADABLE);
        int64_t grade = bad ? 1 : device_number(said, METRIC_FAULT_GRADE, 0);
        uint32_t n = t->names.n, to;
        Device *d;

        about = about && text_is_name(about, strlen(about)) ? about : source;
        about += strncmp(about, "/dev/", 5) == 0 && about[5] ? 5 : 0;
        to = name_table_add(&t->names, about);
        d = &t->devices[to];
        if (to == n)
                *d = (Device){ .name = about, .kind = DEVICE_TOOL, .source = "" };
        if (bad)
                why = text_format(t->arena, "the report of %s cannot be read: %s", source, bad);
        else if (why)
                why = text_format(t->arena, "%s (reported by %s)", why, source);
        else
                why = text_format(t->arena, "grade %lld, reported by %s", (long long) grade, source);
        if (!why)
                return -ENOMEM;
        if (grade > d->tool_grade) {
                d->tool_grade = grade;
                d->tool_why = why;
                d->tool_vms = device_text(said, METRIC_FAULT_VMS);
                d->serial = d->serial ? d->serial : device_text(said, METRIC_FAULT_SERIAL);
        }
        return 0;
}

/* What an item was not understood of goes to the device of its name, whatever stands before that. */
static int take_unread(DeviceTable *t, uint32_t from) {
        Device *d = &t->devices[from];
        const char *text = device_text(d, METRIC_ITEM_UNREAD);

        if (!text)
                return 0;
        d->unread = text;
        for (size_t i = 0; i < ARRAY_SIZE(fault_facts_places); i++) {
                const char *title = fault_facts_places[i].title, *name;
                uint32_t other;

                name = *title ? fault_facts_titled(t->arena, title, d->name) : d->name;
                if (!name)
                        return -ENOMEM;
                other = name_table_find(&t->names, name, strlen(name));
                if (other != UINT32_MAX)
                        t->devices[other].unread = text;
        }
        return 0;
}

int devices_list(Arena *a, const Report *r, DeviceTable *ret) {
        DeviceTable table = { .arena = a };
        Listing l = { .a = a, .places = places_by_metric(a), .table = &table };
        uint64_t most;
        int k;

        if (!l.places)
                return -ENOMEM;
        most = count_samples(r, l.places);
        if (most > UINT32_MAX / 4)
                return -ENOMEM;
        k = name_table_new(a, (uint32_t) most * 2, &table.names); /* a tool's word may make one more */
        table.devices = arena_new(a, Device, most * 2);
        if (k < 0 || !table.devices)
                return -ENOMEM;
        for (uint32_t i = 0; i < r->n_sections; i++)
                for (uint32_t j = 0; r->sections[i].error == 0 && j < r->sections[i].n_samples; j++) {
                        const Sample *x = &r->sections[i].samples[j];

                        l.source = r->sections[i].collector;
                        if (l.places[x->metric] && take_sample(&l, x, l.places[x->metric]) < 0)
                                return -ENOMEM;
                }
        for (uint32_t i = 0, n = table.names.n; i < n; i++)
                if (device_is_word(&table.devices[i]) && take_tool(&table, i) < 0)
                        return -ENOMEM;
        for (uint32_t i = 0, n = table.names.n; i < n; i++)
                if (take_unread(&table, i) < 0)
                        return -ENOMEM;
        *ret = table;
        return disks_join(a, ret);
}

/* ---- hazards ---- */

/* Whether it holds for this reading; *ret_number is what the words say. */
static bool test_holds(const Device *d, const HazardDef *def, const Reading *r, usec_t now,
                       int64_t *ret_number) {
        int64_t other;

        *ret_number = r->number;
        switch (def->test) {
        case TEST_FROM:
                return r->number >= def->number;
        case TEST_RISE:
                *ret_number = mark_rise(d->memory, def->metric, r->number, now, A_DAY);
                return *ret_number >= def->number;
        case TEST_IS:
                return r->text && strcmp(r->text, def->text) == 0;
        case TEST_SAID:
                return r->text && *r->text;
        case TEST_BIT:
                return r->number >= 0 && (r->number >> def->number & 1);
        case TEST_BELOW:
        case TEST_ABOVE:
                other = device_number(d, def->other, UNKNOWN);
                return other > 0 && (def->test == TEST_BELOW ? r->number < other : r->number >= other);
        }
        return false;
}

/* Somebody has looked at it, and it has not grown since. */
static bool is_accepted(const Device *d, const HazardDef *def, int64_t number) {
        for (uint32_t i = 0; d->memory && i < d->memory->n_accepted; i++)
                if (strcmp(d->memory->accepted[i].hazard, def->name) == 0)
                        return number <= d->memory->accepted[i].number || def->metric == METRIC_DISK_SPARE;
        return false;
}

/* Of what several sources say the worst counts: the reading for which the hazard holds, or NULL. */
static const Reading *reading_that_holds(const Device *d, const HazardDef *def, usec_t now,
                                         int64_t *ret_number) {
        const Reading *worst = NULL;

        for (const Reading *r = device_reading(d, def->metric); r; r = reading_of(r->next, def->metric)) {
                int64_t number = 0;

                if (!test_holds(d, def, r, now, &number) || (worst && number <= *ret_number))
                        continue;
                worst = r;
                *ret_number = number;
        }
        return worst;
}

int device_judge(Arena *a, Device *d, usec_t now) {
        for (uint32_t i = ARRAY_SIZE(fault_facts_hazards);
             i-- > 0;) { /* so that hits are in the order of the table */
                const HazardDef *h = &fault_facts_hazards[i];
                int64_t number = 0;
                const Reading *r = reading_that_holds(d, h, now, &number);
                Hit *hit;

                if (!r || is_accepted(d, h, number) || d->clear)
                        continue;
                hit = arena_new(a, Hit, 1);
                if (!hit)
                        return -ENOMEM;
                *hit = (Hit){ .hazard = h,
                              .number = number,
                              .other = h->other < METRIC_N ? device_number(d, h->other, 0) : 0,
                              .text = r->text,
                              .next = d->hits };
                d->hits = hit;
                d->own = h->effect > d->own ? h->effect : d->own;
                d->hours = h->hours > d->hours ? h->hours : d->hours;
        }
        return 0;
}

/* ---- words ---- */

/* 61500 thousandths: "61.5". */
static const char *words_thousandths(Arena *a, int64_t n) {
        long long whole = n / 1000, tenths = n % 1000 / 100;

        return tenths > 0 ? text_format(a, "%lld.%lld", whole, tenths) : text_format(a, "%lld", whole);
}

/* `at` is a "{one|many}" of the words: the one where the number is 1. Moves `*at` past it. */
static const char *words_choose(Arena *a, const char **at, int64_t number) {
        const char *one = *at + 1, *many = one + strcspn(one, "|"), *end = many + strcspn(many, "}");

        *at = *end ? end + 1 : end;
        many += *many == '|';
        return number == 1 ? text_copy(a, one, (size_t) (many - 1 - one))
                           : text_copy(a, many, (size_t) (end - many));
}

static const char *words_value(Arena *a, const Hit *hit, char mark, bool scaled) {
        int64_t value = mark == '#' ? hit->number : hit->other;

        if (mark == '@')
                return text_format(a, "%.200s", hit->text ? hit->text : "");
        return scaled ? words_thousandths(a, value) : text_format(a, "%lld", (long long) value);
}

static const char *words_fill(Arena *a, const Hit *hit) {
        const char *at = hit->hazard->words, *all = "";

        while (all && *at) {
                size_t n = strcspn(at, "#@&{");
                const char *plain = at, *value = "";

                at += n;
                if (*at == '{') {
                        value = words_choose(a, &at, hit->number);
                } else if (*at) {
                        char mark = *at++;
                        bool scaled = mark != '@' && *at == 'm';

                        at += scaled;
                        value = words_value(a, hit, mark, scaled);
                }
                all = value ? text_format(a, "%s%.*s%s", all, (int) n, plain, value) : NULL;
        }
        return all;
}

/* The same fact by a weaker row of the table is not told twice. */
static bool is_outdone(const Device *d, const Hit *hit) {
        for (const Hit *other = d->hits; other; other = other->next)
                if (other != hit && other->hazard->metric == hit->hazard->metric &&
                    other->hazard->test == hit->hazard->test && hit->hazard->test != TEST_BIT &&
                    other->hazard->effect > hit->hazard->effect)
                        return true;
        return false;
}

const char *device_evidence(Arena *a, const Device *d) {
        const char *all = "";

        for (const Hit *hit = d->hits; hit && all; hit = hit->next) {
                const char *words;

                if (is_outdone(d, hit))
                        continue;
                words = words_fill(a, hit);
                all = words ? text_format(a, "%s%s%s", all, *all ? ", " : "", words) : NULL;
        }
        return all;
}
