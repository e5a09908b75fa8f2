/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/import/htools_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/import/htools_rows.h"
#include "scheduler/snapshot/json/json_reader.h"

/* ---- the file of use ---- */

/* A number as JSON or Haskell writes it ("5.0e-2"), in millionths. */
static int use_number(Row *r, Span word, int64_t *ret) {
        json_error_t ignored;
        json_t *number = json_loadb(word.s, word.n, JSON_DECODE_ANY, &ignored);
        int k = number ? json_number_scaled(number, 1000000, 0, bound_of(BOUND_IMPORT_USE), ret) : -EINVAL;

        json_decref(number);
        if (k < 0)
                return row_refuse(r, "use", "found \"%.*s\"; accepted: a number from 0 to 1000",
                                  word.n < 40 ? (int) word.n : 40, word.s);
        return 0;
}

/* "name cpu memory disk net": CPU is in units of a mean node. */
static int use_row(HtoolsFile *f, Row *r, int64_t mean_mcores) {
        Span words[6];
        uint32_t n = 0, vm;
        int64_t use[4], mcores;

        for (size_t i = 0; i < r->text.n;) {
                size_t start = i;

                while (i < r->text.n && r->text.s[i] != ' ')
                        i++;
                if (i > start && n < ARRAY_SIZE(words)) {
                        words[n] = (Span){ .s = r->text.s + start, .n = i - start };
                        n++;
                }
                while (i < r->text.n && r->text.s[i] == ' ')
                        i++;
        }
        if (n != 5)
                return row_refuse(r, "use",
                                  "accepted: \"instance cpu memory disk net\", separated by spaces");
        for (uint32_t i = 0; i < 4; i++) {
                int k = use_number(r, words[i + 1], &use[i]);

                if (k < 0)
                        return k;
        }
        vm = name_table_find(&f->instance_names, words[0].s, words[0].n);
        if (vm == UINT32_MAX)
                return row_refuse(r, "use", "instance \"%.*s\" not found",
                                  words[0].n < 80 ? (int) words[0].n : 80, words[0].s);
        mcores = (use[0] * mean_mcores + 500000) / 1000000;
        f->instances[vm].vm.cpu_mcores = mcores < CPU_MCORES_MAX ? mcores : CPU_MCORES_MAX;
        return 0;
}

static int use_read(HtoolsFile *f, const ImportText *in) {
        Row row = { .file = f };
        const char *next = in->use, *end = in->use + in->n_use;
        int64_t cpus = 0, mean_mcores;
        uint32_t online = 0;
        int k = 0;

        for (uint32_t h = 0; h < f->n_nodes; h++)
                if (f->nodes[h].host.state != HOST_OFFLINE) {
                        cpus += f->nodes[h].host.cpus;
                        online++;
                }
        mean_mcores = online > 0 ? cpus * 1000 / online : 0;
        while (k == 0 && row_next(&row, &next, end) > 0)
                if (row.text.n > 0)
                        k = use_row(f, &row, mean_mcores);
        return k;
}

/* ---- sorting ---- */

/* rank[i]: the place of i among the sorted. */
static int htools_file_ranks(Arena *a, const char *const *names, uint32_t n, uint32_t **ret) {
        uint32_t *order, *rank = arena_new(a, uint32_t, n);
        int k = rank ? names_order(a, names, n, &order) : -ENOMEM;

        for (uint32_t i = 0; k == 0 && i < n; i++)
                rank[order[i]] = i;
        *ret = rank;
        return k;
}

static int htools_file_finish(HtoolsFile *f, const ImportText *in, Snapshot *s) {
        Host *hosts = arena_new(f->arena, Host, f->n_nodes);
        Vm *vms = arena_new(f->arena, Vm, f->n_instances);
        int k;

        s->cluster = text_copy(f->arena, in->cluster, strlen(in->cluster));
        if (!hosts || !vms || !s->cluster)
                return -ENOMEM;
        k = htools_file_ranks(f->arena, f->node_names.names, f->n_nodes, &f->host_rank);
        if (k == 0)
                k = htools_file_ranks(f->arena, f->instance_names.names, f->n_instances, &f->vm_rank);
        if (k < 0)
                return k;
        for (uint32_t i = 0; i < f->n_nodes; i++)
                hosts[f->host_rank[i]] = f->nodes[i].host;
        for (uint32_t i = 0; i < f->n_instances; i++) {
                vms[f->vm_rank[i]] = f->instances[i].vm;
                vms[f->vm_rank[i]].host = f->host_rank[f->instances[i].node];
        }
        s->hosts = hosts;
        s->vms = vms;
        s->n_hosts = f->n_nodes;
        s->n_vms = f->n_instances;
        return htools_rules(f, s);
}

int htools_file_parse(Arena *a, const ImportText *in, const Snapshot **ret, TextFault *reterr_fault) {
        TextFault fault = { 0 };
        HtoolsFile *f = arena_new(a, HtoolsFile, 1);
        Snapshot *s = arena_new(a, Snapshot, 1);
        int k;

        if (!f || !s)
                return -ENOMEM;
        f->arena = a;
        f->fault = &fault;
        k = htools_rows(f, in->data, in->n_data);
        if (k == 0 && in->use)
                k = use_read(f, in);
        if (k == 0)
                k = htools_file_finish(f, in, s);
        if (k == -EBADMSG)
                *reterr_fault = fault;
        if (k == 0)
                *ret = s;
        return k;
}

const Importer importer_htools = {
        .name = "htools",
        .summary = "the text format of Ganeti's htools, as hbal -t FILE -U UTIL reads it "
                   "(docs/htools-import.md)",
        .use = "instance cpu memory disk net",
        .parse = htools_file_parse,
};
