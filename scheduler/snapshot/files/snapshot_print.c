/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshot → text, by the same tables as the reading: a line for each host, VM and rule, so that two
 * snapshots can be compared with diff. */
#include <errno.h>
#include <string.h>

#include "scheduler/model/instant.h"
#include "scheduler/snapshot/files/snapshot_fields.h"
#include "scheduler/snapshot/files/snapshot_file.h"

struct FilePrinter {
        TextWriter w;
        const Snapshot *s;
        const char *separator; /* before the next field */
        const char *next;      /* before those after it */
};

static void print_key(FilePrinter *printer, const char *name) {
        text_writer_word(&printer->w, printer->separator);
        printer->separator = printer->next;
        text_writer_string(&printer->w, name);
        text_writer_put(&printer->w, ": ", 2);
}

static void print_strings(FilePrinter *printer, const char *key, Strings list) {
        print_key(printer, key);
        text_writer_put(&printer->w, "[", 1);
        for (uint32_t i = 0; i < list.n; i++) {
                if (i > 0)
                        text_writer_put(&printer->w, ", ", 2);
                text_writer_string(&printer->w, list.at[i]);
        }
        text_writer_put(&printer->w, "]", 1);
}

static void snapshot_print_print_number(FilePrinter *printer, const FieldDef *def, int64_t value) {
        if (def->scale == 1)
                text_writer_int(&printer->w, value);
        else
                text_writer_decimal(&printer->w, value, def->scale, def->places);
}

static void print_field(FilePrinter *printer, const FieldDef *def, const void *object) {
        const char *member = (const char *) object + def->at;
        char instant[INSTANT_SIZE];
        int choice;

        switch (def->kind) {
        case FIELD_NAME:
        case FIELD_TEXT:
                if (*(const char *const *) member) {
                        print_key(printer, def->name);
                        text_writer_string(&printer->w, *(const char *const *) member);
                }
                return;
        case FIELD_NUMBER:
                if (def->required || *(const int64_t *) member != def->def) {
                        print_key(printer, def->name);
                        snapshot_print_print_number(printer, def, *(const int64_t *) member);
                }
                return;
        case FIELD_INSTANT:
                if (*(const usec_t *) member > 0) {
                        print_key(printer, def->name);
                        text_writer_string(&printer->w, instant_print(*(const usec_t *) member, instant));
                }
                return;
        case FIELD_BOOL:
                if (*(const bool *) member != (def->def != 0)) {
                        print_key(printer, def->name);
                        text_writer_word(&printer->w, *(const bool *) member ? "true" : "false");
                }
                return;
        case FIELD_CHOICE:
                memcpy(&choice, member, sizeof(choice));
                if (def->required || choice != (int) def->def) {
                        print_key(printer, def->name);
                        text_writer_string(&printer->w, def->choices[choice]);
                }
                return;
        case FIELD_NAMES:
        case FIELD_LABELS:
        case FIELD_HOST_LABELS:
                if (((const Strings *) member)->n > 0)
                        print_strings(printer, def->name, *(const Strings *) member);
                return;
        case FIELD_SPECIAL:
                def->print(printer, object);
                return;
        }
}

/* `open`, the fields that differ from their defaults, `close`. */
static void print_object(FilePrinter *printer, const FieldTable *table, const void *object) {
        const char *separator = printer->separator, *next = printer->next;

        text_writer_put(&printer->w, "{", 1);
        printer->separator = " ";
        printer->next = ", ";
        for (uint32_t i = 0; i < table->n; i++)
                print_field(printer, &table->defs[i], object);
        text_writer_put(&printer->w, " }", 2);
        printer->separator = separator;
        printer->next = next;
}

typedef struct ObjectList {
        const void *objects;
        size_t size;
        uint32_t n;
} ObjectList;

static void print_objects(FilePrinter *printer, const char *key, const FieldTable *table, ObjectList list,
                          const char *between) {
        print_key(printer, key);
        text_writer_put(&printer->w, "[", 1);
        for (uint32_t i = 0; i < list.n; i++) {
                if (i > 0)
                        text_writer_put(&printer->w, ",", 1);
                text_writer_word(&printer->w, between);
                print_object(printer, table, (const char *) list.objects + list.size * i);
        }
        if (list.n > 0)
                text_writer_word(&printer->w, *between == '\n' ? "\n  " : " ");
        text_writer_put(&printer->w, "]", 1);
}

#define ROW "\n    "

void snapshot_print_schema(FilePrinter *printer, const void *object) {
        (void) object;
        print_key(printer, "schema");
        text_writer_string(&printer->w, SNAPSHOT_SCHEMA);
}

void snapshot_print_extra(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        if (s->n_extra > 0)
                print_objects(printer, "extra", &extra_fields,
                              (ObjectList){ s->extra, sizeof(*s->extra), s->n_extra }, ROW);
}

void snapshot_print_hosts(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        print_objects(printer, "hosts", &host_fields, (ObjectList){ s->hosts, sizeof(*s->hosts), s->n_hosts },
                      ROW);
}

void snapshot_print_vms(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        print_objects(printer, "vms", &vm_fields, (ObjectList){ s->vms, sizeof(*s->vms), s->n_vms }, ROW);
}

void snapshot_print_rules(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        if (s->n_rules > 0)
                print_objects(printer, "rules", &rule_fields,
                              (ObjectList){ s->rules, sizeof(*s->rules), s->n_rules }, ROW);
}

void host_print_headroom(FilePrinter *printer, const void *object) {
        const Host *h = object;
        bool same = h->headroom_permille[HEADROOM_EXTRA] == UNKNOWN, any = !same;

        for (int r = 0; r < RES_BUILTIN_N; r++) {
                same = same && h->headroom_permille[r] == h->headroom_permille[0];
                any = any || h->headroom_permille[r] != UNKNOWN;
        }
        if (!any)
                return;
        print_key(printer, "headroom");
        if (same)
                snapshot_print_print_number(printer, &headroom_fields.defs[0], h->headroom_permille[0]);
        else
                print_object(printer, &headroom_fields, h);
}

void host_print_faults(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (h->n_faults > 0) {
                print_objects(printer, "faults", &fault_device_fields,
                              (ObjectList){ h->faults, sizeof(*h->faults), h->n_faults }, " ");
                return;
        }
        if (h->fault_grade == 0 && !h->fault_why)
                return;
        print_key(printer, "faults");
        print_object(printer, &fault_fields, h);
}

void fault_print_vms(FilePrinter *printer, const void *object) {
        const Fault *f = object;

        if (f->partly)
                print_strings(printer, "vms", f->vms);
}

void host_print_hugepages(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (h->n_hugepages > 0)
                print_objects(printer, "hugepages", &hugepages_fields,
                              (ObjectList){ h->hugepages, sizeof(*h->hugepages), h->n_hugepages }, " ");
}

void numa_print_hugepages(FilePrinter *printer, const void *object) {
        const NumaNode *node = object;

        if (node->n_hugepages > 0)
                print_objects(printer, "hugepages", &hugepages_fields,
                              (ObjectList){ node->hugepages, sizeof(*node->hugepages), node->n_hugepages },
                              " ");
}

void host_print_networks(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (h->networks_known || h->networks.n > 0)
                print_strings(printer, "networks", h->networks);
}

void host_print_pools(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (h->pools_known || h->pools.n > 0)
                print_strings(printer, "pools", h->pools);
}

void host_print_nics(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (h->n_nics > 0)
                print_objects(printer, "nics", &nic_fields,
                              (ObjectList){ h->nics, sizeof(*h->nics), h->n_nics }, " ");
}

void host_print_peers(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (h->n_peers == 0)
                return;
        print_key(printer, "rtt_seconds");
        text_writer_put(&printer->w, "{", 1);
        for (uint32_t i = 0; i < h->n_peers; i++) {
                text_writer_word(&printer->w, i > 0 ? ", " : " ");
                text_writer_string(&printer->w, h->peers[i].name);
                text_writer_put(&printer->w, ": ", 2);
                text_writer_decimal(&printer->w, h->peers[i].rtt_us, USEC_PER_SEC, 6);
        }
        text_writer_put(&printer->w, " }", 2);
}

void host_print_nothing(FilePrinter *printer, const void *object) {
        (void) printer;
        (void) object;
}

void snapshot_print_traffic(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        if (s->n_traffic > 0)
                print_objects(printer, "traffic", &traffic_fields,
                              (ObjectList){ s->traffic, sizeof(*s->traffic), s->n_traffic }, ROW);
}

void snapshot_print_lessons(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        if (!s->lessons)
                return;
        print_key(printer, "migrations");
        print_object(printer, &lessons_fields, s->lessons);
}

void snapshot_print_holds(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        if (s->holds.n > 0)
                print_objects(printer, "missed", &move_hold_fields,
                              (ObjectList){ s->holds.at, sizeof(*s->holds.at), s->holds.n }, ROW);
}

void snapshot_print_bookings(FilePrinter *printer, const void *object) {
        const Snapshot *s = object;

        if (s->n_bookings > 0)
                print_objects(printer, "bookings", &booking_fields,
                              (ObjectList){ s->bookings, sizeof(*s->bookings), s->n_bookings }, ROW);
}

void lessons_print_routes(FilePrinter *printer, const void *object) {
        const MoveLessons *l = object;

        if (l->n_routes > 0)
                print_objects(printer, "ways", &route_lesson_fields,
                              (ObjectList){ l->routes, sizeof(*l->routes), l->n_routes }, " ");
}

void lessons_print_vms(FilePrinter *printer, const void *object) {
        const MoveLessons *l = object;

        if (l->n_vms > 0)
                print_objects(printer, "vms", &vm_lesson_fields,
                              (ObjectList){ l->vms, sizeof(*l->vms), l->n_vms }, " ");
}

static void print_amounts(FilePrinter *printer, const int64_t *amounts) {
        const char *separator = " ";
        bool any = false;

        for (uint32_t i = 0; amounts && i < printer->s->n_extra; i++)
                any = any || amounts[i] != 0;
        if (!any)
                return;
        print_key(printer, "extra");
        text_writer_put(&printer->w, "{", 1);
        for (uint32_t i = 0; i < printer->s->n_extra; i++) {
                if (amounts[i] == 0)
                        continue;
                text_writer_word(&printer->w, separator);
                separator = ", ";
                text_writer_string(&printer->w, printer->s->extra[i].name);
                text_writer_put(&printer->w, ": ", 2);
                text_writer_int(&printer->w, amounts[i]);
        }
        text_writer_put(&printer->w, " }", 2);
}

void host_print_extra(FilePrinter *printer, const void *object) {
        print_amounts(printer, ((const Host *) object)->extra);
}

void vm_print_extra(FilePrinter *printer, const void *object) {
        print_amounts(printer, ((const Vm *) object)->extra);
}

void vm_print_host(FilePrinter *printer, const void *object) {
        print_key(printer, "host");
        text_writer_string(&printer->w, printer->s->hosts[((const Vm *) object)->host].name);
}

void vm_print_in_flight(FilePrinter *printer, const void *object) {
        const Vm *v = object;

        if (!v->in_flight)
                return;
        print_key(printer, "in_flight");
        if (v->in_flight_to == IX_NONE)
                text_writer_word(&printer->w, "true");
        else
                text_writer_string(&printer->w, printer->s->hosts[v->in_flight_to].name);
}

void vm_print_net(FilePrinter *printer, const void *object) {
        const Vm *v = object;

        if (v->rx_kbit == UNKNOWN && v->tx_kbit == UNKNOWN)
                return;
        print_key(printer, "net_mbit");
        if (v->rx_kbit == v->tx_kbit)
                snapshot_print_print_number(printer, &net_fields.defs[0], v->rx_kbit);
        else
                print_object(printer, &net_fields, v);
}

void vm_print_measured(FilePrinter *printer, const void *object) {
        const Vm *v = object;

        if (!v->measured)
                return;
        print_key(printer, "measured");
        print_object(printer, &measured_fields, v->measured);
}

void host_print_contention(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (!h->contention)
                return;
        print_key(printer, "contention");
        print_object(printer, &host_contention_fields, h->contention);
}

void vm_print_contention(FilePrinter *printer, const void *object) {
        const Vm *v = object;

        if (!v->contention)
                return;
        print_key(printer, "contention");
        print_object(printer, &vm_contention_fields, v->contention);
}

void host_print_platform(FilePrinter *printer, const void *object) {
        const Host *h = object;

        if (!h->platform)
                return;
        print_key(printer, "platform");
        print_object(printer, &platform_fields, h->platform);
}

void platform_print_portgroups(FilePrinter *printer, const void *object) {
        const HostPlatform *platform = object;

        if (platform->portgroups_known || platform->portgroups.n > 0)
                print_strings(printer, "portgroups", platform->portgroups);
}

void platform_print_images(FilePrinter *printer, const void *object) {
        const HostPlatform *platform = object;

        if (platform->images_known || platform->images.n > 0)
                print_strings(printer, "images", platform->images);
}

void platform_print_numa(FilePrinter *printer, const void *object) {
        const HostPlatform *platform = object;

        if (platform->n_numa > 0)
                print_objects(printer, "numa", &numa_fields,
                              (ObjectList){ platform->numa, sizeof(*platform->numa), platform->n_numa }, " ");
}

void vm_print_ties(FilePrinter *printer, const void *object) {
        const Vm *v = object;

        if (!v->ties)
                return;
        print_key(printer, "ties");
        print_object(printer, &ties_fields, v->ties);
}

void ties_print_devices(FilePrinter *printer, const void *object) {
        const VmTies *ties = object;

        if (ties->n_devices > 0)
                print_objects(printer, "devices", &host_device_fields,
                              (ObjectList){ ties->devices, sizeof(*ties->devices), ties->n_devices }, " ");
}

static void print_vm_names(FilePrinter *printer, const char *key, const VmIx *vms, uint32_t n) {
        print_key(printer, key);
        text_writer_put(&printer->w, "[", 1);
        for (uint32_t i = 0; i < n; i++) {
                if (i > 0)
                        text_writer_put(&printer->w, ", ", 2);
                text_writer_string(&printer->w, printer->s->vms[vms[i]].name);
        }
        text_writer_put(&printer->w, "]", 1);
}

void traffic_print_vms(FilePrinter *printer, const void *object) {
        const Traffic *t = object;
        const VmIx vms[] = { t->a, t->b };

        print_vm_names(printer, "vms", vms, 2);
}

void rule_print_vms(FilePrinter *printer, const void *object) {
        const Rule *r = object;

        print_vm_names(printer, "vms", r->vms, r->n_vms);
}

void rule_print_near_vms(FilePrinter *printer, const void *object) {
        const Rule *r = object;

        if (r->kind == RULE_NEAR || r->kind == RULE_AVOID)
                print_vm_names(printer, "near_vms", r->near_vms, r->n_near_vms);
}

void rule_print_hosts(FilePrinter *printer, const void *object) {
        const Rule *r = object;

        if (!rule_is_about_hosts(r))
                return;
        print_key(printer, "hosts");
        text_writer_put(&printer->w, "[", 1);
        for (uint32_t i = 0; i < r->n_hosts; i++) {
                if (i > 0)
                        text_writer_put(&printer->w, ", ", 2);
                text_writer_string(&printer->w, printer->s->hosts[r->hosts[i]].name);
        }
        text_writer_put(&printer->w, "]", 1);
}

void rule_print_nothing(FilePrinter *printer, const void *object) {
        (void) printer;
        (void) object;
}

int snapshot_file_print(Arena *a, const Snapshot *s, const char **ret, size_t *ret_n) {
        FilePrinter p = { .w = text_writer_new(a), .s = s, .separator = "\n  ", .next = ",\n  " };

        text_writer_put(&p.w, "{", 1);
        for (uint32_t i = 0; i < snapshot_fields.n; i++)
                print_field(&p, &snapshot_fields.defs[i], s);
        text_writer_word(&p.w, "\n}\n");
        return text_writer_end(&p.w, ret, ret_n);
}
