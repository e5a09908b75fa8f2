/* SPDX-License-Identifier: Apache-2.0 */
/* An importer: another program's cluster, as text, → Snapshot.
 *
 * To add one: write scheduler/snapshot/import/NAME.c, which ends with `const Importer importer_NAME = {…}`, and add
 * the line IMPORTER(NAME) to importers.def. `plimsoll import NAME FILE` and its help come from the table; the
 * contract test reads the files in tests/fixtures/import/NAME/ and all their beginnings.
 *
 * Pure: no I/O, clock, globals; memory only from the arena (jansson's own aside).
 *
 * Units: of the format that is read. Owner: the table's. Errors: none; those of parse() are at it. Threads: any.
 */
#pragma once

#include "scheduler/base/arena.h"
#include "scheduler/base/text.h"
#include "scheduler/model/cluster.h"

typedef struct ImportText {
        const char *cluster; /* what to call it */
        const char *data;
        size_t n_data;
        const char *use; /* a second file, of what VMs use; NULL: not given */
        size_t n_use;
} ImportText;

typedef struct Importer {
        const char *name;    /* "htools": what the command calls it */
        const char *summary; /* one line: of which program, which format */
        const char *use;     /* what a line of the second file is; NULL: it takes none */

        /* 0; -EBADMSG with *reterr_fault: its line, and in `field` the kind of row ("use": a line of the second
         * file); -ENOMEM. In `a`. */
        int (*parse)(Arena *a, const ImportText *in, const Snapshot **ret, TextFault *reterr_fault);
} Importer;

/* The i-th, in the order of importers.def; NULL: past the last one. */
const Importer *importer_at(uint32_t i);
