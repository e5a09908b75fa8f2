/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of the judge asks: whether a host can take a VM at all; and the list of objections. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/judge/check_parts.h"

int check_object(Check *c, const CheckMove *m, Verdict verdict, Reason reason, const char *text) {
        if (!text)
                return -ENOMEM;
        if (c->n_objections < OBJECTIONS_KEPT)
                c->objections[c->n_objections] =
                        (Objection){ .verdict = verdict, .reason = reason, .move = m->index, .text = text };
        c->n_objections++;
        return 0;
}

static bool has_word(const Strings *set, const char *word) {
        for (uint32_t i = 0; i < set->n; i++)
                if (strcmp(set->at[i], word) == 0)
                        return true;
        return false;
}

/* The first of `wanted` that is not in `offered`, or NULL. An empty offer that is not known to be
 * so is taken as enough. */
static const char *missing_word(const Strings *wanted, const Strings *offered, bool known) {
        for (uint32_t i = 0; i < wanted->n && (known || offered->n > 0); i++)
                if (!has_word(offered, wanted->at[i]))
                        return wanted->at[i];
        return NULL;
}

static bool both_differ(const char *left, const char *right) {
        return left && right && strcmp(left, right) != 0;
}

static bool lacks_word(const char *word, const Strings *offered) {
        return word && offered->n > 0 && !has_word(offered, word);
}

/* A CPU model that is whatever the host has can only go where the host has the same. */
static Reason cpu_reason(const Check *c, const Vm *vm, const Host *to) {
        static const char *const follow[] = { "host-passthrough", "host-model", "maximum" };
        bool follows = false;

        for (size_t i = 0; i < ARRAY_SIZE(follow); i++)
                follows |= vm->cpu_model && strcmp(vm->cpu_model, follow[i]) == 0;
        if (follows ? both_differ(c->s->hosts[vm->host].cpu_model, to->cpu_model)
                    : lacks_word(vm->cpu_model, &to->cpu_models))
                return REASON_CPU_MODEL;
        return missing_word(&vm->cpu_features, &to->cpu_features, false) ? REASON_CPU_FEATURE : REASON_NONE;
}

static bool has_pages(const Host *host, int64_t kib) {
        for (uint32_t i = 0; i < host->n_hugepages; i++)
                if (host->hugepages[i].kib == kib)
                        return true;
        return false;
}

/* What its QEMU opens or is bound to there. A host of which none of it is known takes any. */
static Reason ties_reason(const VmTies *t, const Host *to) {
        const HostPlatform *p = to->platform;

        if (!p)
                return REASON_NONE;
        if (missing_word(&t->images, &p->images, p->images_known))
                return REASON_IMAGE;
        if (missing_word(&t->portgroups, &p->portgroups, p->portgroups_known))
                return REASON_PORTGROUP;
        if (!number_list_within(t->cpu_pins, p->cpu_list))
                return REASON_CPU_PINS;
        return host_has_numa_nodes(to, t->numa_nodes) ? REASON_NONE : REASON_NUMA_NODE;
}

Reason check_fit(const Check *c, VmIx v, HostIx h) {
        const Vm *vm = &c->s->vms[v];
        const Host *to = &c->s->hosts[h];

        if (missing_word(&vm->networks, &to->networks, to->networks_known))
                return REASON_NETWORK;
        if (missing_word(&vm->pools, &to->pools, to->pools_known))
                return REASON_STORAGE;
        if (vm_has_odd_pages(&c->huge, vm) || (vm->hugepages_kib > 0 && !has_pages(to, vm->hugepages_kib)))
                return REASON_HUGEPAGES;
        if (both_differ(vm->arch, to->arch))
                return REASON_ARCH;
        if (lacks_word(vm->machine, &to->machines))
                return REASON_MACHINE;
        if (lacks_word(vm->emulator, &to->emulators))
                return REASON_EMULATOR;
        if (vm->ties && ties_reason(vm->ties, to) != REASON_NONE)
                return ties_reason(vm->ties, to);
        if (check_numa_fit(c, v, h) != REASON_NONE)
                return check_numa_fit(c, v, h);
        return cpu_reason(c, vm, to);
}
