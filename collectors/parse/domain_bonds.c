/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/domain_bonds.h"

#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"
#include "scheduler/model/limits.h"

#define MIB (INT64_C(1) << 20)

int64_t domain_positive(const char *text, int64_t most) {
        int64_t value;

        return text && text_to_int(text, strlen(text), 1, most, &value) == 0 ? value : UNKNOWN;
}

int64_t domain_mib(Arena *a, const xmlNode *node, const char *text) {
        static const struct {
                const char *unit;
                int64_t per_mib, mib; /* units to a MiB, or MiB to a unit */
        } units[] = { { "KiB", 1024, 1 }, { "k", 1024, 1 }, { "MiB", 1, 1 }, { "M", 1, 1 },
                      { "GiB", 1, 1024 }, { "G", 1, 1024 }, { "b", MIB, 1 }, { "bytes", MIB, 1 },
                      { "TiB", 1, MIB },  { "T", 1, MIB } };
        const char *unit = xml_attribute(a, node, "unit");
        int64_t value = domain_positive(text, bound_of(BOUND_QUANTITY));

        for (size_t i = 0; value > 0 && i < ARRAY_SIZE(units); i++)
                if (strcmp(unit ? unit : "KiB", units[i].unit) == 0)
                        return (value * units[i].mib + units[i].per_mib - 1) / units[i].per_mib;
        return UNKNOWN;
}

#define NUMBERS_MAX CPU_NUMBERS_MAX

/* "0-3,^2,8" into a set; a list that is none adds nothing. */
static void numbers_add(uint8_t *set, const char *list) {
        for (const char *s = list; s && *s;) {
                const size_t n = strcspn(s, ","), without = *s == '^', dash = strcspn(s, ",-");
                int64_t first, last;

                if (text_to_int(s + without, dash - without, 0, bound_of(BOUND_CPU_NUMBER), &first) < 0)
                        return;
                last = first;
                if (dash < n &&
                    text_to_int(s + dash + 1, n - dash - 1, first, bound_of(BOUND_CPU_NUMBER), &last) < 0)
                        return;
                for (; first <= last; first++)
                        set[first] = !without;
                s += n + (s[n] == ',');
        }
}

/* "0-1,3,8"; NULL: the set is empty, or the arena is full. */
static const char *numbers_text(Arena *a, const uint8_t *set) {
        const char *text = NULL;

        for (int i = 0, last; i < NUMBERS_MAX; i = last + 1) {
                last = i;
                if (!set[i])
                        continue;
                while (last + 1 < NUMBERS_MAX && set[last + 1])
                        last++;
                text = last > i ? text_format(a, "%s%s%d-%d", text ? text : "", text ? "," : "", i, last)
                                : text_format(a, "%s%s%d", text ? text : "", text ? "," : "", i);
                if (!text)
                        return NULL;
        }
        return text;
}

/* Of its vCPUs, its emulator and its I/O threads: QEMU starts nowhere that lacks one of them. What numad chose is
 * chosen anew on the target. */
static const char *cpu_pins_of(Arena *a, const xmlNode *root) {
        static const char *const pins[] = { "vcpupin", "emulatorpin", "iothreadpin" };
        const xmlNode *tune = xml_child(root, "cputune"), *vcpu = xml_child(root, "vcpu");
        uint8_t set[NUMBERS_MAX] = { 0 };

        if (!xml_attribute_is(vcpu, "placement", "auto"))
                numbers_add(set, xml_attribute(a, vcpu, "cpuset"));
        for (size_t i = 0; i < ARRAY_SIZE(pins); i++)
                for (const xmlNode *p = xml_child(tune, pins[i]); p; p = xml_next(p, pins[i]))
                        numbers_add(set, xml_attribute(a, p, "cpuset"));
        return numbers_text(a, set);
}

/* mode='preferred' is a wish; nodes that numad chose are chosen anew. */
static const char *numa_nodes_of(Arena *a, const xmlNode *root) {
        const xmlNode *tune = xml_child(root, "numatune"), *memory = xml_child(tune, "memory");
        uint8_t set[NUMBERS_MAX] = { 0 };

        if (!xml_attribute_is(memory, "placement", "auto") && !xml_attribute_is(memory, "mode", "preferred"))
                numbers_add(set, xml_attribute(a, memory, "nodeset"));
        for (const xmlNode *m = xml_child(tune, "memnode"); m; m = xml_next(m, "memnode"))
                if (!xml_attribute_is(m, "mode", "preferred"))
                        numbers_add(set, xml_attribute(a, m, "nodeset"));
        return numbers_text(a, set);
}

/* <cpu><numa><cell cpus='0-3' memory='4194304' unit='KiB'/>: "0-3 4096; 4-7 4096". */
static const char *numa_cells_of(Arena *a, const xmlNode *root) {
        const xmlNode *numa = xml_child(xml_child(root, "cpu"), "numa");
        const char *text = NULL;

        for (const xmlNode *c = xml_child(numa, "cell"); c; c = xml_next(c, "cell")) {
                const char *cpus = xml_attribute(a, c, "cpus");
                const int64_t mib = domain_mib(a, c, xml_attribute(a, c, "memory"));

                text = text_format(a, "%s%s%s %lld", text ? text : "", text ? "; " : "", cpus ? cpus : "-",
                                   (long long) (mib > 0 ? mib : 0));
                if (!text)
                        return NULL;
        }
        return text;
}

/* "strict" is what libvirt takes where no mode is said; "restrictive" confines it by its cgroup alone. Other modes are
 * wishes, and with placement='auto' libvirt asks numad. */
static const char *strict_nodes(Arena *a, const xmlNode *node) {
        const char *mode = xml_attribute(a, node, "mode");
        uint8_t set[NUMBERS_MAX] = { 0 };

        if (!node || xml_attribute_is(node, "placement", "auto") ||
            (mode && strcmp(mode, "strict") != 0 && strcmp(mode, "restrictive") != 0))
                return NULL;
        numbers_add(set, xml_attribute(a, node, "nodeset"));
        return numbers_text(a, set);
}

/* CPUs of the host that the vCPUs of the list run on; NULL: one of them runs on any. */
static const char *pins_of(Arena *a, const xmlNode *root, const char *vcpus) {
        const xmlNode *tune = xml_child(root, "cputune"), *vcpu = xml_child(root, "vcpu");
        uint8_t which[NUMBERS_MAX] = { 0 }, set[NUMBERS_MAX] = { 0 };
        const char *rest = NULL;

        numbers_add(which, vcpus);
        for (const xmlNode *p = xml_child(tune, "vcpupin"); p; p = xml_next(p, "vcpupin")) {
                const char *number = xml_attribute(a, p, "vcpu");
                int64_t v;

                if (!number || text_to_int(number, strlen(number), 0, bound_of(BOUND_CPU_NUMBER), &v) < 0 ||
                    !which[v])
                        continue;
                which[v] = 0;
                numbers_add(set, xml_attribute(a, p, "cpuset"));
        }
        if (!xml_attribute_is(vcpu, "placement", "auto"))
                rest = xml_attribute(a, vcpu, "cpuset");
        for (int i = 0; i < NUMBERS_MAX; i++)
                if (which[i] && !rest)
                        return NULL;
                else if (which[i])
                        numbers_add(set, rest);
        return numbers_text(a, set);
}

/* What of memory was plugged in later is of the cell, too. */
static int64_t plugged_mib(Arena *a, const xmlNode *root, int64_t cell) {
        const xmlNode *devices = xml_child(root, "devices");
        int64_t sum = 0;

        for (const xmlNode *m = xml_child(devices, "memory"); m; m = xml_next(m, "memory")) {
                const xmlNode *target = xml_child(m, "target"), *size = xml_child(target, "size");
                const char *node = xml_text(a, xml_child(target, "node"));
                const int64_t mib = domain_mib(a, size, xml_text(a, size));
                int64_t number;

                if (node && text_to_int(node, strlen(node), 0, bound_of(BOUND_NODE_ID), &number) == 0 &&
                    number == cell && mib > 0 && sum < bound_of(BOUND_QUANTITY))
                        sum += mib;
        }
        return sum;
}

typedef struct CellWords {
        const char *cpus, *nodes;
        int64_t mib;
} CellWords;

static const char *bound_add(Arena *a, const xmlNode *root, const char *text, const CellWords *cell) {
        const char *pins = cell->cpus ? pins_of(a, root, cell->cpus) : NULL;

        return text_format(a, "%s%s%s %lld %s %s", text ? text : "", text ? "; " : "",
                           cell->cpus ? cell->cpus : "-", (long long) (cell->mib > 0 ? cell->mib : 0),
                           cell->nodes ? cell->nodes : "-", pins ? pins : "-");
}

/* <memnode> of the cell; else what <memory> says of all. */
static const char *cell_nodes(Arena *a, const xmlNode *tune, int64_t cell) {
        for (const xmlNode *m = xml_child(tune, "memnode"); m; m = xml_next(m, "memnode")) {
                const char *id = xml_attribute(a, m, "cellid");
                int64_t number;

                if (id && text_to_int(id, strlen(id), 0, bound_of(BOUND_NODE_ID), &number) == 0 &&
                    number == cell)
                        return strict_nodes(a, m);
        }
        return strict_nodes(a, xml_child(tune, "memory"));
}

/* As VmTies.numa_bound (scheduler/model/bound_cells.h); NULL: no cell is bound. A domain without cells is one. */
static const char *domain_bound_of(Arena *a, const xmlNode *root, const DomainFacts *f) {
        const xmlNode *tune = xml_child(root, "numatune"), *numa = xml_child(xml_child(root, "cpu"), "numa");
        const char *text = NULL;
        bool bound = false;
        int64_t number = 0;

        for (const xmlNode *c = xml_child(numa, "cell"); c; c = xml_next(c, "cell"), number++) {
                const int64_t own = domain_mib(a, c, xml_attribute(a, c, "memory"));
                const CellWords cell = { .cpus = xml_attribute(a, c, "cpus"),
                                         .nodes = cell_nodes(a, tune, number),
                                         .mib = plugged_mib(a, root, number) + (own > 0 ? own : 0) };

                text = bound_add(a, root, text, &cell);
                bound = bound || cell.nodes;
                if (!text)
                        return NULL;
        }
        if (!xml_child(numa, "cell") && f->vcpus > 0 && f->memory_mib > 0) {
                const CellWords all = { .cpus = text_format(a, "0-%lld", (long long) f->vcpus - 1),
                                        .nodes = strict_nodes(a, xml_child(tune, "memory")),
                                        .mib = f->memory_mib };

                text = bound_add(a, root, NULL, &all);
                bound = all.nodes;
        }
        return bound ? text : NULL;
}

void domain_bonds_read(Arena *a, const xmlNode *root, DomainFacts *f) {
        f->cpu_pins = cpu_pins_of(a, root);
        f->numa_nodes = numa_nodes_of(a, root);
        f->numa_cells = numa_cells_of(a, root);
        f->numa_bound = domain_bound_of(a, root, f);
}
