/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/disk_join.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/snapshot/health/disk_slot.h"

#define PREFIX_LEAST 8 /* of a serial number that another source tells at full length (SAS) */

typedef struct Key {
        const char *text; /* "s:SERIAL", "w:WWN", "a:ADDRESS" */
        uint32_t device;
} Key;

typedef struct Join {
        Arena *a;
        DeviceTable *t;
        Key *keys;
        uint32_t n;
        bool *member; /* [device] an array names it */
} Join;

/* ---- keys ---- */

static char disk_join_upper(char c) {
        return (char) (c >= 'a' && c <= 'z' ? c - ('a' - 'A') : c);
}

static bool same_letters(const char *left, const char *right, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (disk_join_upper(left[i]) != disk_join_upper(right[i]))
                        return false;
        return true;
}

/* Capital letters and digits of it alone; NULL: nothing to know a disk by, as "0000" or "N/A". */
static const char *key_text(Arena *a, char kind, const char *value) {
        char *text = text_format(a, "%c:%s", kind, value);
        bool same = true;
        size_t n = 2;

        if (!text)
                return NULL;
        if (value[0] == '0' && disk_join_upper(value[1]) == 'X')
                value += 2;
        for (const char *s = value; *s; s++)
                if ((*s >= '0' && *s <= ':') || (disk_join_upper(*s) >= 'A' && disk_join_upper(*s) <= 'Z'))
                        text[n++] = disk_join_upper(*s);
        text[n] = '\0';
        for (size_t i = 3; i < n; i++)
                same = same && text[i] == text[2];
        return n > 2 && !(same && n > 3) && strcmp(text + 2, "NA") != 0 && strcmp(text + 2, "UNKNOWN") != 0
                       ? text
                       : "";
}

static int key_add(Join *j, uint32_t device, char kind, const char *value) {
        const char *text = value && *value ? key_text(j->a, kind, value) : "";

        if (!text)
                return -ENOMEM;
        if (*text)
                j->keys[j->n++] = (Key){ text, device };
        return 0;
}

static int keys_of_device(Join *j, uint32_t i) {
        static const struct {
                Metric metric;
                char kind;
        } all[] = { { METRIC_DISK_SERIAL, 's' }, { METRIC_BLOCK_SERIAL, 's' }, { METRIC_FAULT_SERIAL, 's' },
                    { METRIC_DISK_WWN, 'w' },    { METRIC_BLOCK_WWN, 'w' },    { METRIC_DISK_ADDRESS, 'a' } };
        const Device *d = &j->t->devices[i];
        int k = 0;

        if (device_is_word(d) || d->kind == DEVICE_HOST)
                return 0;
        if (d->kind == DEVICE_TOOL)
                return key_add(j, i, 's', d->serial);
        for (size_t m = 0; m < ARRAY_SIZE(all) && k == 0; m++)
                k = key_add(j, i, all[m].kind, device_text(d, all[m].metric));
        return k;
}

static int disk_join_key_compare(const void *left, const void *right) {
        const Key *x = left, *y = right;
        int order = strcmp(x->text, y->text);

        return order != 0 ? order : (x->device > y->device) - (x->device < y->device);
}

/* ---- which are one ---- */

static bool disk_join_list_names(const char *list, const char *name) {
        size_t n = strlen(name);

        for (const char *s = list; s && *s; s += strcspn(s, ","), s += *s == ',')
                if (strcspn(s, ",") == n && strncmp(s, name, n) == 0)
                        return true;
        return false;
}

static bool is_kernels(const Device *d) {
        for (const Reading *r = d->readings; r; r = r->next)
                if (strncmp(metric_defs[r->metric].name, "block.", 6) == 0)
                        return true;
        return disk_join_list_names(device_text(d, METRIC_DISK_BLOCKS), d->name);
}

static void members_mark(Join *j) {
        static const Metric lists[] = { METRIC_ARRAY_MEMBERS, METRIC_ARRAY_LOST };

        for (uint32_t i = 0; i < j->t->names.n; i++)
                for (size_t m = 0; m < ARRAY_SIZE(lists); m++) {
                        const char *s = device_text(&j->t->devices[i], lists[m]);

                        for (; s && *s; s += strcspn(s, ","), s += *s == ',') {
                                uint32_t k = name_table_find(&j->t->names, s, strcspn(s, ","));

                                if (k != UINT32_MAX)
                                        j->member[k] = true;
                        }
                }
}

static Device *first_name(Device *d) {
        return d->same ? d->same : d;
}

/* The lower, the better it stands for the others. */
static int disk_join_rank_of(const Join *j, const Device *d) {
        return is_kernels(d) ? 0 : j->member[d - j->t->devices] ? 1 : d->kind == DEVICE_STORAGE ? 2 : 3;
}

static bool disk_join_stands_before(const Join *j, const Device *d, const Device *other) {
        int a = disk_join_rank_of(j, d), b = disk_join_rank_of(j, other);

        return a != b ? a < b : strcmp(d->name, other->name) < 0;
}

static bool disk_join_has_source(const Device *d, const char *source) {
        for (; d; d = d->other)
                if (strcmp(d->source, source) == 0)
                        return true;
        return false;
}

/* Whether a source tells of both, and so of two disks; or their serial numbers say so. */
static bool are_two(const Device *left, const Device *right) {
        const char *x = device_text(left, METRIC_DISK_SERIAL), *y = device_text(right, METRIC_DISK_SERIAL);
        size_t n = x && y ? (strlen(x) < strlen(y) ? strlen(x) : strlen(y)) : 0;

        if (x && y && (!same_letters(x, y, n) || (strlen(x) != strlen(y) && n < PREFIX_LEAST)))
                return true;
        for (const Device *d = left; d; d = d->other)
                if (disk_join_has_source(right, d->source))
                        return true;
        return false;
}

static void device_merge(Device *into, Device *from) {
        Reading **end = &into->readings;
        Device *last = into;

        while (*end)
                end = &(*end)->next;
        *end = from->readings;
        from->readings = NULL;
        while (last->other)
                last = last->other;
        last->other = from;
        for (Device *d = from; d; d = d->other)
                d->same = into;
        into->serial = into->serial ? into->serial : from->serial;
        into->unread = into->unread ? into->unread : from->unread;
        if (from->tool_grade > into->tool_grade) {
                into->tool_grade = from->tool_grade;
                into->tool_why = from->tool_why;
                into->tool_vms = from->tool_vms;
        }
}

/* Of one that could be any of several block devices: it appears as all of them. */
static int appears_as(Join *j, Device *d, Device *const *blocks, uint32_t n) {
        Reading *reading = arena_new(j->a, Reading, 1);
        const char *list = "";

        for (uint32_t i = 0; i < n && list; i++)
                list = text_format(j->a, "%s%s%s", list, i > 0 ? "," : "", blocks[i]->name);
        if (!reading || !list)
                return -ENOMEM;
        *reading = (Reading){ METRIC_DISK_BLOCKS, 0, list, d->readings };
        d->readings = reading;
        return 0;
}

/* Those of one key. */
static int group_join(Join *j, const Key *keys, uint32_t n) {
        Device **blocks = arena_new(j->a, Device *, n), **others = arena_new(j->a, Device *, n);
        uint32_t n_blocks = 0, n_others = 0;
        Device *first = NULL;
        int k = 0;

        if (!blocks || !others)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                Device *d = first_name(&j->t->devices[keys[i].device]);
                Device **list = is_kernels(d) ? blocks : others;
                uint32_t *count = list == blocks ? &n_blocks : &n_others;
                bool known = false;

                for (uint32_t m = 0; m < *count; m++)
                        known = known || list[m] == d;
                if (!known)
                        list[(*count)++] = d;
        }
        for (uint32_t i = 0; i < n_others; i++)
                for (uint32_t m = 0; m < i; m++)
                        if (are_two(others[m], others[i]))
                                return 0;
        for (uint32_t i = 0; i < n_others; i++)
                first = !first || disk_join_stands_before(j, others[i], first) ? others[i] : first;
        if (n_blocks == 1 && first && !are_two(blocks[0], first))
                first = blocks[0];
        for (uint32_t i = 0; i < n_others; i++)
                if (others[i] != first)
                        device_merge(first, others[i]);
        if (n_blocks > 1 && first)
                k = appears_as(j, first, blocks, n_blocks);
        return k;
}

/* How many keys from i on are one: the same, or a serial number and the one at full length. */
static uint32_t group_size(const Join *j, uint32_t i) {
        const char *text = j->keys[i].text;
        size_t length = strlen(text);
        uint32_t n = 1, more;

        while (i + n < j->n && strcmp(j->keys[i + n].text, text) == 0)
                n++;
        if (text[0] != 's' || length < PREFIX_LEAST + 2 || i + n >= j->n ||
            strncmp(j->keys[i + n].text, text, length) != 0)
                return n;
        for (more = n; i + more < j->n && strcmp(j->keys[i + more].text, j->keys[i + n].text) == 0;)
                more++;
        /* two longer ones: it could be either */
        return i + more < j->n && strncmp(j->keys[i + more].text, text, length) == 0 ? n : more;
}

/* ---- by their slots ---- */

/* Of each disk without a serial number, which it is by its slot. Asked before any are joined: what is joined is told
 * under one of its names. */
static void slots_pair(const DeviceTable *t, Device **pairs) {
        for (uint32_t i = 0; i < t->names.n; i++)
                if (!device_text(&t->devices[i], METRIC_DISK_SERIAL))
                        pairs[i] = disk_by_slot(t, &t->devices[i]);
}

static void pairs_join(const Join *j, Device *const *pairs) {
        for (uint32_t i = 0; i < j->t->names.n; i++) {
                Device *d = first_name(&j->t->devices[i]), *other = pairs[i] ? first_name(pairs[i]) : d;

                if (d == other || are_two(d, other))
                        continue;
                if (disk_join_stands_before(j, d, other))
                        device_merge(d, other);
                else
                        device_merge(other, d);
        }
}

int disks_join(Arena *a, DeviceTable *t) {
        Device **pairs = arena_new(a, Device *, t->names.n);
        Join j = { .a = a,
                   .t = t,
                   .keys = arena_new(a, Key, (size_t) t->names.n * 6),
                   .member = arena_new(a, bool, t->names.n) };
        int k = j.keys && j.member && pairs ? 0 : -ENOMEM;

        for (uint32_t i = 0; k == 0 && i < t->names.n; i++)
                k = keys_of_device(&j, i);
        if (k == 0) {
                slots_pair(t, pairs);
                qsort(j.keys, j.n, sizeof(*j.keys), disk_join_key_compare);
                members_mark(&j);
        }
        for (uint32_t i = 0, n; k == 0 && i < j.n; i += n) {
                n = group_size(&j, i);
                if (n > 1)
                        k = group_join(&j, &j.keys[i], n);
        }
        if (k == 0)
                pairs_join(&j, pairs);
        return k;
}
