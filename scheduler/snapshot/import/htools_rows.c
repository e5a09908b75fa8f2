/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/import/htools_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/compare.h"
#include "scheduler/model/bounds.h"

enum { SECTION_GROUPS, SECTION_NODES, SECTION_INSTANCES, SECTION_TAGS, SECTION_POLICIES, SECTIONS };

int row_place(const Row *r) {
        r->file->fault->line = r->line;
        return -EBADMSG;
}

int row_next(Row *r, const char **next, const char *end) {
        const char *newline;

        if (*next == end)
                return 0;
        newline = memchr(*next, '\n', (size_t) (end - *next));
        r->text = (Span){ .s = *next, .n = (size_t) ((newline ? newline : end) - *next) };
        *next = newline ? newline + 1 : end;
        r->line++;
        return 1;
}

/* ---- fields ---- */

static void row_split(Row *r) {
        const char *s = r->text.s, *end = s + r->text.n;

        for (r->n = 0; r->n < ROW_FIELDS_MAX; r->n++) {
                const char *bar = s < end ? memchr(s, '|', (size_t) (end - s)) : NULL;

                r->fields[r->n] = (Span){ .s = s, .n = (size_t) ((bar ? bar : end) - s) };
                if (!bar) {
                        r->n++;
                        break;
                }
                s = bar + 1;
        }
}

static bool htools_rows_is_word(Span s, const char *word) {
        return strlen(word) == s.n && memcmp(s.s, word, s.n) == 0;
}

static int field_name(Row *r, Span s, const char *what, const char **ret) {
        if (!text_is_name(s.s, s.n))
                return row_refuse(r, what, "accepted: a name of 1 to 255 bytes without control characters");
        *ret = text_copy(r->file->arena, s.s, s.n);
        return *ret ? 0 : -ENOMEM;
}

/* Quantities may have decimals, which htools reads as floating point: rounded. */
static int htools_rows_field_number(Row *r, uint32_t i, const char *what, int64_t scale, int64_t max,
                                    int64_t *ret) {
        const Span s = r->fields[i];

        if (text_to_scaled(s.s, s.n, scale, 0, max, ret) < 0)
                return row_refuse(r, what, "field %u: found \"%.*s\"; accepted: a number from 0 to %lld",
                                  i + 1, s.n < 40 ? (int) s.n : 40, s.s, (long long) (max / scale));
        return 0;
}

/* "a,b": sorted, each once, empty ones dropped. */
static int field_tags(Row *r, Span s, const char *what, Strings *ret) {
        const char **tags;
        uint32_t n = 0, kept = 0;

        for (size_t i = 0; i < s.n; i++)
                n += s.s[i] == ',';
        tags = arena_new(r->file->arena, const char *, n + 1);
        if (!tags)
                return -ENOMEM;
        n = 0;
        for (size_t start = 0, i = 0; i <= s.n; i++) {
                if (i < s.n && s.s[i] != ',')
                        continue;
                if (i > start) {
                        int k = field_name(r, (Span){ .s = s.s + start, .n = i - start }, what, &tags[n]);

                        if (k < 0)
                                return k;
                        n++;
                }
                start = i + 1;
        }
        qsort(tags, n, sizeof(*tags), compare_strings);
        for (uint32_t i = 0; i < n; i++)
                if (i == 0 || strcmp(tags[kept - 1], tags[i]) != 0)
                        tags[kept++] = tags[i];
        *ret = (Strings){ .at = tags, .n = kept };
        return 0;
}

/* The name in the first field, new in `table`. */
static int new_name(Row *r, Span s, const char *what, NameTable *table, const char **ret) {
        int k = field_name(r, s, what, ret);

        if (k < 0)
                return k;
        if (name_table_find(table, s.s, s.n) != UINT32_MAX)
                return row_refuse(r, what, "\"%.80s\" already exists; accepted: each once", *ret);
        (void) name_table_add(table, *ret);
        return 0;
}

static int known_name(Row *r, uint32_t i, const char *what, const NameTable *table, uint32_t *ret) {
        const Span s = r->fields[i];
        char word[65] = "";
        const char *nearest;

        *ret = name_table_find(table, s.s, s.n);
        if (*ret != UINT32_MAX)
                return 0;
        memcpy(word, s.s, s.n < sizeof(word) ? s.n : 0);
        nearest = word[0] ? text_nearest(word, table->names, table->n) : NULL;
        return row_refuse(r, what, "field %u: \"%.*s\" not found in the sections above%s%.60s%s", i + 1,
                          s.n < 80 ? (int) s.n : 80, s.s, nearest ? "; did you mean \"" : "",
                          nearest ? nearest : "", nearest ? "\"?" : "");
}

/* ---- sections ---- */

/* name|uuid|alloc_policy|tags|networks */
static int group_row(HtoolsFile *f, Row *r) {
        static const char *const policies[] = { "preferred", "last_resort", "unallocable" };
        const uint32_t number = f->group_uuids.n;
        const char *uuid;
        int k;

        if (r->n < 3 || r->n > 5)
                return row_refuse(
                        r, "group",
                        "number of fields is %u; accepted: name|uuid|policy|tags|networks, at least 3", r->n);
        if (!htools_rows_is_word(r->fields[2], policies[0]) &&
            !htools_rows_is_word(r->fields[2], policies[1]) &&
            !htools_rows_is_word(r->fields[2], policies[2]))
                return row_refuse(r, "group", "field 3: accepted: preferred, last_resort, unallocable");
        k = field_name(r, r->fields[0], "group", &f->group_names[number]);
        return k < 0 ? k : new_name(r, r->fields[1], "group", &f->group_uuids, &uuid);
}

/* What only nodes that are online say. htools' speed is relative: 1.0 stands as 1000 MHz. */
static int node_numbers(Row *r, Host *host) {
        int64_t free_mib, speed = 1000;
        int k = htools_rows_field_number(r, 1, "node", 1, bound_of(BOUND_QUANTITY), &host->memory_mib);

        if (k == 0)
                k = htools_rows_field_number(r, 2, "node", 1, bound_of(BOUND_QUANTITY), &host->reserved_mib);
        if (k == 0)
                k = htools_rows_field_number(r, 3, "node", 1, bound_of(BOUND_QUANTITY), &free_mib);
        if (k == 0)
                k = htools_rows_field_number(r, 6, "node", 1, bound_of(BOUND_IMPORT_CPUS), &host->cpus);
        if (k == 0 && r->n > 14)
                k = htools_rows_field_number(r, 14, "node", 1000, bound_of(BOUND_IMPORT_CPUS), &speed);
        if (k < 0)
                return k;
        if (host->memory_mib == 0 || host->cpus == 0)
                return row_refuse(r, "node",
                                  "no memory or no CPUs; accepted: 0 only for an offline node (Y)");
        if (host->reserved_mib > host->memory_mib || free_mib > host->memory_mib)
                return row_refuse(r, "node", "node memory or free memory exceeds total memory (%lld MiB)",
                                  (long long) host->memory_mib);
        if (speed == 0)
                return row_refuse(r, "node", "field 15: found 0; accepted: a speed above 0");
        host->memory_used_mib = host->memory_mib - free_mib;
        host->memory_reclaimable_mib = 0; /* what it calls free it has counted so */
        host->cpu_mhz = speed;
        return 0;
}

/* name|total memory|node memory|free memory|disk|free disk|CPUs|N, Y (offline) or
 * M|group|spindles|tags|…|speed */
static int node_row(HtoolsFile *f, Row *r) {
        Node *node = &f->nodes[f->n_nodes];
        Host *h = &node->host;
        bool offline = false;
        int k;

        if (r->n < 9 || r->n > 15)
                return row_refuse(
                        r, "node",
                        "number of fields is %u; accepted: 9 to 15, name|t_mem|n_mem|f_mem|t_dsk|f_dsk|t_cpu|"
                        "offline|group|…",
                        r->n);
        *h = host_unknown();
        if (!htools_rows_is_word(r->fields[7], "N") && !htools_rows_is_word(r->fields[7], "M") &&
            !htools_rows_is_word(r->fields[7], "Y"))
                return row_refuse(r, "node", "field 8: accepted: N, Y (offline) or M (master)");
        offline = htools_rows_is_word(r->fields[7], "Y");
        for (uint32_t i = 1; i < 7; i++)
                offline = offline || htools_rows_is_word(r->fields[i], "?");
        k = new_name(r, r->fields[0], "node", &f->node_names, &h->name);
        if (k == 0)
                k = known_name(r, 8, "node", &f->group_uuids, &node->group);
        if (k == 0 && !offline)
                k = node_numbers(r, h);
        if (k < 0)
                return k;
        h->zone = f->group_names[node->group];
        h->state = offline ? HOST_OFFLINE : HOST_ACTIVE;
        f->n_nodes++;
        return 0;
}

static const struct {
        const char *name;
        const char *unmovable; /* why, or NULL */
} htools_rows_templates[] = {
        { "ext", NULL },
        { "rbd", NULL },
        { "sharedfile", NULL },
        { "gluster", NULL },
        { "blockdev", NULL },
        { "diskless", NULL },
        { "drbd", NULL },
        { "plain", "its disks (plain) are local to its node" },
        { "file", "its disks (file) are local to its node" },
};

static int instance_disks(HtoolsFile *f, Row *r, Instance *instance) {
        size_t t = 0;

        while (t < ARRAY_SIZE(htools_rows_templates) &&
               !htools_rows_is_word(r->fields[8], htools_rows_templates[t].name))
                t++;
        if (t == ARRAY_SIZE(htools_rows_templates))
                return row_refuse(r, "instance",
                                  "field 9: accepted: ext, rbd, sharedfile, gluster, blockdev, diskless, "
                                  "drbd, plain, file");
        instance->vm.unmovable_why = htools_rows_templates[t].unmovable;
        instance->vm.movable = !htools_rows_templates[t].unmovable;
        instance->second = UINT32_MAX;
        if (r->fields[7].n > 0) {
                int k = known_name(r, 7, "instance", &f->node_names, &instance->second);

                if (k < 0)
                        return k;
                if (instance->second == instance->node)
                        return row_refuse(r, "instance",
                                          "field 8: same as its primary node; accepted: another node");
        }
        if (!htools_rows_is_word(r->fields[8], "drbd"))
                instance->second = UINT32_MAX;
        else if (instance->second == UINT32_MAX)
                return row_refuse(r, "instance", "field 8: a drbd instance needs a secondary node");
        return 0;
}

/* 1: it runs; 0: it does not. */
static int instance_runs(Row *r) {
        static const char *const idle[] = { "ADMIN_down",     "ADMIN_offline",     "ERROR_down",
                                            "ERROR_nodedown", "ERROR_nodeoffline", "ERROR_wrongnode",
                                            "USER_down" };
        bool forthcoming = r->n > 12 && htools_rows_is_word(r->fields[12], "Y");

        if (htools_rows_is_word(r->fields[4], "running") || htools_rows_is_word(r->fields[4], "ERROR_up"))
                return !forthcoming;
        for (size_t i = 0; i < ARRAY_SIZE(idle); i++)
                if (htools_rows_is_word(r->fields[4], idle[i]))
                        return 0;
        return row_refuse(r, "instance",
                          "field 5: accepted: running, ERROR_up, ERROR_down, ADMIN_down, ADMIN_offline, "
                          "USER_down, ERROR_nodedown, ERROR_nodeoffline, ERROR_wrongnode");
}

/* name|memory|disk|vCPUs|status|auto balance|node|second node|disk template|tags|… */
static int instance_row(HtoolsFile *f, Row *r) {
        Instance *x = &f->instances[f->n_instances];
        const char *name;
        int k, runs;

        if (r->n < 10 || r->n > 13)
                return row_refuse(
                        r, "instance",
                        "number of fields is %u; accepted: 10 to 13, name|mem|dsk|vcpus|status|balance|"
                        "node|node|template|tags|…",
                        r->n);
        *x = (Instance){ .vm = vm_unknown() };
        if (!htools_rows_is_word(r->fields[5], "Y") && !htools_rows_is_word(r->fields[5], "N"))
                return row_refuse(r, "instance", "field 6: accepted: Y or N");
        if (name_table_find(&f->left_out, r->fields[0].s, r->fields[0].n) != UINT32_MAX)
                return row_refuse(r, "instance", "the name already exists; accepted: unique names");
        k = runs = instance_runs(r);
        if (k >= 0)
                k = new_name(r, r->fields[0], "instance", runs ? &f->instance_names : &f->left_out, &name);
        if (k == 0 && !runs && name_table_find(&f->instance_names, name, strlen(name)) != UINT32_MAX)
                k = row_refuse(r, "instance", "the name already exists; accepted: unique names");
        if (k == 0)
                k = htools_rows_field_number(r, 1, "instance", 1, bound_of(BOUND_QUANTITY),
                                             &x->vm.memory_mib);
        if (k == 0)
                k = htools_rows_field_number(r, 3, "instance", 1, bound_of(BOUND_IMPORT_CPUS), &x->vm.vcpus);
        if (k == 0)
                k = known_name(r, 6, "instance", &f->node_names, &x->node);
        if (k == 0)
                k = instance_disks(f, r, x);
        if (k == 0)
                k = field_tags(r, r->fields[9], "instance", &x->tags);
        if (k < 0 || !runs)
                return k;
        x->vm.name = name;
        x->vm.groups = x->tags;
        f->n_instances++;
        return 0;
}

static int tag_row(HtoolsFile *f, Row *r) {
        static const char prefix[] = "htools:iextags:";
        const size_t n = strlen(prefix);
        int k;

        if (!text_is_name(r->text.s, r->text.n))
                return row_refuse(r, "tag", "accepted: a tag of 1 to 255 bytes without control characters");
        if (r->text.n <= n || memcmp(r->text.s, prefix, n) != 0)
                return 0;
        k = field_name(r, (Span){ .s = r->text.s + n, .n = r->text.n - n }, "tag",
                       (const char **) &f->exclusion.at[f->exclusion.n]);
        f->exclusion.n += k == 0;
        return k;
}

static int section_row(HtoolsFile *f, Row *r, uint32_t section) {
        row_split(r);
        switch (section) {
        case SECTION_GROUPS:
                return group_row(f, r);
        case SECTION_NODES:
                return node_row(f, r);
        case SECTION_INSTANCES:
                return instance_row(f, r);
        case SECTION_TAGS:
                return tag_row(f, r);
        default:
                return r->n >= 6
                               ? 0
                               : row_refuse(r, "policy", "number of fields is %u; accepted: 6 or more", r->n);
        }
}

/* Room for the rows of each section. */
static int tables_take(HtoolsFile *f, const char *text, size_t n) {
        size_t rows[SECTIONS] = { 0 };
        const char *next = text, *end = text + n;
        uint32_t section = 0;
        Row r = { .file = f };
        int k = 0;

        while (row_next(&r, &next, end) > 0) {
                if (r.text.n > 0)
                        rows[section]++;
                else if (++section == SECTIONS)
                        return row_refuse(
                                &r, "",
                                "more than 5 sections; accepted: groups, nodes, instances, tags, policies, "
                                "one empty line between each");
        }
        if (section < SECTION_TAGS)
                return row_refuse(
                        &r, "",
                        "%u sections; accepted: groups, nodes, instances, tags, policies, one empty line "
                        "between each",
                        section + 1);
        if (rows[SECTION_NODES] > HOSTS_MAX || rows[SECTION_INSTANCES] > VMS_MAX ||
            rows[SECTION_GROUPS] > HOSTS_MAX)
                return row_refuse(&r, "", "too many; accepted: at most %u nodes and %u instances", HOSTS_MAX,
                                  VMS_MAX);
        f->group_names = arena_new(f->arena, const char *, rows[SECTION_GROUPS]);
        f->nodes = arena_new(f->arena, Node, rows[SECTION_NODES]);
        f->instances = arena_new(f->arena, Instance, rows[SECTION_INSTANCES]);
        f->exclusion.at = arena_new(f->arena, const char *, rows[SECTION_TAGS]);
        if (!f->group_names || !f->nodes || !f->instances || !f->exclusion.at)
                return -ENOMEM;
        k = name_table_new(f->arena, (uint32_t) rows[SECTION_GROUPS], &f->group_uuids);
        if (k == 0)
                k = name_table_new(f->arena, (uint32_t) rows[SECTION_NODES], &f->node_names);
        if (k == 0)
                k = name_table_new(f->arena, (uint32_t) rows[SECTION_INSTANCES], &f->instance_names);
        return k < 0 ? k : name_table_new(f->arena, (uint32_t) rows[SECTION_INSTANCES], &f->left_out);
}

/* Speeds are told only where they differ. */
static void speeds_finish(HtoolsFile *f) {
        bool differ = false;

        for (uint32_t i = 0; i < f->n_nodes; i++)
                differ = differ || (f->nodes[i].host.cpu_mhz != UNKNOWN && f->nodes[i].host.cpu_mhz != 1000);
        for (uint32_t i = 0; !differ && i < f->n_nodes; i++)
                f->nodes[i].host.cpu_mhz = UNKNOWN;
}

int htools_rows(HtoolsFile *f, const char *text, size_t n) {
        const char *next = text, *end = text + n;
        uint32_t section = 0;
        Row r = { .file = f };
        int k = tables_take(f, text, n);

        while (k == 0 && row_next(&r, &next, end) > 0) {
                if (r.text.n == 0)
                        section++;
                else
                        k = section_row(f, &r, section);
        }
        if (k == 0)
                speeds_finish(f);
        return k;
}
