/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of an htools text file → nodes and instances in the order of the file, and from these the rules.
 * Internal to snapshot/. Pure.
 *
 * Units: MiB; CPUs. Owner: the arena of the HtoolsFile. Errors: -EBADMSG with the fault, -ENOMEM; 1 and 0 as
 * said. Threads: one for each HtoolsFile.
 */
#pragma once

#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"
#include "scheduler/snapshot/json/name_table.h"

#define ROW_FIELDS_MAX 16
#define CPU_MCORES_MAX (INT64_C(1000) << 20)

typedef struct Span {
        const char *s; /* not NUL-terminated */
        size_t n;
} Span;

typedef struct Node {
        Host host;
        uint32_t group;
} Node;

typedef struct Instance {
        Vm vm;
        uint32_t node, second; /* second: of a DRBD pair, or UINT32_MAX */
        Strings tags;
} Instance;

typedef struct HtoolsFile {
        Arena *arena;
        TextFault *fault;
        Node *nodes;
        Instance *instances; /* those that run */
        uint32_t n_nodes, n_instances;
        NameTable group_uuids, node_names, instance_names; /* numbers are places in the file */
        NameTable left_out;                                /* instances that do not run */
        const char **group_names;
        Strings exclusion;             /* prefixes of tags, from "htools:iextags:…" */
        uint32_t *host_rank, *vm_rank; /* set by the time htools_rules() is called */
} HtoolsFile;

typedef struct Row {
        HtoolsFile *file;
        Span text;
        uint32_t line; /* from 1 */
        uint32_t n;
        Span fields[ROW_FIELDS_MAX];
} Row;

/* 1: *next..end's first line is in r->text, and r->line has grown; 0: the text is over. */
int row_next(Row *r, const char **next, const char *end);

#define row_refuse(r, where, ...) (text_fault((r)->file->fault, where, __VA_ARGS__), row_place(r))
int row_place(const Row *r); /* -EBADMSG */

int htools_rows(HtoolsFile *f, const char *text, size_t n) must_check;
int htools_rules(HtoolsFile *f, Snapshot *s) must_check;
