/* SPDX-License-Identifier: Apache-2.0 */
/* Reading objects of a snapshot file by their field tables. Internal to snapshot/. Pure but for jansson's own
 * memory. Names given as NameList and in FileReader belong to the reader's tree.
 *
 * Units: as snapshot_fields.c says of each field. Owner: the arena; the tree is the JsonReader's. Errors:
 * -EBADMSG with the fault filled; -ENOMEM. Threads: one for each FileReader.
 */
#pragma once

#include "scheduler/snapshot/files/snapshot_fields.h"

typedef struct FlightRef { /* a VM's in_flight names a host */
        uint32_t vm;
        const char *to;
        struct FlightRef *next;
} FlightRef;

struct FileReader {
        JsonReader json;
        Snapshot snapshot;
        bool extra_read; /* before everything else, since hosts and VMs name them */
        Host *hosts;
        Vm *vms;
        RuleDraft *drafts;
        TrafficDraft *traffic;
        const char **vm_host; /* [n_vms], in the order of the file: names, until all hosts are known */
        FlightRef *flights;
        char unknown[400];           /* the first fields that no table has, with their places */
        uint32_t n_unknown, n_named; /* all of them, and those */
};

/* One object by its table: defaults first, then the fields. A field that is null is as one that is left out. One that
 * the table has not is passed over, and noted in reader->unknown; a missing one is a fault. */
int fields_read(FileReader *reader, const FieldTable *table, void *object) must_check;

/* The array at hand, each object by `table` into one of `size` bytes. More than `most`: a fault. */
typedef struct ObjectArray {
        void *objects;
        uint32_t n;
} ObjectArray;
int objects_read(FileReader *reader, const FieldTable *table, size_t size, uint32_t most,
                 ObjectArray *ret) must_check;

/* A name as a copy in the arena. */
int name_read(FileReader *reader, const char **ret) must_check;
/* An array of names in the file's order; at most VMS_MAX. */
int names_read(FileReader *reader, NameList *ret) must_check;
/* An array of names, sorted; one given twice is a fault. With `labels` each is "key=value". */
int strings_read(FileReader *reader, bool labels, Strings *ret) must_check;
int number_read(FileReader *reader, const FieldDef *def, int64_t *ret) must_check;

/* A fault in the i-th object of `list`, found when all is read; field may be NULL. It is -EBADMSG. */
#define FAULT_AT(p, list, i, field, ...)                                                                     \
        (text_fault((p)->json.fault, "", __VA_ARGS__), file_fault_place(p, list, i, field))
int file_fault_place(FileReader *reader, const char *list, uint32_t i, const char *field);
