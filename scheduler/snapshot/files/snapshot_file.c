/* SPDX-License-Identifier: Apache-2.0 */
/* Text → jansson's tree → Snapshot: one pass over the tree by the field tables (snapshot_fields.c, snapshot_read.c), then
 * names are resolved and hosts and VMs put in the order of their names. */
#include "scheduler/snapshot/files/snapshot_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/file_reader.h"
#include "scheduler/snapshot/files/rule_resolve.h"
#include "scheduler/snapshot/health/fault_list.h"
#include "scheduler/snapshot/json/name_table.h"

/* items[i] := items[order[i]], in place. Ends with order[i] == i. */
static void snapshot_file_permute(void *items, size_t size, uint32_t n, uint32_t *order) {
        unsigned char first[sizeof(Host) > sizeof(Vm) ? sizeof(Host) : sizeof(Vm)];
        unsigned char *item = items;

        assert(size <= sizeof(first));
        for (uint32_t i = 0; i < n; i++) {
                uint32_t to = i;

                if (order[i] == i)
                        continue;
                memcpy(first, item + size * i, size);
                for (uint32_t from = order[to]; from != i; from = order[to]) {
                        memcpy(item + size * to, item + size * from, size);
                        order[to] = to;
                        to = from;
                }
                memcpy(item + size * to, first, size);
                order[to] = to;
        }
}

/* The order of names; a fault when two are equal. The first member of each object is its name. */
static int unique_order(FileReader *reader, const char *list, const ObjectArray *array, size_t size,
                        uint32_t **ret) {
        const char **names = arena_new(reader->json.arena, const char *, array->n);
        uint32_t *order;
        int k;

        if (!names)
                return -ENOMEM;
        for (uint32_t i = 0; i < array->n; i++)
                memcpy(&names[i], (const char *) array->objects + size * i, sizeof(names[i]));
        k = names_order(reader->json.arena, names, array->n, &order);
        if (k < 0)
                return k;
        for (uint32_t i = 1; i < array->n; i++) {
                uint32_t x = order[i - 1], y = order[i];

                if (strcmp(names[x], names[y]) == 0)
                        return FAULT_AT(
                                reader, list, y, "name",
                                "the name \"%.80s\" is already used by %s[%u]; accepted: unique names",
                                names[y], list, x);
        }
        *ret = order;
        return 0;
}

static int finish_hosts(FileReader *reader) {
        const ObjectArray array = { .objects = reader->hosts, .n = reader->snapshot.n_hosts };
        uint32_t *order = NULL;
        int k;

        static_assert(offsetof(Host, name) == 0 && offsetof(Vm, name) == 0, "unique_order reads names there");
        for (uint32_t i = 0; i < array.n; i++) {
                const Host *h = &reader->hosts[i];
                bool known = h->excluded == EXCLUDED_NONE && h->state != HOST_OFFLINE;

                if (known && (h->cpus == 0 || h->memory_mib == 0))
                        return FAULT_AT(
                                reader, "hosts", i, h->cpus == 0 ? "cpus" : "memory_mib",
                                "found 0; accepted: 0 only for a host with \"fence\" or \"state\": \"offline\"");
                if (h->reserved_mib > h->memory_mib)
                        return FAULT_AT(reader, "hosts", i, "reserved_mib",
                                        "found %lld; accepted: at most the host's memory_mib, %lld",
                                        (long long) h->reserved_mib, (long long) h->memory_mib);
        }
        k = unique_order(reader, "hosts", &array, sizeof(Host), &order);
        if (k == 0)
                snapshot_file_permute(reader->hosts, sizeof(Host), array.n, order);
        return k;
}

static int resolve_host(FileReader *reader, const NameTable *hosts, const char *name, uint32_t vm,
                        const char *field, HostIx *ret) {
        const char *nearest = NULL;

        *ret = name_table_find(hosts, name, strlen(name));
        if (*ret != IX_NONE)
                return 0;
        if (name[0] && strlen(name) <= 64)
                nearest = text_nearest(name, hosts->names, hosts->n);
        return FAULT_AT(reader, "vms", vm, field,
                        "host \"%.80s\" not found; accepted: a name from \"hosts\"%s%.60s%s", name,
                        nearest ? "; did you mean \"" : "", nearest ? nearest : "", nearest ? "\"?" : "");
}

static int finish_vms(FileReader *reader, const NameTable *hosts) {
        const ObjectArray array = { .objects = reader->vms, .n = reader->snapshot.n_vms };
        uint32_t *order = NULL;
        int k;

        for (uint32_t i = 0; i < array.n; i++) {
                k = resolve_host(reader, hosts, reader->vm_host[i], i, "host", &reader->vms[i].host);
                if (k < 0)
                        return k;
        }
        for (const FlightRef *f = reader->flights; f; f = f->next) {
                k = resolve_host(reader, hosts, f->to, f->vm, "in_flight", &reader->vms[f->vm].in_flight_to);
                if (k < 0)
                        return k;
                if (reader->vms[f->vm].in_flight_to == reader->vms[f->vm].host)
                        return FAULT_AT(reader, "vms", f->vm, "in_flight",
                                        "this is the VM's own host; accepted: another host");
        }
        k = unique_order(reader, "vms", &array, sizeof(Vm), &order);
        if (k == 0)
                snapshot_file_permute(reader->vms, sizeof(Vm), array.n, order);
        return k;
}

/* Amounts of extra resources are 0 where nothing is said. */
static int finish_extra(FileReader *reader) {
        const int64_t *none = arena_new(reader->json.arena, int64_t, reader->snapshot.n_extra);

        if (!none)
                return -ENOMEM;
        for (uint32_t i = 0; reader->snapshot.n_extra > 0 && i < reader->snapshot.n_hosts; i++)
                if (!reader->hosts[i].extra)
                        reader->hosts[i].extra = none;
        for (uint32_t i = 0; reader->snapshot.n_extra > 0 && i < reader->snapshot.n_vms; i++)
                if (!reader->vms[i].extra)
                        reader->vms[i].extra = none;
        return 0;
}

static int snapshot_file_traffic_compare(const void *left, const void *right) {
        const Traffic *x = left, *y = right;

        return x->a != y->a ? (x->a > y->a) - (x->a < y->a) : (x->b > y->b) - (x->b < y->b);
}

/* Names → VMs, which are in their order by now. */
static int finish_traffic(FileReader *reader) {
        const uint32_t n = reader->snapshot.n_traffic;
        Traffic *traffic = arena_new(reader->json.arena, Traffic, n);

        if (!traffic)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                const TrafficDraft *t = &reader->traffic[i];
                VmIx a = snapshot_vm(&reader->snapshot, t->a), b = snapshot_vm(&reader->snapshot, t->b);

                if (a == IX_NONE || b == IX_NONE)
                        return FAULT_AT(reader, "traffic", i, "vms",
                                        "VM \"%.80s\" not found; accepted: names from \"vms\"",
                                        a == IX_NONE ? t->a : t->b);
                if (a == b)
                        return FAULT_AT(reader, "traffic", i, "vms",
                                        "the same VM twice; accepted: two different VMs");
                traffic[i] = (Traffic){ .a = a < b ? a : b, .b = a < b ? b : a, .kbit = t->traffic.kbit };
        }
        if (n > 0)
                qsort(traffic, n, sizeof(*traffic), snapshot_file_traffic_compare);
        for (uint32_t i = 1; i < n; i++)
                if (snapshot_file_traffic_compare(&traffic[i - 1], &traffic[i]) == 0)
                        return FAULT_AT(reader, "traffic", i, NULL,
                                        "two entries for \"%.80s\" and \"%.80s\"; accepted: one",
                                        reader->vms[traffic[i].a].name, reader->vms[traffic[i].b].name);
        reader->snapshot.traffic = traffic;
        return 0;
}

static int snapshot_file_finish(FileReader *reader) {
        NameTable hosts = { 0 };
        int k = finish_hosts(reader);

        if (k == 0)
                k = name_table_new(reader->json.arena, reader->snapshot.n_hosts, &hosts);
        if (k < 0)
                return k;
        for (uint32_t i = 0; i < reader->snapshot.n_hosts; i++)
                (void) name_table_add(&hosts, reader->hosts[i].name);
        k = finish_vms(reader, &hosts);
        if (k == 0)
                k = finish_extra(reader);
        reader->snapshot.hosts = reader->hosts;
        reader->snapshot.vms = reader->vms;
        if (k == 0)
                k = finish_traffic(reader);
        return k < 0 ? k : rules_resolve(reader, &hosts);
}

/* The schema and the extra resources, wherever they stand: another kind of file is named as such before its
 * fields are called unknown, and hosts and VMs may name resources. */
static int snapshot_file_survey(FileReader *reader) {
        bool has_schema = false;
        const char *key;
        int k = json_reader_enter(&reader->json, JSON_OBJECT);

        while (k == 0 && json_reader_field(&reader->json, &key)) {
                if (strcmp(key, "schema") == 0) {
                        has_schema = true;
                        k = snapshot_read_schema(reader, NULL);
                } else if (strcmp(key, "extra") == 0) {
                        k = snapshot_read_extra(reader, &reader->snapshot);
                        reader->extra_read = true;
                }
        }
        if (k == 0 && !has_schema)
                return json_reader_refuse(&reader->json,
                                          "\"schema\" is missing; accepted: \"schema\": \"" SNAPSHOT_SCHEMA
                                          "\"");
        return k;
}

int snapshot_file_parse(Arena *a, const char *text, size_t n, const Snapshot **ret, TextFault *reterr_fault) {
        const char *ignored;

        return snapshot_file_parse_noting(a, text, n, ret, &ignored, reterr_fault);
}

int snapshot_file_parse_noting(Arena *a, const char *text, size_t n, const Snapshot **ret,
                               const char **ret_unknown, TextFault *reterr_fault) {
        const char *unknown = NULL;
        TextFault fault = { 0 };
        FileReader *p = arena_new(a, FileReader, 1);
        Snapshot *s = arena_new(a, Snapshot, 1);
        int k;

        if (!p || !s)
                return -ENOMEM;
        k = json_reader_open(&p->json, text, n, a, &fault);
        if (k == 0)
                k = snapshot_file_survey(p);
        if (k == 0)
                k = fields_read(p, &snapshot_fields, &p->snapshot);
        if (k == 0)
                k = snapshot_file_finish(p);
        json_reader_close(&p->json);
        if (k == -EBADMSG)
                *reterr_fault = fault;
        if (k == 0 && p->n_unknown > 0) {
                unknown = text_format(a, "%u unknown field%s ignored: %s%s", p->n_unknown,
                                      p->n_unknown == 1 ? " is" : "s are", p->unknown,
                                      p->n_unknown > p->n_named ? " …" : "");
                k = unknown ? 0 : -ENOMEM;
        }
        if (k < 0)
                return k;
        *s = p->snapshot;
        *ret = s;
        *ret_unknown = unknown;
        return 0;
}
