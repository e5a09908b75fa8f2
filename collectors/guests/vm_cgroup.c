/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/guests/vm_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "collectors/parse/cgroup.h"
#include "collectors/read/slurp.h"
#include "scheduler/base/text.h"

/* Where a controller may be mounted: v2 first, then v1 as systemd and as others do. */
static const char *const vm_cgroup_cpu_mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/cpu,cpuacct",
                                                    "/sys/fs/cgroup/cpu" };
static const char *const vm_cgroup_memory_mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/memory" };
static const char *const vm_cgroup_folders[] = { "machine.slice", "machine" };

typedef struct GroupSearch {
        Arena *arena;
        const char *root, *name;
        unsigned id;
} GroupSearch;

/* The domain's folder in one folder. 0; 1: not in it; -ENOMEM. */
static int vm_cgroup_find_in(const GroupSearch *s, const char *folder, const char **ret) {
        const char *path = text_format(s->arena, "%s%s", s->root, folder);
        DIR *dir = path ? opendir(path) : NULL;
        int r = path ? 1 : -ENOMEM;

        if (!dir)
                return r;
        for (struct dirent *e; r == 1 && (e = readdir(dir));)
                if (cgroup_is_of_domain(e->d_name, s->id, s->name)) {
                        *ret = text_format(s->arena, "%s/%s", folder, e->d_name);
                        r = *ret ? 0 : -ENOMEM;
                }
        (void) closedir(dir);
        return r;
}

static int vm_cgroup_find_below(const GroupSearch *s, const char *const *mounts, size_t n_mounts,
                                const char **ret, size_t *ret_mount) {
        int r = 1;

        for (size_t i = 0; r == 1 && i < n_mounts; i++)
                for (size_t k = 0; r == 1 && k < ARRAY_SIZE(vm_cgroup_folders); k++) {
                        const char *folder = text_format(s->arena, "%s/%s", mounts[i], vm_cgroup_folders[k]);

                        r = folder ? vm_cgroup_find_in(s, folder, ret) : -ENOMEM;
                        *ret_mount = i;
                }
        return r;
}

int vm_cgroup_find(Arena *a, const char *root, unsigned id, const char *name, VmCgroup *ret) {
        const GroupSearch s = { .arena = a, .root = root, .name = name, .id = id };
        VmCgroup g = { 0 };
        size_t cpu = 0, memory = 0;
        int r = vm_cgroup_find_below(&s, vm_cgroup_cpu_mounts, ARRAY_SIZE(vm_cgroup_cpu_mounts), &g.cpu,
                                     &cpu);

        if (r >= 0)
                r = vm_cgroup_find_below(&s, vm_cgroup_memory_mounts, ARRAY_SIZE(vm_cgroup_memory_mounts),
                                         &g.memory, &memory);
        if (r < 0)
                return r;
        g.unified = g.cpu && cpu == 0;
        *ret = g;
        return 0;
}

/* 0; 1: there is no such folder; else UNKNOWN. Adds to *sum. */
static int64_t vm_cgroup_add(Arena *scratch, const char *root, const char *folder, int64_t *sum) {
        const char *path = text_format(scratch, "%s/cpu.stat", folder), *text;
        int64_t ns;
        size_t n;
        int r = path ? file_slurp(scratch, root, path, &text, &n) : -ENOMEM;

        if (r == -ENOENT)
                return 1;
        if (r < 0 || cgroup_throttled_parse(text, n, &ns) < 0 || __builtin_add_overflow(*sum, ns, sum))
                return UNKNOWN;
        return 0;
}

/* Those of single vCPUs in one folder. */
static int64_t vm_cgroup_add_vcpus(Arena *scratch, const char *root, const char *folder, int64_t *sum) {
        const char *path = text_format(scratch, "%s%s", root, folder);
        DIR *dir = path ? opendir(path) : NULL;
        int64_t r = 0;

        if (!dir)
                return path && errno == ENOENT ? 0 : UNKNOWN;
        for (struct dirent *e; r >= 0 && (e = readdir(dir));)
                if (strncmp(e->d_name, "vcpu", strlen("vcpu")) == 0) {
                        const char *one = text_format(scratch, "%s/%s", folder, e->d_name);

                        r = one ? vm_cgroup_add(scratch, root, one, sum) : UNKNOWN;
                }
        (void) closedir(dir);
        return r < 0 ? r : 0;
}

int64_t vm_cgroup_throttled(const VmCgroup *g, Arena *scratch, const char *root, bool each_vcpu) {
        const char *below = g->cpu ? text_format(scratch, "%s/libvirt", g->cpu) : NULL;
        int64_t sum = 0;

        if (!below || vm_cgroup_add(scratch, root, g->cpu, &sum) != 0 ||
            vm_cgroup_add(scratch, root, below, &sum) < 0)
                return UNKNOWN;
        if (each_vcpu && (vm_cgroup_add_vcpus(scratch, root, g->cpu, &sum) < 0 ||
                          vm_cgroup_add_vcpus(scratch, root, below, &sum) < 0))
                return UNKNOWN;
        return sum;
}

int64_t vm_cgroup_swapped(const VmCgroup *g, Arena *scratch, const char *root) {
        const char *path, *text;
        int64_t bytes;
        size_t n;

        if (!g->memory)
                return UNKNOWN;
        path = text_format(scratch, "%s/%s", g->memory, g->unified ? "memory.swap.current" : "memory.stat");
        if (!path || file_slurp(scratch, root, path, &text, &n) < 0 ||
            (g->unified ? cgroup_number_parse(text, n, &bytes) : cgroup_swap_parse(text, n, &bytes)) < 0)
                return UNKNOWN;
        return bytes;
}

bool vm_cgroup_pressure(const VmCgroup *g, Arena *scratch, const char *root, VmPressure which,
                        Pressure *ret) {
        static const char *const files[VM_PRESSURE_N] = { "cpu.pressure", "memory.pressure", "io.pressure" };
        const char *path = g->unified ? text_format(scratch, "%s/%s", g->cpu, files[which]) : NULL, *text;
        size_t n;

        return path && file_slurp(scratch, root, path, &text, &n) == 0 && pressure_parse(text, n, ret) == 0;
}
