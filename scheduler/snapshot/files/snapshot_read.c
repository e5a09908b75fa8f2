/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a snapshot file that are more than a number or a word: what the tables of snapshot_fields.c call. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/file_reader.h"
#include "scheduler/snapshot/files/snapshot_fields.h"
#include "scheduler/snapshot/files/snapshot_file.h"
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
                                return FAULT_AT(
                                        reader, "extra", i, "name",
                                        "the name \"%.60s\" is already used by extra[%u]; accepted: unique names",
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
                return json_reader_refuse(&reader->json, "%u names; accepted: two VMs", names.n);
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
                return json_reader_refuse(&reader->json, "a device is listed twice; accepted: each once");
        return k;
}

static int snapshot_read_pages(FileReader *reader, const Hugepages **ret, uint32_t *ret_n) {
        ObjectArray array;
        const Hugepages *pages;
        int k = objects_read(reader, &hugepages_fields, sizeof(Hugepages), HUGEPAGES_MAX, &array);

        if (k < 0)
                return k;
        *ret = pages = array.objects;
        *ret_n = array.n;
        for (uint32_t i = 0; i < array.n; i++) {
                if (pages[i].free_mib > pages[i].total_mib)
                        return json_reader_refuse(&reader->json, "more free huge pages than the total");
                for (uint32_t j = 0; j < i; j++)
                        if (pages[i].kib == pages[j].kib)
                                return json_reader_refuse(&reader->json,
                                                          "huge pages of %lld KiB are given twice",
                                                          (long long) pages[i].kib);
        }
        return 0;
}

int host_read_hugepages(FileReader *reader, void *object) {
        Host *h = object;

        return snapshot_read_pages(reader, &h->hugepages, &h->n_hugepages);
}

int numa_read_hugepages(FileReader *reader, void *object) {
        NumaNode *node = object;

        return snapshot_read_pages(reader, &node->hugepages, &node->n_hugepages);
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
                                                  "resource not found in \"extra\" of the snapshot");
                k = number_read(reader, &amount, &amounts[i]);
        }
        if (k == 0 && s->n_extra > 0)
                *ret = amounts;
        return k;
}

int host_read_extra(FileReader *reader, void *object) {
        return amounts_read(reader, &((Host *) object)->extra);
}

static int snapshot_read_peer_compare(const void *left, const void *right) {
        return strcmp(((const PeerRtt *) left)->name, ((const PeerRtt *) right)->name);
}

/* { "host": time, … }. A host that is not in the file may be named: it may have left. */
static int snapshot_read_rtts(FileReader *reader, const FieldDef *rtt, void *object) {
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
        h->n_peers = 0;
        k = json_reader_enter(&reader->json, JSON_OBJECT);
        while (k == 0 && json_reader_field(&reader->json, &key)) {
                if (!text_is_name(key, strlen(key)))
                        return json_reader_refuse(&reader->json, "its key is not the name of a host");
                peers[h->n_peers].name = text_copy(reader->json.arena, key, strlen(key));
                if (!peers[h->n_peers].name)
                        return -ENOMEM;
                k = number_read(reader, rtt, &peers[h->n_peers++].rtt_us);
        }
        if (k == 0 && h->n_peers > 0)
                qsort(peers, h->n_peers, sizeof(*peers), snapshot_read_peer_compare);
        h->peers = peers;
        return k;
}

int host_read_peers(FileReader *reader, void *object) {
        static const FieldDef rtt = {
                .kind = FIELD_NUMBER, .unit = "seconds", .scale = USEC_PER_SEC, .max = QUANTITY_MAX
        };

        return snapshot_read_rtts(reader, &rtt, object);
}

int host_read_peers_us(FileReader *reader, void *object) {
        static const FieldDef rtt = {
                .kind = FIELD_NUMBER, .unit = "microseconds", .scale = 1, .max = QUANTITY_MAX
        };

        return snapshot_read_rtts(reader, &rtt, object);
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
