/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/setup_guests.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/decide/problem/problem_build.h"

typedef struct GuestsPair {
        VmIx first; /* of those that miss it */
        uint32_t n;
} GuestsPair;

/* The guests with nothing but what is asked here: networks, disks, pages are another matter. */
static const Snapshot *setup_guests_alone(Arena *a, const Snapshot *s, bool cpu) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Vm *vms = arena_new(a, Vm, s->n_vms);

        if (!copy || !vms)
                return NULL;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];

                vms[v] = *vm;
                vms[v].ties = NULL;
                vms[v].networks = vms[v].pools = (Strings){ 0 };
                vms[v].hugepages_kib = vms[v].local_disk_mib = 0;
                if (cpu) {
                        vms[v].machine = vms[v].emulator = NULL;
                } else {
                        vms[v].cpu_model = NULL;
                        vms[v].cpu_features = (Strings){ 0 };
                }
        }
        *copy = *s;
        copy->vms = vms;
        return copy;
}

static const char *setup_guests_need(Arena *a, const Vm *vm, Reason reason) {
        switch (reason) {
        case REASON_MACHINE:
                return text_format(a, "machine type %s", vm->machine ? vm->machine : "?");
        case REASON_EMULATOR:
                return text_format(a, "emulator %s", vm->emulator ? vm->emulator : "?");
        case REASON_ARCH:
                return text_format(a, "architecture %s", vm->arch ? vm->arch : "?");
        case REASON_CPU_FEATURE:
                return "CPU features";
        default:
                return text_format(a, "CPU %s", vm->cpu_model ? vm->cpu_model : "?");
        }
}

static const char *setup_guests_to_do(Arena *a, const char *host, Reason reason) {
        if (reason == REASON_MACHINE || reason == REASON_EMULATOR)
                return text_format(
                        a,
                        "on %s: apt install qemu-system-x86 of the other hosts' release; or give the guest a machine "
                        "type that all have (virsh edit; it counts from its next start)",
                        host);
        return text_format(
                a,
                "give the guest a CPU that %s has too: virsh hypervisor-cpu-baseline over all hosts, then virsh edit",
                host);
}

static void setup_guests_add(const Snapshot *s, Reason reason, HostIx from, HostIx to, const GuestsPair *pair,
                             SetupResult *result) {
        Arena *a = result->arena;
        const Vm *vm = &s->vms[pair->first];
        const char *need = setup_guests_need(a, vm, reason);
        const char *more = pair->n > 1 ? text_format(a, " and %u more", pair->n - 1) : "";

        setup_result_add(
                result,
                (SetupFinding){ .who = s->hosts[from].name,
                                .peer = s->hosts[to].name,
                                .test = reason == REASON_MACHINE || reason == REASON_EMULATOR
                                                ? "machine-types"
                                                : "cpu",
                                .state = SETUP_WRONG,
                                .what = need && more ? text_format(a, "%s lacks %s of guest %s%s",
                                                                   s->hosts[to].name, need, vm->name, more)
                                                     : NULL,
                                .to_do = setup_guests_to_do(a, s->hosts[to].name, reason) });
}

static int setup_guests_ask(const Snapshot *s, const Settings *settings, const Reason *reasons,
                            size_t n_reasons, SetupResult *result) {
        const Snapshot *alone = setup_guests_alone(result->arena, s, reasons[0] != REASON_MACHINE);
        const size_t n = (size_t) s->n_hosts * s->n_hosts;
        const Problem *p;
        int r = alone ? problem_build(result->arena, alone, settings, &p) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n_reasons; i++) {
                GuestsPair *pairs = arena_new(result->arena, GuestsPair, n);

                if (!pairs)
                        return -ENOMEM;
                for (VmIx v = 0; v < s->n_vms; v++)
                        for (HostIx h = 0; h < s->n_hosts && s->vms[v].state != VM_OFF; h++) {
                                GuestsPair *pair = &pairs[(size_t) s->vms[v].host * s->n_hosts + h];

                                if (h == s->vms[v].host || s->hosts[h].excluded != EXCLUDED_NONE ||
                                    problem_class_denies(p, v, h) != reasons[i])
                                        continue;
                                pair->first = pair->n++ == 0 ? v : pair->first;
                        }
                for (size_t k = 0; k < n; k++)
                        if (pairs[k].n > 0)
                                setup_guests_add(s, reasons[i], (HostIx) (k / s->n_hosts),
                                                 (HostIx) (k % s->n_hosts), &pairs[k], result);
        }
        return r;
}

int setup_guests_test(const Snapshot *s, const Settings *settings, SetupResult *result) {
        static const Reason machines[] = { REASON_MACHINE, REASON_EMULATOR },
                            cpus[] = { REASON_CPU_MODEL, REASON_CPU_FEATURE, REASON_ARCH };
        int r = s->n_hosts > 0 ? setup_guests_ask(s, settings, machines, ARRAY_SIZE(machines), result) : 0;

        return r == 0 && s->n_hosts > 0 ? setup_guests_ask(s, settings, cpus, ARRAY_SIZE(cpus), result) : r;
}
