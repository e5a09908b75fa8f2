/* SPDX-License-Identifier: Apache-2.0 */
/* The words of what-if: fields of a VM or host to be, as a person writes them. */
#include <errno.h>
#include <string.h>

#include "scheduler/model/host_label.h"
#include "scheduler/snapshot/build/what_if.h"

#define CORES_MAX (INT64_C(1) << 20)

typedef enum SpecKind {
        SPEC_NAME,
        SPEC_COUNT,  /* int64_t, 1 … most */
        SPEC_MIB,    /* int64_t */
        SPEC_MCORES, /* int64_t */
        SPEC_NAMES,  /* Strings, one more */
        SPEC_LABELS, /* Strings, one more, "key=value" */
        SPEC_HOST_LABELS,
} SpecKind;

typedef struct SpecDef {
        const char *name;
        SpecKind kind;
        size_t at;
        int64_t most;
} SpecDef;

static const SpecDef vm_specs[] = {
        { "name", SPEC_NAME, offsetof(NewVm, vm.name), 0 },
        { "vcpus", SPEC_COUNT, offsetof(NewVm, vm.vcpus), CORES_MAX },
        { "memory", SPEC_MIB, offsetof(NewVm, vm.memory_mib), QUANTITY_MAX },
        { "cpu", SPEC_MCORES, offsetof(NewVm, vm.cpu_mcores), CORES_MAX * 1000 },
        { "group", SPEC_NAMES, offsetof(NewVm, vm.groups), 0 },
        { "label", SPEC_LABELS, offsetof(NewVm, vm.labels), 0 },
        { "network", SPEC_NAMES, offsetof(NewVm, vm.networks), 0 },
        { "pool", SPEC_NAMES, offsetof(NewVm, vm.pools), 0 },
        { "cpu_model", SPEC_NAME, offsetof(NewVm, vm.cpu_model), 0 },
        { "arch", SPEC_NAME, offsetof(NewVm, vm.arch), 0 },
        { "machine", SPEC_NAME, offsetof(NewVm, vm.machine), 0 },
        { "emulator", SPEC_NAME, offsetof(NewVm, vm.emulator), 0 },
        { "cpu_feature", SPEC_NAMES, offsetof(NewVm, vm.cpu_features), 0 },
        { "hugepages_kib", SPEC_COUNT, offsetof(NewVm, vm.hugepages_kib), INT64_C(1) << 30 },
        { "priority", SPEC_COUNT, offsetof(NewVm, vm.priority), 1000 },
        { "like", SPEC_NAME, offsetof(NewVm, like), 0 },
        { "count", SPEC_COUNT, offsetof(NewVm, count), 10000 },
        { 0 },
};

static const SpecDef host_specs[] = {
        { "name", SPEC_NAME, offsetof(NewHost, host.name), 0 },
        { "cpus", SPEC_COUNT, offsetof(NewHost, host.cpus), CORES_MAX },
        { "memory", SPEC_MIB, offsetof(NewHost, host.memory_mib), QUANTITY_MAX },
        { "mhz", SPEC_COUNT, offsetof(NewHost, host.cpu_mhz), CORES_MAX },
        { "zone", SPEC_NAME, offsetof(NewHost, host.zone), 0 },
        { "rack", SPEC_NAME, offsetof(NewHost, host.rack), 0 },
        { "neighborhood", SPEC_NAME, offsetof(NewHost, host.neighborhood), 0 },
        { "label", SPEC_HOST_LABELS, offsetof(NewHost, host.labels), 0 },
        { "arch", SPEC_NAME, offsetof(NewHost, host.arch), 0 },
        { "cpu_model", SPEC_NAME, offsetof(NewHost, host.cpu_model), 0 },
        { "network", SPEC_NAMES, offsetof(NewHost, host.networks), 0 },
        { "pool", SPEC_NAMES, offsetof(NewHost, host.pools), 0 },
        { "like", SPEC_NAME, offsetof(NewHost, like), 0 },
        { 0 },
};

NewVm what_if_vm(void) {
        NewVm new = { .count = 1, .vm = vm_unknown() };

        new.vm.vcpus = new.vm.memory_mib = new.vm.priority = UNKNOWN;
        return new;
}

NewHost what_if_host(void) {
        NewHost new = { .host = host_unknown() };

        new.host.cpus = new.host.memory_mib = UNKNOWN;
        return new;
}

/* ---- one field ---- */

static int parse_mib(const char *text, int64_t most, int64_t *ret) {
        static const struct {
                const char *unit;
                int64_t mib;
        } units[] = { { "MiB", 1 },     { "M", 1 },         { "GiB", 1 << 10 },
                      { "G", 1 << 10 }, { "TiB", 1 << 20 }, { "T", 1 << 20 } };
        const size_t n = strspn(text, "0123456789.");
        const char *unit = text + n + strspn(text + n, " ");

        for (size_t i = 0; i < ARRAY_SIZE(units); i++)
                if (strcmp(unit, units[i].unit) == 0)
                        return text_to_scaled(text, n, units[i].mib, 1, most, ret);
        return -EINVAL;
}

/* One more at the end; each once. */
static int what_if_spec_append(Arena *a, Strings *list, const char *word) {
        const char **at = arena_new(a, const char *, (size_t) list->n + 1);

        if (!at)
                return -ENOMEM;
        for (uint32_t i = 0; i < list->n; i++) {
                at[i] = list->at[i];
                if (strcmp(at[i], word) == 0)
                        return 0;
        }
        at[list->n] = word;
        *list = (Strings){ .at = at, .n = list->n + 1 };
        return 0;
}

static int is_wrong(const char *option, const char *text, const char *accepted, TextFault *f) {
        text_fault(f, "", "%s %.80s: accepted: %s", option, text, accepted);
        return -EINVAL;
}

static int set_name(Arena *a, const SpecDef *d, void *object, const char *text, const char *option,
                    TextFault *f) {
        const char *equals = strchr(text, '='), *copy;
        const char **name = (const char **) ((char *) object + d->at);

        if (!text_is_name(text, strlen(text)))
                return is_wrong(option, text, "a name", f);
        if (d->kind == SPEC_LABELS && (!equals || equals == text))
                return is_wrong(option, text, "KEY=VALUE", f);
        copy = text_copy(a, text, strlen(text));
        if (!copy)
                return -ENOMEM;
        if (d->kind != SPEC_NAME)
                return what_if_spec_append(a, (Strings *) (void *) name, copy);
        *name = copy;
        return 0;
}

/* Of one key the last counts. */
static int set_host_label(Arena *a, Strings *labels, const char *text, const char *option, TextFault *f) {
        const Strings one = { .at = &text, .n = 1 };

        if (host_label_check(text, f) < 0) {
                text_fault(f, "", "%s %.80s: accepted: KEY=VALUE: %s", option, text, HOST_LABEL_ACCEPTED);
                return -EINVAL;
        }
        return host_labels_merge(a, labels, &one, labels);
}

static int set_field(Arena *a, const SpecDef *d, void *object, const char *text, const char *option,
                     TextFault *f) {
        int64_t *number = (int64_t *) (void *) ((char *) object + d->at), value;

        switch (d->kind) {
        case SPEC_COUNT:
                if (text_to_int(text, strlen(text), 1, d->most, &value) < 0) {
                        text_fault(f, "", "%s %.80s: accepted: a whole number from 1 to %lld", option, text,
                                   (long long) d->most);
                        return -EINVAL;
                }
                break;
        case SPEC_MIB:
                if (parse_mib(text, d->most, &value) < 0)
                        return is_wrong(option, text, "a size with its unit, such as 512MiB or 16GiB", f);
                break;
        case SPEC_MCORES:
                if (text_to_scaled(text, strlen(text), 1000, 0, d->most, &value) < 0)
                        return is_wrong(option, text, "a number of cores, such as 0.5 or 4", f);
                break;
        case SPEC_NAME:
        case SPEC_NAMES:
        case SPEC_LABELS:
                return set_name(a, d, object, text, option, f);
        case SPEC_HOST_LABELS:
                return set_host_label(a, (Strings *) (void *) number, text, option, f);
        }
        *number = value;
        return 0;
}

static const SpecDef *spec_by_name(const SpecDef *specs, const char *name) {
        for (; specs->name; specs++)
                if (strcmp(specs->name, name) == 0)
                        return specs;
        return NULL;
}

int what_if_vm_set(Arena *a, NewVm *vm, const char *field, const char *text, const char *option,
                   TextFault *reterr_fault) {
        const SpecDef *d = spec_by_name(vm_specs, field);

        assert(d);
        return set_field(a, d, vm, text, option, reterr_fault);
}

/* ---- all fields ---- */

static int what_if_spec_unknown_field(const SpecDef *specs, const char *option, const char *name,
                                      TextFault *f) {
        const char *names[ARRAY_SIZE(vm_specs) + ARRAY_SIZE(host_specs)], *nearest;
        size_t n = 0;

        for (const SpecDef *d = specs; d->name; d++)
                names[n++] = d->name;
        nearest = text_nearest(name, names, n);
        text_fault(f, "", "%s: unknown field '%.40s'%s%s%s", option, name, nearest ? "; did you mean '" : "",
                   nearest ? nearest : "", nearest ? "'?" : "");
        return -EINVAL;
}

static int spec_parse(Arena *a, const SpecDef *specs, const char *option, const char *text, void *object,
                      TextFault *f) {
        char *copy = text_copy(a, text, strlen(text)), *next = copy;
        int r = copy ? 0 : -ENOMEM;

        while (r == 0 && next && *next) {
                char *field = next, *equals = strchr(field, '=');
                const SpecDef *d;
                const char *full;

                next = strchr(field, ',');
                if (next)
                        *next++ = '\0';
                if (!equals || (next && equals >= next) || equals == field) {
                        text_fault(f, "", "%s %.80s: accepted: FIELD=VALUE, separated by commas", option,
                                   text);
                        return -EINVAL;
                }
                *equals = '\0';
                d = spec_by_name(specs, field);
                if (!d)
                        return what_if_spec_unknown_field(specs, option, field, f);
                full = text_format(a, "%s %s", option, field);
                r = full ? set_field(a, d, object, equals + 1, full, f) : -ENOMEM;
        }
        return r;
}

int what_if_vm_parse(Arena *a, const char *text, NewVm *ret, TextFault *reterr_fault) {
        NewVm vm = what_if_vm();
        int r = spec_parse(a, vm_specs, "--add-vm", text, &vm, reterr_fault);

        if (r == 0)
                *ret = vm;
        return r;
}

int what_if_host_parse(Arena *a, const char *text, NewHost *ret, TextFault *reterr_fault) {
        NewHost host = what_if_host();
        int r = spec_parse(a, host_specs, "--add-host", text, &host, reterr_fault);

        if (r == 0)
                *ret = host;
        return r;
}
