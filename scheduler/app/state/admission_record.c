/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/admission_record.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/store/store_unread.h"
#include "scheduler/store/stored_json.h"

#define SCHEMA "plimsoll.admission/1"

static json_t *known_json(int64_t number) {
        return number == UNKNOWN ? NULL : json_integer(number);
}

int admission_print(Arena *a, const HostAdmission *admission, const char **ret) {
        json_t *o = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:I, s:o*, s:o*, s:o*}", "schema", SCHEMA,
                              "uuid", admission->uuid, "found", admission->found, "address",
                              admission->address, "by", admission->by, "why", admission->why, "at",
                              (json_int_t) admission->at, "cpus", known_json(admission->cpus), "memory_mib",
                              known_json(admission->memory_mib), "forgotten",
                              admission->forgotten ? json_true() : NULL);
        size_t n;

        return stored_json_text(a, o, ret, &n);
}

/* NULL stays NULL; a text that is no line is none. */
static int admission_line(Arena *a, const char *from, const char **to) {
        *to = NULL;
        if (!from || !from[0] || !text_is_line(from, strlen(from)))
                return 0;
        *to = text_copy(a, from, strlen(from));
        return *to ? 0 : -ENOMEM;
}

static int admission_take(Arena *a, const char *host, json_t *o, HostAdmission *ret) {
        const char *schema = NULL, *found = NULL, *uuid = NULL, *address = NULL, *by = NULL, *why = NULL;
        json_int_t at = 0, cpus = UNKNOWN, memory = UNKNOWN;
        HostAdmission x = { .host = host };
        int forgotten = 0, r;

        if (json_unpack(o, "{s:s, s?s, s?s, s?s, s?s, s?s, s?I, s?I, s?I, s?b}", "schema", &schema, "uuid",
                        &uuid, "found", &found, "address", &address, "by", &by, "why", &why, "at", &at,
                        "cpus", &cpus, "memory_mib", &memory, "forgotten", &forgotten) < 0 ||
            strcmp(schema, SCHEMA) != 0 || at < 0)
                return -EBADMSG;
        x.at = at;
        x.cpus = cpus > 0 ? cpus : UNKNOWN;
        x.memory_mib = memory > 0 ? memory : UNKNOWN;
        x.forgotten = forgotten != 0;
        r = admission_line(a, uuid, &x.uuid);
        if (r == 0)
                r = admission_line(a, found, &x.found);
        if (r == 0)
                r = admission_line(a, address, &x.address);
        if (r == 0)
                r = admission_line(a, by, &x.by);
        if (r == 0)
                r = admission_line(a, why, &x.why);
        if (r == 0)
                *ret = x;
        return r;
}

int admission_parse(Arena *a, const char *host, const char *text, size_t n, HostAdmission *ret) {
        json_t *o = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL);
        int r = o ? admission_take(a, host, o, ret) : -EBADMSG;

        json_decref(o);
        return r;
}

int admission_records(Store *store, Arena *a, AdmissionRecords *ret) {
        StoredText *texts = NULL;
        HostAdmission *records;
        uint32_t n = 0;
        bool begun = false;
        int r = store_get_admissions(store, a, &texts, &n);

        if (r == 0)
                r = store_admits(store, &begun);
        if (r < 0)
                return r;
        records = arena_new(a, HostAdmission, n);
        if (!records)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                r = admission_parse(a, texts[i].name, texts[i].text, texts[i].n, &records[i]);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        store_unread_add(store, KEY_ADMITTED, texts[i].name, "its host is not admitted");
                if (r < 0)
                        records[i] = (HostAdmission){
                                .host = texts[i].name, .cpus = UNKNOWN, .memory_mib = UNKNOWN, .unread = true
                        };
        }
        *ret = (AdmissionRecords){ .at = records, .texts = texts, .n = n, .begun = begun };
        return 0;
}

static int compare_stored(const void *host, const void *text) {
        return strcmp(host, ((const StoredText *) text)->name);
}

const char *admission_text(const AdmissionRecords *records, const char *host) {
        const StoredText *found = records->n > 0 ? bsearch(host, records->texts, records->n,
                                                           sizeof(*records->texts), compare_stored)
                                                 : NULL;

        return found ? found->text : "";
}

int admission_found(const Leadership *l, Arena *a, const char *host, const char *uuid) {
        AdmissionRecords records = { 0 };
        HostAdmission x = { .host = host, .cpus = UNKNOWN, .memory_mib = UNKNOWN };
        const char *text;
        int r = admission_records(l->store, a, &records);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < records.n; i++)
                if (strcmp(records.at[i].host, host) == 0)
                        x = records.at[i];
        if (x.forgotten || x.unread || (x.found && strcmp(x.found, uuid) == 0))
                return 0;
        x.found = uuid;
        r = admission_print(a, &x, &text);
        return r < 0 ? r
                     : store_lead_admission(l->store, l->token, host, admission_text(&records, host), text);
}
