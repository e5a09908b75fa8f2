/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/fault_file.h"

#include <errno.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/json/json_reader.h"

#define WHY_MOST  1000
#define VMS_MOST  4096
#define TIME_MOST INT64_C(4294967295)

static int fault_file_line_read(JsonReader *r, size_t most, const char **ret) {
        const char *s;
        int k = json_reader_string(r, &s);
        size_t n = json_string_length(r->at);

        if (k < 0)
                return k;
        if (n == 0 || n > most || !text_is_line(s, n))
                return json_reader_expect(r, "a line of 1 to %u bytes without control characters",
                                          (unsigned) most);
        *ret = text_copy(r->arena, s, n);
        return *ret ? 0 : -ENOMEM;
}

/* ["a", "b"] → "a,b" */
static int fault_file_vms_read(JsonReader *r, const char **ret) {
        const char *all = "", *name = "";
        int k = json_reader_enter(r, JSON_ARRAY);

        for (uint32_t n = 0; k == 0 && json_reader_item(r); n++) {
                if (n == VMS_MOST)
                        return json_reader_refuse(r, "more than %d VMs", VMS_MOST);
                k = fault_file_line_read(r, 255, &name);
                if (k == 0 && strchr(name, ','))
                        return json_reader_expect(r, "a name without a comma");
                all = k == 0 ? text_format(r->arena, "%s%s%s", all, *all ? "," : "", name) : all;
                if (!all)
                        return -ENOMEM;
        }
        *ret = *all ? all : "none";
        return k;
}

static int schema_read(JsonReader *r) {
        const char *schema;
        int k = json_reader_string(r, &schema);

        return k < 0 || strcmp(schema, FAULT_FILE_SCHEMA) == 0
                       ? k
                       : json_reader_expect(r, "\"" FAULT_FILE_SCHEMA "\"");
}

static int fault_file_field_read(JsonReader *r, const char *key, ToolFault *f, bool *has_grade) {
        static const char *const fields[] = { "schema", "device", "serial", "grade", "why", "vms", "until" };
        const char *near;

        if (strcmp(key, "schema") == 0)
                return schema_read(r);
        if (strcmp(key, "device") == 0)
                return fault_file_line_read(r, 255, &f->device);
        if (strcmp(key, "serial") == 0)
                return fault_file_line_read(r, 255, &f->serial);
        if (strcmp(key, "why") == 0)
                return fault_file_line_read(r, WHY_MOST, &f->why);
        if (strcmp(key, "vms") == 0)
                return fault_file_vms_read(r, &f->vms);
        if (strcmp(key, "until") == 0)
                return json_number_scaled(r->at, USEC_PER_SEC, 0, bound_of(BOUND_STAMP), &f->until) == 0
                               ? 0
                               : json_reader_expect(r, "seconds since the epoch");
        if (strcmp(key, "grade") == 0) {
                *has_grade = true;
                return json_number_scaled(r->at, 1, 0, metric_bound(METRIC_FAULT_GRADE), &f->grade) == 0
                               ? 0
                               : json_reader_expect(
                                         r,
                                         "a grade: 0 healthy, 1 watch, 2 quarantine, 3 drain, 4 drain now");
        }
        near = strlen(key) < 64 && *key ? text_nearest(key, fields, ARRAY_SIZE(fields)) : NULL;
        return near ? json_reader_refuse(r, "unknown field in a fault; did you mean '%s'?", near)
                    : json_reader_refuse(r, "unknown field in a fault");
}

static int fault_read(JsonReader *r, ToolFault *ret) {
        ToolFault f = { 0 };
        bool has_grade = false;
        const char *key;
        int k = json_reader_enter(r, JSON_OBJECT);

        while (k == 0 && json_reader_field(r, &key))
                k = fault_file_field_read(r, key, &f, &has_grade);
        if (k == 0 && !has_grade)
                return json_reader_refuse(r, "\"grade\" is missing; a fault needs it");
        if (k == 0)
                *ret = f;
        return k;
}

int fault_file_parse(Arena *a, const char *text, size_t n, const ToolFault **ret, uint32_t *ret_n,
                     TextFault *reterr_fault) {
        JsonReader r = { 0 };
        ToolFault *list = NULL;
        uint32_t count = 0;
        size_t most = 1;
        int k;

        *reterr_fault = (TextFault){ 0 };
        if (n > FAULT_FILE_MOST) {
                text_fault(reterr_fault, "", "%zu bytes; accepted: at most %d", n, FAULT_FILE_MOST);
                return -EBADMSG;
        }
        k = json_reader_open(&r, text, n, a, reterr_fault);
        if (k == 0) {
                most = json_is_array(r.at) ? json_array_size(r.at) : 1;
                if (most > FAULT_FILE_FAULTS)
                        k = json_reader_refuse(&r, "%zu faults; accepted: at most %d", most,
                                               FAULT_FILE_FAULTS);
        }
        if (k == 0) {
                list = arena_new(a, ToolFault, most);
                k = list ? 0 : -ENOMEM;
        }
        if (k == 0 && !json_is_array(r.at)) {
                k = fault_read(&r, &list[count++]);
        } else if (k == 0) {
                k = json_reader_enter(&r, JSON_ARRAY);
                while (k == 0 && json_reader_item(&r))
                        k = fault_read(&r, &list[count++]);
        }
        json_reader_close(&r);
        if (k < 0)
                return k;
        *ret = list;
        *ret_n = count;
        return 0;
}
