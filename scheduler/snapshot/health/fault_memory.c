/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/fault_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_reader.h"
#include "scheduler/snapshot/json/text_writer.h"

#define SCHEMA             "plimsoll.faults/1"
#define MEMORY_DEVICES_MAX 4096
#define LIST_MAX           65536
#define MARK_INTERVAL      (INT64_C(3) * 3600 * USEC_PER_SEC) /* changes within so long are one */

const DeviceMemory *device_memory(const FaultMemory *memory, const char *device) {
        uint32_t low = 0, high = memory ? memory->n_devices : 0;

        while (low < high) {
                uint32_t middle = low + (high - low) / 2;
                int c = strcmp(memory->devices[middle].device, device);

                if (c == 0)
                        return &memory->devices[middle];
                if (c < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return NULL;
}

/* ---- counters ---- */

static const CounterMark *mark_of(const DeviceMemory *memory, Metric metric) {
        for (uint32_t i = 0; memory && i < memory->n_marks; i++)
                if (memory->marks[i].metric == metric)
                        return &memory->marks[i];
        return NULL;
}

int64_t mark_rise(const DeviceMemory *memory, Metric metric, int64_t now_number, usec_t now, usec_t window) {
        const CounterMark *m = mark_of(memory, metric);
        int64_t then;

        if (!m || m->n == 0)
                return 0;
        then = m->points[0].number;
        for (uint32_t i = 1; i < m->n && m->points[i].at <= now - window; i++)
                then = m->points[i].number;
        return now_number > then ? now_number - then : 0;
}

CounterMark mark_next(const DeviceMemory *memory, Metric metric, int64_t number, usec_t now) {
        const CounterMark *old = mark_of(memory, metric);
        CounterMark m = old ? *old : (CounterMark){ .metric = metric };

        if (m.n > 0 && number < m.points[m.n - 1].number) /* another disk, or a reset: begin anew */
                m.n = 0;
        if (m.n > 0 && m.points[m.n - 1].number == number)
                return m;
        if (m.n > 1 && now - m.points[m.n - 1].at < MARK_INTERVAL) {
                m.points[m.n - 1].number = number;
                return m;
        }
        if (m.n == MARKS_MAX) {
                memmove(&m.points[0], &m.points[1], sizeof(m.points[0]) * (MARKS_MAX - 1));
                m.n--;
        }
        m.points[m.n++] = (MarkPoint){ now, number };
        return m;
}

/* ---- text → memory ---- */

static int fault_memory_read_name(JsonReader *r, const char **ret) {
        const char *s;
        int k = json_reader_string(r, &s);

        if (k < 0)
                return k;
        if (!text_is_name(s, json_string_length(r->at)))
                return json_reader_expect(r, "a name of 1 to 255 bytes without control characters");
        *ret = text_copy(r->arena, s, strlen(s));
        return *ret ? 0 : -ENOMEM;
}

static int fault_memory_read_text(JsonReader *r, const char **ret) {
        const char *s;
        int k = json_reader_string(r, &s);

        if (k < 0)
                return k;
        if (strlen(s) > 4096)
                return json_reader_expect(r, "a text of at most 4096 bytes");
        *ret = text_copy(r->arena, s, strlen(s));
        return *ret ? 0 : -ENOMEM;
}

static int fault_memory_read_number(JsonReader *r, int64_t min, int64_t max, int64_t *ret) {
        return json_number_scaled(r->at, 1, min, max, ret) == 0
                       ? 0
                       : json_reader_expect(r, "a whole number from %lld to %lld", (long long) min,
                                            (long long) max);
}

static int read_vms(JsonReader *r, DeviceMemory *d) {
        size_t n = json_array_size(r->at);
        const char **names = n <= LIST_MAX ? arena_new(r->arena, const char *, n) : NULL;
        uint32_t i = 0;
        int k;

        if (!names)
                return n <= LIST_MAX ? -ENOMEM : json_reader_expect(r, "at most %d names", LIST_MAX);
        k = json_reader_enter(r, JSON_ARRAY);
        while (k == 0 && json_reader_item(r))
                k = fault_memory_read_name(r, &names[i++]);
        if (k == 0)
                qsort(names, i, sizeof(*names), compare_strings);
        d->partly = true;
        d->vms = (Strings){ .at = names, .n = i };
        return k;
}

/* { "hazard": number, … } */
static int read_accepted(JsonReader *r, DeviceMemory *d) {
        size_t n = json_object_size(r->at);
        Accepted *list = n <= LIST_MAX ? arena_new(r->arena, Accepted, n) : NULL;
        const char *key;
        int k;

        if (!list)
                return n <= LIST_MAX ? -ENOMEM : json_reader_expect(r, "at most %d fields", LIST_MAX);
        k = json_reader_enter(r, JSON_OBJECT);
        while (k == 0 && json_reader_field(r, &key)) {
                Accepted *one = &list[d->n_accepted++];

                one->hazard = text_copy(r->arena, key, strlen(key));
                k = one->hazard ? fault_memory_read_number(r, 0, bound_of(BOUND_QUANTITY), &one->number)
                                : -ENOMEM;
        }
        d->accepted = list;
        return k;
}

/* [ at, number, at, number … ] */
static int read_points(JsonReader *r, CounterMark *m) {
        int64_t value = 0;
        int k = json_reader_enter(r, JSON_ARRAY);

        for (uint32_t i = 0; k == 0 && json_reader_item(r); i++) {
                if (i / 2 == MARKS_MAX)
                        return json_reader_refuse(r, "more than %u points", MARKS_MAX);
                k = fault_memory_read_number(
                        r, 0, i % 2 == 0 ? bound_of(BOUND_STAMP) : bound_of(BOUND_QUANTITY), &value);
                if (k == 0 && i % 2 == 0)
                        m->points[i / 2].at = value;
                if (k == 0 && i % 2 == 1)
                        m->points[m->n++].number = value;
        }
        return k;
}

/* { "metric": points, … }; a metric of another version is ignored. */
static int fault_memory_read_marks(JsonReader *r, DeviceMemory *d) {
        CounterMark *list = arena_new(r->arena, CounterMark, json_object_size(r->at));
        const char *key;
        int k;

        if (!list)
                return -ENOMEM;
        k = json_reader_enter(r, JSON_OBJECT);
        while (k == 0 && json_reader_field(r, &key)) {
                CounterMark m = { .metric = metric_by_name(key, strlen(key)) };

                k = read_points(r, &m);
                if (k == 0 && m.metric != METRIC_N && m.n > 0)
                        list[d->n_marks++] = m;
        }
        d->marks = list;
        return k;
}

static int fault_memory_read_field(JsonReader *r, const char *key, DeviceMemory *d) {
        const struct {
                const char *name;
                const char **text;
                int64_t *number;
                int64_t max;
        } fields[] = { { "device", &d->device, NULL, 0 },
                       { "serial", &d->serial, NULL, 0 },
                       { "hazard", &d->hazard, NULL, 0 },
                       { "grade", NULL, &d->grade, metric_bound(METRIC_FAULT_GRADE) },
                       { "since", NULL, &d->since, bound_of(BOUND_STAMP) },
                       { "clean_since", NULL, &d->clean_since, bound_of(BOUND_STAMP) },
                       { "cleared_at", NULL, &d->cleared_at, bound_of(BOUND_STAMP) },
                       { "hours", NULL, &d->hours, bound_of(BOUND_FAULT_HOURS) } };

        if (strcmp(key, "why") == 0)
                return fault_memory_read_text(r, &d->why);
        if (strcmp(key, "vms") == 0)
                return read_vms(r, d);
        if (strcmp(key, "accepted") == 0)
                return read_accepted(r, d);
        if (strcmp(key, "marks") == 0)
                return fault_memory_read_marks(r, d);
        for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
                if (strcmp(key, fields[i].name) == 0)
                        return fields[i].text
                                       ? fault_memory_read_name(r, fields[i].text)
                                       : fault_memory_read_number(r, 0, fields[i].max, fields[i].number);
        return 0; /* what a newer version adds is ignored */
}

static int device_compare(const void *left, const void *right) {
        return strcmp(((const DeviceMemory *) left)->device, ((const DeviceMemory *) right)->device);
}

static int fault_memory_read_devices(JsonReader *r, FaultMemory *ret) {
        size_t n = json_array_size(r->at);
        DeviceMemory *list = n <= MEMORY_DEVICES_MAX ? arena_new(r->arena, DeviceMemory, n) : NULL;
        const char *key;
        uint32_t i = 0;
        int k;

        if (!list)
                return n <= MEMORY_DEVICES_MAX
                               ? -ENOMEM
                               : json_reader_expect(r, "at most %d devices", MEMORY_DEVICES_MAX);
        k = json_reader_enter(r, JSON_ARRAY);
        for (; k == 0 && json_reader_item(r); i++) {
                k = json_reader_enter(r, JSON_OBJECT);
                while (k == 0 && json_reader_field(r, &key))
                        k = fault_memory_read_field(r, key, &list[i]);
                if (k == 0 && !list[i].device)
                        return json_reader_refuse(r, "\"device\" is missing");
        }
        if (k == 0)
                qsort(list, i, sizeof(*list), device_compare);
        for (uint32_t j = 1; k == 0 && j < i; j++)
                if (device_compare(&list[j - 1], &list[j]) == 0)
                        return json_reader_refuse(r, "a device is listed twice; accepted: each once");
        ret->devices = list;
        ret->n_devices = i;
        return k;
}

int fault_memory_parse(Arena *a, const char *text, size_t n, FaultMemory *ret, TextFault *reterr_fault) {
        FaultMemory memory = { 0 };
        const char *key, *schema = NULL;
        JsonReader r = { 0 };
        int k = json_reader_open(&r, text, n, a, reterr_fault);

        if (k == 0)
                k = json_reader_enter(&r, JSON_OBJECT);
        while (k == 0 && json_reader_field(&r, &key)) {
                if (strcmp(key, "devices") == 0) {
                        k = fault_memory_read_devices(&r, &memory);
                } else if (strcmp(key, "schema") == 0) {
                        k = json_reader_string(&r, &schema);
                        if (k == 0 && strcmp(schema, SCHEMA) != 0)
                                k = json_reader_expect(&r, "\"" SCHEMA "\"");
                } /* what a newer version adds is ignored */
        }
        if (k == 0 && !schema)
                k = json_reader_refuse(&r, "\"schema\" is missing; accepted: \"" SCHEMA "\"");
        json_reader_close(&r);
        if (k == 0)
                *ret = memory;
        return k;
}

/* ---- memory → text ---- */

static void print_name(TextWriter *w, const char *key, const char *value) {
        if (!value)
                return;
        text_writer_word(w, ", ");
        text_writer_string(w, key);
        text_writer_word(w, ": ");
        text_writer_string(w, value);
}

static void fault_memory_print_number(TextWriter *w, const char *key, int64_t value) {
        if (value == 0)
                return;
        text_writer_word(w, ", ");
        text_writer_string(w, key);
        text_writer_word(w, ": ");
        text_writer_int(w, value);
}

static void print_lists(TextWriter *w, const DeviceMemory *d) {
        if (d->partly) {
                text_writer_word(w, ", \"vms\": [");
                for (uint32_t i = 0; i < d->vms.n; i++) {
                        text_writer_word(w, i > 0 ? ", " : "");
                        text_writer_string(w, d->vms.at[i]);
                }
                text_writer_word(w, "]");
        }
        for (uint32_t i = 0; i < d->n_accepted; i++) {
                text_writer_word(w, i > 0 ? ", " : ", \"accepted\": { ");
                text_writer_string(w, d->accepted[i].hazard);
                text_writer_word(w, ": ");
                text_writer_int(w, d->accepted[i].number);
                text_writer_word(w, i + 1 == d->n_accepted ? " }" : "");
        }
        for (uint32_t i = 0; i < d->n_marks; i++) {
                const CounterMark *m = &d->marks[i];

                text_writer_word(w, i > 0 ? ", " : ", \"marks\": { ");
                text_writer_string(w, metric_defs[m->metric].name);
                for (uint32_t k = 0; k < m->n; k++) {
                        text_writer_word(w, k > 0 ? ", " : ": [");
                        text_writer_int(w, m->points[k].at);
                        text_writer_word(w, ", ");
                        text_writer_int(w, m->points[k].number);
                }
                text_writer_word(w, i + 1 == d->n_marks ? "] }" : "]");
        }
}

int fault_memory_print(Arena *a, const FaultMemory *memory, const char **ret, size_t *ret_n) {
        TextWriter w = text_writer_new(a);

        text_writer_word(&w, "{ \"schema\": \"" SCHEMA "\", \"devices\": [");
        for (uint32_t i = 0; i < memory->n_devices; i++) {
                const DeviceMemory *d = &memory->devices[i];

                text_writer_word(&w, i > 0 ? ",\n  { \"device\": " : "\n  { \"device\": ");
                text_writer_string(&w, d->device);
                print_name(&w, "serial", d->serial);
                print_name(&w, "hazard", d->hazard);
                fault_memory_print_number(&w, "grade", d->grade);
                print_name(&w, "why", d->why);
                fault_memory_print_number(&w, "since", d->since);
                fault_memory_print_number(&w, "clean_since", d->clean_since);
                fault_memory_print_number(&w, "cleared_at", d->cleared_at);
                fault_memory_print_number(&w, "hours", d->hours);
                print_lists(&w, d);
                text_writer_word(&w, " }");
        }
        text_writer_word(&w, " ] }\n");
        return text_writer_end(&w, ret, ret_n);
}
