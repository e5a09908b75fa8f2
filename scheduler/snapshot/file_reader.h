/* Reading objects of a snapshot file by their field tables. Internal to snapshot/. Pure. */
#pragma once

#include "scheduler/snapshot/snapshot_fields.h"

typedef struct FlightRef { /* a VM's in_flight names a host */
        uint32_t vm;
        size_t at;
        Span to;
        struct FlightRef *next;
} FlightRef;

typedef struct HostRef { /* a VM's host, by name until all hosts are known */
        Span name;
        size_t at;
} HostRef;

struct FileReader {
        JsonReader json;
        Snapshot snapshot;
        bool extra_read; /* before everything else, since hosts and VMs name them */
        Host *hosts;
        Vm *vms;
        RuleDraft *drafts;
        size_t *host_at, *vm_at, *rule_at; /* where each begins in the text */
        HostRef *vm_host;                  /* [n_vms], in the order of the file, as all of these */
        FlightRef *flights;
};

/* One object by its table: defaults first, then the fields. Unknown, doubled and missing fields are faults.
 */
int fields_read(FileReader *p, const FieldTable *table, void *object) must_check;

/* The array that stands next, each object by `table` into *ret[i] of `size` bytes, and *ret_at[i] where it
 * begins (NULL: not wanted). More than `most`: a fault. */
typedef struct ObjectArray {
        void *objects;
        uint32_t n;
        size_t *at;
} ObjectArray;
int objects_read(FileReader *p, const FieldTable *table, size_t size, uint32_t most,
                 ObjectArray *ret) must_check;

/* A name as a NUL-terminated copy in the arena. */
int name_read(FileReader *p, const char **ret) must_check;
/* An array of names as spans, in the file's order; at most VMS_MAX. */
int names_read(FileReader *p, NameList *ret) must_check;
int number_read(FileReader *p, const FieldDef *def, int64_t *ret) must_check;

/* A fault in the i-th object of `list`, found when all is read; field may be NULL. It is -EBADMSG. */
#define FAULT_AT(p, where, list, i, field, ...)                                                              \
        (text_fault((p)->json.fault, "", __VA_ARGS__), file_fault_place(p, where, list, i, field))
int file_fault_place(FileReader *p, size_t at, const char *list, uint32_t i, const char *field);
