/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/vm_options.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/domain_xml.h"
#include "scheduler/app/terminal/file.h"

static const char *const vm_options_fields[] = { "vcpus", "memory",  "cpu",  "name", "group",
                                                 "label", "network", "pool", "like" };

static int vm_options_no_memory(TextFault *f) {
        text_fault(f, "", "out of memory");
        return -ENOMEM;
}

/* A list of the XML, its words separated by commas, one by one. */
static int set_words(Arena *a, NewVm *vm, const char *field, const char *list, TextFault *f) {
        int r = 0;

        while (r == 0 && *list) {
                const size_t n = strcspn(list, ",");
                const char *word = text_copy(a, list, n);

                if (!word)
                        return vm_options_no_memory(f);
                r = n > 0 ? what_if_vm_set(a, vm, field, word, "--xml", f) : 0;
                list += n + (list[n] == ',');
        }
        return r;
}

static bool some_host_has(const Snapshot *s, const char *pool) {
        for (HostIx h = 0; h < s->n_hosts; h++)
                for (uint32_t i = 0; i < s->hosts[h].pools.n; i++)
                        if (strcmp(s->hosts[h].pools.at[i], pool) == 0)
                                return true;
        return false;
}

/* Storage is known by its identity, a domain names libvirt's pools: one that no host has by that name cannot
 * be asked for. */
static int set_pools(Arena *a, const Snapshot *s, NewVm *vm, const DomainFacts *d, const char **ret_notes,
                     TextFault *f) {
        int r = 0;

        for (uint32_t i = 0; i < d->n_disks && r == 0; i++) {
                const char *pool = d->disks[i].pool;

                if (pool && some_host_has(s, pool))
                        r = what_if_vm_set(a, vm, "pool", pool, "--xml", f);
                else if (pool && !*ret_notes) {
                        *ret_notes = text_format(
                                a,
                                "no host reports a pool named %s: storage is not checked (use --pool to require one)",
                                pool);
                        r = *ret_notes ? 0 : vm_options_no_memory(f);
                }
        }
        return r;
}

/* The size that hosts take where none is said, if they take the same; 0: they do not, or none says it. */
static int64_t default_pages(const Snapshot *s) {
        int64_t kib = 0;

        for (HostIx h = 0; h < s->n_hosts; h++) {
                const HostPlatform *p = s->hosts[h].platform;

                if (!p || p->hugepages_default_kib == UNKNOWN)
                        continue;
                if (kib > 0 && kib != p->hugepages_default_kib)
                        return 0;
                kib = p->hugepages_default_kib;
        }
        return kib;
}

static int vm_options_note(Arena *a, const char *note, const char **io_notes) {
        *io_notes = *io_notes ? text_format(a, "%s; %s", *io_notes, note) : note;
        return *io_notes ? 0 : -ENOMEM;
}

/* Pages, cells, and which nodes and CPUs of its host it is bound to. */
static int set_cells(Arena *a, const Snapshot *s, NewVm *vm, const DomainFacts *d, const char **io_notes) {
        VmTies *ties;

        vm->vm.hugepages_kib = d->hugepages_default ? default_pages(s) : d->hugepages_kib;
        if (d->hugepages_default && vm->vm.hugepages_kib == 0 &&
            vm_options_note(
                    a,
                    "the size of its huge pages is not given, and the hosts' sizes differ: its memory is counted "
                    "as ordinary memory",
                    io_notes) < 0)
                return -ENOMEM;
        if (!d->cpu_pins && !d->numa_nodes && !d->numa_cells && !d->numa_bound)
                return 0;
        ties = arena_new(a, VmTies, 1);
        if (!ties)
                return -ENOMEM;
        *ties = (VmTies){ .snapshots = UNKNOWN,
                          .checkpoints = UNKNOWN,
                          .block_jobs = UNKNOWN,
                          .cpu_pins = d->cpu_pins,
                          .numa_nodes = d->numa_nodes,
                          .numa_cells = d->numa_cells,
                          .numa_bound = d->numa_bound };
        vm->vm.ties = ties;
        return 0;
}

static int read_xml(Invocation *in, const Snapshot *s, const char *path, NewVm *vm, const char **ret_notes,
                    TextFault *f) {
        Arena *a = in->arena;
        const char *text;
        DomainFacts d;
        size_t n;
        int r = file_read(a, path, &text, &n, f);

        if (r < 0)
                return r;
        r = domain_xml_parse(a, text, n, &d);
        if (r == -EBADMSG)
                text_fault(f, "", "not a libvirt domain XML. Use the output of virsh dumpxml VM");
        else if (r < 0)
                (void) vm_options_no_memory(f);
        if (r < 0)
                return r;
        vm->vm.vcpus = d.vcpus;
        vm->vm.memory_mib = d.memory_mib;
        vm->vm.arch = d.arch;
        vm->vm.machine = d.machine;
        vm->vm.cpu_model = d.cpu_model;
        vm->vm.emulator = d.emulator;
        if (d.pinned)
                *ret_notes = text_format(a, "it cannot be live-migrated later: %s", d.pinned);
        if (set_cells(a, s, vm, &d, ret_notes) < 0)
                return vm_options_no_memory(f);
        r = set_words(a, vm, "network", d.networks, f);
        if (r == 0)
                r = set_words(a, vm, "cpu_feature", d.cpu_features, f);
        if (r == 0)
                r = set_words(a, vm, "group", d.groups, f);
        if (r == 0)
                r = set_words(a, vm, "label", d.labels, f);
        return r == 0 ? set_pools(a, s, vm, &d, ret_notes, f) : r;
}

ExitStatus vm_options_read(Invocation *in, const Snapshot *s, NewVm *ret, const char **ret_notes) {
        const Options *o = &in->options;
        const char *xml = option_text(o, "xml"), *text;
        NewVm vm = what_if_vm();
        TextFault fault = { 0 };
        int r = 0;

        *ret_notes = NULL;
        if (xml)
                r = read_xml(in, s, xml, &vm, ret_notes, &fault);
        if (r < 0)
                return command_complain_fault(in, r == -ENOMEM ? EXIT_FAILED : EXIT_BAD_INPUT,
                                              strcmp(xml, "-") == 0 ? "standard input" : xml, &fault);
        for (size_t i = 0; i < ARRAY_SIZE(vm_options_fields) && r == 0; i++)
                for (unsigned k = 0; r == 0 && (text = option_nth(o, vm_options_fields[i], k)); k++) {
                        char option[32];

                        (void) snprintf(option, sizeof(option), "--%s", vm_options_fields[i]);
                        r = what_if_vm_set(in->arena, &vm, vm_options_fields[i], text, option, &fault);
                }
        if (r < 0)
                return command_complain_fault(in, r == -ENOMEM ? EXIT_FAILED : EXIT_BAD_INPUT, NULL, &fault);
        if (!vm.like && (vm.vm.vcpus == UNKNOWN || vm.vm.memory_mib == UNKNOWN))
                return command_complain(
                        in, EXIT_BAD_INPUT,
                        "No VM size given. Use --vcpus N --memory SIZE, --like VM or --xml FILE");
        *ret = vm;
        return EXIT_DONE;
}
