/* SPDX-License-Identifier: Apache-2.0 */
/* Text → jansson's tree → Snapshot: one pass over the tree by the field tables, then names are resolved and
 * hosts and VMs put in the order of their names. */
#include "scheduler/snapshot/files/snapshot_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/file_reader.h"
#include "scheduler/snapshot/files/rule_resolve.h"
#include "scheduler/snapshot/health/fault_list.h"
#include "scheduler/snapshot/json/name_table.h"

/* ---- the top level ---- */

int snapshot_read_schema(FileReader *reader, void *object) {
        const char *schema;
        int k = json_reader_string(&reader->json, &schema);

        (void) object;
        if (k < 0)
                return k;
        if (strcmp(schema, SNAPSHOT_SCHEMA) != 0)
                return json_reader_expect(&reader->json, "\"" SNAPSHOT_SCHEMA "\"");
        return 0;
}

int snapshot_read_extra(FileReader *reader, void *object) {
        Snapshot *s = object;
        ObjectArray array;
        int k;

        if (reader->extra_read)
                return 0;
        k = objects_read(reader, &extra_fields, sizeof(ExtraResource), EXTRA_MAX, &array);
        if (k < 0)
                return k;
        s->extra = array.objects;
        s->n_extra = array.n;
        for (uint32_t i = 0; i < array.n; i++)
                for (uint32_t j = 0; j < i; j++)
                        if (strcmp(s->extra[i].name, s->extra[j].name) == 0)
                                return FAULT_AT(reader, "extra", i, "name", "\"%.60s\" is extra[%u] too",
                                                s->extra[i].name, j);
        return 0;
}

int snapshot_read_hosts(FileReader *reader, void *object) {
        Snapshot *s = object;
        ObjectArray array;
        int k = objects_read(reader, &host_fields, sizeof(Host), HOSTS_MAX, &array);

        if (k < 0)
                return k;
        reader->hosts = array.objects;
        s->n_hosts = array.n;
        return 0;
}

int snapshot_read_vms(FileReader *reader, void *object) {
        Snapshot *s = object;
        const size_t n = json_array_size(reader->json.at);
        ObjectArray array;
        int k;

        reader->vm_host = arena_new(reader->json.arena, const char *, n <= VMS_MAX ? n : 0);
        if (!reader->vm_host)
                return -ENOMEM;
        k = objects_read(reader, &vm_fields, sizeof(Vm), VMS_MAX, &array);
        if (k < 0)
                return k;
        reader->vms = array.objects;
        s->n_vms = array.n;
        return 0;
}

int snapshot_read_rules(FileReader *reader, void *object) {
        Snapshot *s = object;
        ObjectArray array;
        int k = objects_read(reader, &rule_fields, sizeof(RuleDraft), RULES_MAX, &array);

        if (k < 0)
                return k;
        reader->drafts = array.objects;
        s->n_rules = array.n;
        return 0;
}

int snapshot_read_traffic(FileReader *reader, void *object) {
        Snapshot *s = object;
        ObjectArray array;
        int k = objects_read(reader, &traffic_fields, sizeof(TrafficDraft), TRAFFIC_MAX, &array);

        if (k < 0)
                return k;
        reader->traffic = array.objects;
        s->n_traffic = array.n;
        return 0;
}

int traffic_read_vms(FileReader *reader, void *object) {
        TrafficDraft *t = object;
        NameList names;
        int k = names_read(reader, &names);

        if (k == 0 && names.n != 2)
                return json_reader_refuse(&reader->json, "%u names; accepted: two VMs that talk", names.n);
        if (k < 0)
                return k;
        t->a = names.at[0];
        t->b = names.at[1];
        return 0;
}

/* ---- hosts ---- */

int host_read_headroom(FileReader *reader, void *object) {
        Host *h = object;
        int64_t share;
        int k;

        if (json_is_object(reader->json.at))
                return fields_read(reader, &headroom_fields, h);
        k = number_read(reader, &headroom_fields.defs[0], &share);
        for (int r = 0; k == 0 && r < RES_BUILTIN_N; r++)
                h->headroom_permille[r] = share;
        return k;
}

/* The VMs' names are not looked up: a VM may have left since the fault was written down. */
int fault_read_vms(FileReader *reader, void *object) {
        Fault *f = object;

        f->partly = true;
        return strings_read(reader, false, &f->vms);
}

/* { "grade", "why" } of the host as a whole, or a list of devices: then the host's is the worst of them. */
int host_read_faults(FileReader *reader, void *object) {
        Host *h = object;
        ObjectArray array;
        int k;

        if (!json_is_array(reader->json.at))
                return fields_read(reader, &fault_fields, object);
        k = objects_read(reader, &fault_device_fields, sizeof(Fault), FAULTS_MAX, &array);
        if (k == 0)
                k = host_take_faults(reader->json.arena, h, array.objects, array.n);
        if (k == -EEXIST)
                return json_reader_refuse(&reader->json, "a device is in the list twice");
        return k;
}

int host_read_hugepages(FileReader *reader, void *object) {
        Host *h = object;
        ObjectArray array;
        int k = objects_read(reader, &hugepages_fields, sizeof(Hugepages), HUGEPAGES_MAX, &array);

        if (k < 0)
                return k;
        h->hugepages = array.objects;
        h->n_hugepages = array.n;
        for (uint32_t i = 0; i < array.n; i++) {
                if (h->hugepages[i].free_mib > h->hugepages[i].total_mib)
                        return json_reader_refuse(&reader->json, "more huge pages are free than there are");
                for (uint32_t j = 0; j < i; j++)
                        if (h->hugepages[i].kib == h->hugepages[j].kib)
                                return json_reader_refuse(&reader->json,
                                                          "huge pages of %lld KiB are said twice",
                                                          (long long) h->hugepages[i].kib);
        }
        return 0;
}

/* A list that is there says all there is, also when it is empty. */
int host_read_networks(FileReader *reader, void *object) {
        Host *h = object;

        h->networks_known = true;
        return strings_read(reader, false, &h->networks);
}

int host_read_pools(FileReader *reader, void *object) {
        Host *h = object;

        h->pools_known = true;
        return strings_read(reader, false, &h->pools);
}

int host_read_nics(FileReader *reader, void *object) {
        Host *h = object;
        ObjectArray array;
        int k = objects_read(reader, &nic_fields, sizeof(Nic), NICS_MAX, &array);

        if (k < 0)
                return k;
        h->nics = array.objects;
        h->n_nics = array.n;
        for (uint32_t i = 0; i < array.n; i++)
                for (uint32_t j = 0; j < i; j++)
                        if (strcmp(h->nics[i].name, h->nics[j].name) == 0)
                                return json_reader_refuse(&reader->json, "two NICs are named \"%.60s\"",
                                                          h->nics[i].name);
        return 0;
}

/* { "resource": amount, … } of host or VM. */
static int amounts_read(FileReader *reader, const int64_t **ret) {
        static const FieldDef amount = {
                .kind = FIELD_NUMBER, .unit = "amount", .scale = 1, .max = QUANTITY_MAX
        };
        const Snapshot *s = &reader->snapshot;
        int64_t *amounts = arena_new(reader->json.arena, int64_t, s->n_extra);
        const char *key;
        int k;

        if (!amounts)
                return -ENOMEM;
        k = json_reader_enter(&reader->json, JSON_OBJECT);
        while (k == 0 && json_reader_field(&reader->json, &key)) {
                uint32_t i = 0;

                while (i < s->n_extra && strcmp(s->extra[i].name, key) != 0)
                        i++;
                if (i == s->n_extra)
                        return json_reader_refuse(&reader->json,
                                                  "no such resource in the snapshot's \"extra\"");
                k = number_read(reader, &amount, &amounts[i]);
        }
        if (k == 0 && s->n_extra > 0)
                *ret = amounts;
        return k;
}

int host_read_extra(FileReader *reader, void *object) {
        return amounts_read(reader, &((Host *) object)->extra);
}

static int snapshot_file_peer_compare(const void *left, const void *right) {
        return strcmp(((const PeerRtt *) left)->name, ((const PeerRtt *) right)->name);
}

/* { "host": microseconds, … }. A host that is not in the file may be named: it may have left. */
int host_read_peers(FileReader *reader, void *object) {
        static const FieldDef rtt = {
                .kind = FIELD_NUMBER, .unit = "microseconds", .scale = 1, .max = QUANTITY_MAX
        };
        Host *h = object;
        size_t most = json_object_size(reader->json.at);
        PeerRtt *peers;
        const char *key;
        int k;

        if (most > PEERS_MAX)
                return json_reader_refuse(&reader->json, "%zu hosts; accepted: at most %u", most, PEERS_MAX);
        peers = arena_new(reader->json.arena, PeerRtt, most);
        if (!peers)
                return -ENOMEM;
        k = json_reader_enter(&reader->json, JSON_OBJECT);
        while (k == 0 && json_reader_field(&reader->json, &key)) {
                if (!text_is_name(key, strlen(key)))
                        return json_reader_refuse(&reader->json, "its key is no name of a host");
                peers[h->n_peers].name = text_copy(reader->json.arena, key, strlen(key));
                if (!peers[h->n_peers].name)
                        return -ENOMEM;
                k = number_read(reader, &rtt, &peers[h->n_peers++].rtt_us);
        }
        if (k == 0 && h->n_peers > 0)
                qsort(peers, h->n_peers, sizeof(*peers), snapshot_file_peer_compare);
        h->peers = peers;
        return k;
}

/* ---- VMs ---- */

int vm_read_extra(FileReader *reader, void *object) {
        return amounts_read(reader, &((Vm *) object)->extra);
}

int vm_read_net(FileReader *reader, void *object) {
        Vm *v = object;
        int k;

        if (json_is_object(reader->json.at))
                return fields_read(reader, &net_fields, v);
        k = number_read(reader, &net_fields.defs[0], &v->rx_kbit);
        if (k == 0)
                v->tx_kbit = v->rx_kbit;
        return k;
}

int vm_read_measured(FileReader *reader, void *object) {
        VmLoad *measured = arena_new(reader->json.arena, VmLoad, 1);
        int k = measured ? fields_read(reader, &measured_fields, measured) : -ENOMEM;

        if (k == 0)
                ((Vm *) object)->measured = measured;
        return k;
}

int host_read_contention(FileReader *reader, void *object) {
        HostContention *contention = arena_new(reader->json.arena, HostContention, 1);
        int k = contention ? fields_read(reader, &host_contention_fields, contention) : -ENOMEM;

        if (k == 0)
                ((Host *) object)->contention = contention;
        return k;
}

int vm_read_contention(FileReader *reader, void *object) {
        VmContention *contention = arena_new(reader->json.arena, VmContention, 1);
        int k = contention ? fields_read(reader, &vm_contention_fields, contention) : -ENOMEM;

        if (k == 0)
                ((Vm *) object)->contention = contention;
        return k;
}

int host_read_platform(FileReader *reader, void *object) {
        HostPlatform *platform = arena_new(reader->json.arena, HostPlatform, 1);
        int k = platform ? fields_read(reader, &platform_fields, platform) : -ENOMEM;

        if (k == 0)
                ((Host *) object)->platform = platform;
        return k;
}

int platform_read_portgroups(FileReader *reader, void *object) {
        HostPlatform *platform = object;

        platform->portgroups_known = true;
        return strings_read(reader, false, &platform->portgroups);
}

int platform_read_images(FileReader *reader, void *object) {
        HostPlatform *platform = object;

        platform->images_known = true;
        return strings_read(reader, false, &platform->images);
}

int platform_read_numa(FileReader *reader, void *object) {
        HostPlatform *platform = object;
        ObjectArray array;
        int k = objects_read(reader, &numa_fields, sizeof(NumaNode), NUMA_MAX, &array);

        if (k < 0)
                return k;
        platform->numa = array.objects;
        platform->n_numa = array.n;
        for (uint32_t i = 1; i < array.n; i++)
                if (platform->numa[i].id <= platform->numa[i - 1].id)
                        return json_reader_refuse(
                                &reader->json, "node %lld comes after node %lld; accepted: by id, each once",
                                (long long) platform->numa[i].id, (long long) platform->numa[i - 1].id);
        return 0;
}

int vm_read_ties(FileReader *reader, void *object) {
        VmTies *ties = arena_new(reader->json.arena, VmTies, 1);
        int k = ties ? fields_read(reader, &ties_fields, ties) : -ENOMEM;

        if (k == 0)
                ((Vm *) object)->ties = ties;
        return k;
}

int ties_read_devices(FileReader *reader, void *object) {
        VmTies *ties = object;
        ObjectArray array;
        int k = objects_read(reader, &host_device_fields, sizeof(HostDevice), DEVICES_MAX, &array);

        if (k < 0)
                return k;
        ties->devices = array.objects;
        ties->n_devices = array.n;
        return 0;
}

int vm_read_host(FileReader *reader, void *object) {
        (void) object;
        return json_reader_string(&reader->json,
                                  &reader->vm_host[reader->json.path[1].index]); /* the VM's place in "vms" */
}

int vm_read_in_flight(FileReader *reader, void *object) {
        Vm *v = object;
        FlightRef *flight;
        int k;

        if (json_is_boolean(reader->json.at))
                return json_reader_bool(&reader->json, &v->in_flight);
        if (!json_is_string(reader->json.at))
                return json_reader_expect(&reader->json, "true, false, or the name of the other host");
        flight = arena_new(reader->json.arena, FlightRef, 1);
        if (!flight)
                return -ENOMEM;
        k = json_reader_string(&reader->json, &flight->to);
        if (k < 0)
                return k;
        v->in_flight = true;
        flight->vm = reader->json.path[1].index;
        flight->next = reader->flights;
        reader->flights = flight;
        return 0;
}

/* ---- rules: names now, indexes when all are known ---- */

int rule_read_vms(FileReader *reader, void *object) {
        return names_read(reader, &((RuleDraft *) object)->vms);
}

int rule_read_near_vms(FileReader *reader, void *object) {
        return names_read(reader, &((RuleDraft *) object)->near_vms);
}

int rule_read_hosts(FileReader *reader, void *object) {
        return names_read(reader, &((RuleDraft *) object)->hosts);
}

int rule_read_group(FileReader *reader, void *object) {
        return name_read(reader, &((RuleDraft *) object)->group);
}

int rule_read_near_group(FileReader *reader, void *object) {
        return name_read(reader, &((RuleDraft *) object)->near_group);
}

/* ---- when all is read ---- */

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
                        return FAULT_AT(reader, list, y, "name",
                                        "\"%.80s\" is the name of %s[%u] too; accepted: each name once",
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
                                "found 0; accepted: 0 only where \"fence\" or \"state\": \"offline\" says "
                                "that the host is not known");
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
                        "no host is named \"%.80s\"; accepted: a name from \"hosts\"%s%.60s%s", name,
                        nearest ? ", perhaps \"" : "", nearest ? nearest : "", nearest ? "\"" : "");
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
                                        "the VM's own host; accepted: the other one");
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
                                        "no VM is named \"%.80s\"; accepted: names from \"vms\"",
                                        a == IX_NONE ? t->a : t->b);
                if (a == b)
                        return FAULT_AT(reader, "traffic", i, "vms",
                                        "one VM twice; accepted: two VMs that talk");
                traffic[i] = (Traffic){ .a = a < b ? a : b, .b = a < b ? b : a, .kbit = t->traffic.kbit };
        }
        if (n > 0)
                qsort(traffic, n, sizeof(*traffic), snapshot_file_traffic_compare);
        for (uint32_t i = 1; i < n; i++)
                if (snapshot_file_traffic_compare(&traffic[i - 1], &traffic[i]) == 0)
                        return FAULT_AT(reader, "traffic", i, NULL,
                                        "two entries are of \"%.80s\" and \"%.80s\"",
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
        if (k < 0)
                return k;
        *s = p->snapshot;
        *ret = s;
        return 0;
}
