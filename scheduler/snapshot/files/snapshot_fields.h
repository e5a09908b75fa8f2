/* SPDX-License-Identifier: Apache-2.0 */
/* The fields of a snapshot file, as tables: reading, printing and docs/snapshot-file.md go by the same rows.
 *
 * To add a field: a member in model/cluster.h, a row in snapshot_fields.c, a line in docs/snapshot-file.md (a
 * test compares them). Internal to snapshot_file.c, snapshot_read.c and snapshot_print.c. Pure but for jansson's own memory.
 *
 * An honest circle (tests/arrows/links.py): the rows name the functions of those files that read and print what is
 * no plain value, and these go by the rows of what lies inside.
 *
 * Units: as each row says. Owner: the reader's arena, the printer's. Errors: reading: 0, -EBADMSG with the
 * fault filled, -ENOMEM; printing: a full arena the writer says. Threads: one for each reader or printer.
 */
#pragma once

#include "scheduler/model/booking.h"
#include "scheduler/model/limits.h"
#include "scheduler/model/problem.h"
#include "scheduler/snapshot/json/json_reader.h"
#include "scheduler/snapshot/json/text_writer.h"

#define SNAPSHOT_SCHEMA "plimsoll.snapshot/1"

typedef struct FileReader FileReader;
typedef struct FilePrinter FilePrinter;

typedef enum FieldKind {
        FIELD_NAME,        /* const char *, 1..255 bytes without control characters */
        FIELD_TEXT,        /* const char *, 1..4096 bytes */
        FIELD_NUMBER,      /* int64_t, the JSON number × scale */
        FIELD_INSTANT,     /* usec_t, RFC 3339; a number: seconds since the epoch, as it was written before */
        FIELD_BOOL,        /* bool */
        FIELD_CHOICE,      /* an enum */
        FIELD_NAMES,       /* Strings, sorted, each once */
        FIELD_LABELS,      /* Strings, each "key=value" */
        FIELD_HOST_LABELS, /* the same, as model/host_label.h has them */
        FIELD_SPECIAL,     /* by its own functions */
} FieldKind;

typedef struct FieldDef {
        const char *name;
        FieldKind kind;
        int places;       /* FIELD_NUMBER: decimals when printed, enough to read the same number back */
        size_t at;        /* of the member */
        int64_t scale;    /* 1: whole numbers only */
        int64_t min, max; /* scaled */
        int64_t def;      /* also FIELD_BOOL, FIELD_CHOICE */
        const char *unit; /* words for messages */
        const char *const *choices;
        uint32_t n_choices;
        bool required;
        int (*read)(FileReader *p, void *object);
        void (*print)(FilePrinter *p, const void *object); /* writes the field's name too, or nothing */
} FieldDef;

typedef struct FieldTable {
        const char *object; /* what it describes, for messages: "a host" */
        const FieldDef *defs;
        uint32_t n;
        void (*init)(void *object); /* defaults the rows do not say; NULL: none. Memory is zeroed before */
} FieldTable;

extern const FieldTable snapshot_fields, host_fields, nic_fields, vm_fields, rule_fields, extra_fields;
extern const FieldTable traffic_fields;                /* of a Snapshot */
extern const FieldTable hugepages_fields;              /* of a Host */
extern const FieldTable headroom_fields, fault_fields; /* of a Host */
extern const FieldTable fault_device_fields;           /* of a Fault */
extern const FieldTable net_fields, measured_fields;   /* of a Vm */
extern const FieldTable host_contention_fields, vm_contention_fields;
extern const FieldTable platform_fields, numa_fields;    /* of a Host */
extern const FieldTable ties_fields, host_device_fields; /* of a Vm */
extern const FieldTable lessons_fields, route_lesson_fields,
        vm_lesson_fields;                 /* of a Snapshot's MoveLessons */
extern const FieldTable move_hold_fields; /* of a Snapshot */
extern const FieldTable booking_fields;   /* of a Snapshot */
extern const char
        *const exclusion_names[EXCLUDED_N]; /* "none", "stale", "missing", "daemon", "seen", "clock" */

/* A rule as it is written: names, not indexes. rule_fields describes this. */
typedef struct NameList {
        const char *const *at;
        uint32_t n;
} NameList;

typedef struct RuleDraft {
        Rule rule;
        NameList vms, near_vms, hosts;
        const char *group, *near_group;
} RuleDraft;

/* Two VMs that talk, as they are written: names. traffic_fields describes this. */
typedef struct TrafficDraft {
        Traffic traffic; /* first: what is printed */
        const char *a, *b;
} TrafficDraft;

int snapshot_read_schema(FileReader *reader, void *object);
int snapshot_read_extra(FileReader *reader, void *object);
int snapshot_read_hosts(FileReader *reader, void *object);
int snapshot_read_vms(FileReader *reader, void *object);
int snapshot_read_rules(FileReader *reader, void *object);
int host_read_hugepages(FileReader *reader, void *object);
int numa_read_hugepages(FileReader *reader, void *object);
int host_read_headroom(FileReader *reader, void *object);
int host_read_faults(FileReader *reader, void *object);
int fault_read_vms(FileReader *reader, void *object);
int host_read_networks(FileReader *reader, void *object);
int host_read_pools(FileReader *reader, void *object);
int host_read_nics(FileReader *reader, void *object);
int host_read_extra(FileReader *reader, void *object);
int host_read_peers(FileReader *reader, void *object);
int host_read_peers_us(FileReader *reader, void *object);
int snapshot_read_traffic(FileReader *reader, void *object);
int snapshot_read_lessons(FileReader *reader, void *object);
int snapshot_read_holds(FileReader *reader, void *object);
int snapshot_read_bookings(FileReader *reader, void *object);
int lessons_read_routes(FileReader *reader, void *object);
int lessons_read_vms(FileReader *reader, void *object);
int traffic_read_vms(FileReader *reader, void *object);
int vm_read_host(FileReader *reader, void *object);
int vm_read_in_flight(FileReader *reader, void *object);
int vm_read_net(FileReader *reader, void *object);
int vm_read_measured(FileReader *reader, void *object);
int host_read_contention(FileReader *reader, void *object);
int vm_read_contention(FileReader *reader, void *object);
int host_read_platform(FileReader *reader, void *object);
int platform_read_portgroups(FileReader *reader, void *object);
int platform_read_images(FileReader *reader, void *object);
int platform_read_numa(FileReader *reader, void *object);
int vm_read_ties(FileReader *reader, void *object);
int ties_read_devices(FileReader *reader, void *object);
int vm_read_extra(FileReader *reader, void *object);
int rule_read_vms(FileReader *reader, void *object);
int rule_read_near_vms(FileReader *reader, void *object);
int rule_read_hosts(FileReader *reader, void *object);
int rule_read_group(FileReader *reader, void *object);
int rule_read_near_group(FileReader *reader, void *object);

void snapshot_print_schema(FilePrinter *printer, const void *object);
void snapshot_print_extra(FilePrinter *printer, const void *object);
void snapshot_print_hosts(FilePrinter *printer, const void *object);
void snapshot_print_vms(FilePrinter *printer, const void *object);
void snapshot_print_rules(FilePrinter *printer, const void *object);
void host_print_hugepages(FilePrinter *printer, const void *object);
void numa_print_hugepages(FilePrinter *printer, const void *object);
void host_print_headroom(FilePrinter *printer, const void *object);
void host_print_faults(FilePrinter *printer, const void *object);
void fault_print_vms(FilePrinter *printer, const void *object);
void host_print_networks(FilePrinter *printer, const void *object);
void host_print_pools(FilePrinter *printer, const void *object);
void host_print_nics(FilePrinter *printer, const void *object);
void host_print_extra(FilePrinter *printer, const void *object);
void host_print_peers(FilePrinter *printer, const void *object);
void host_print_nothing(FilePrinter *printer, const void *object); /* of a field that is only read */
void snapshot_print_traffic(FilePrinter *printer, const void *object);
void snapshot_print_lessons(FilePrinter *printer, const void *object);
void snapshot_print_holds(FilePrinter *printer, const void *object);
void snapshot_print_bookings(FilePrinter *printer, const void *object);
void lessons_print_routes(FilePrinter *printer, const void *object);
void lessons_print_vms(FilePrinter *printer, const void *object);
void traffic_print_vms(FilePrinter *printer, const void *object);
void vm_print_host(FilePrinter *printer, const void *object);
void vm_print_in_flight(FilePrinter *printer, const void *object);
void vm_print_net(FilePrinter *printer, const void *object);
void vm_print_measured(FilePrinter *printer, const void *object);
void host_print_contention(FilePrinter *printer, const void *object);
void vm_print_contention(FilePrinter *printer, const void *object);
void host_print_platform(FilePrinter *printer, const void *object);
void platform_print_portgroups(FilePrinter *printer, const void *object);
void platform_print_images(FilePrinter *printer, const void *object);
void platform_print_numa(FilePrinter *printer, const void *object);
void vm_print_ties(FilePrinter *printer, const void *object);
void ties_print_devices(FilePrinter *printer, const void *object);
void vm_print_extra(FilePrinter *printer, const void *object);
void rule_print_vms(FilePrinter *printer, const void *object);
void rule_print_near_vms(FilePrinter *printer, const void *object);
void rule_print_hosts(FilePrinter *printer, const void *object);
void rule_print_nothing(FilePrinter *printer, const void *object); /* groups are printed as their VMs */
