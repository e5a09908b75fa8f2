/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/move_digest.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/hash.h"
#include "scheduler/base/text.h"

static uint64_t move_digest_word(uint64_t hash, const char *word) {
        return fnv1a(hash, word ? word : "\1", (word ? strlen(word) : 1) + (word != NULL)); /* NUL and all */
}

static uint64_t move_digest_number(uint64_t hash, int64_t number) {
        return fnv1a(hash, &number, sizeof(number));
}

static uint64_t move_digest_words(uint64_t hash, const Strings *words) {
        hash = move_digest_number(hash, words->n);
        for (uint32_t i = 0; i < words->n; i++)
                hash = move_digest_word(hash, words->at[i]);
        return hash;
}

static uint64_t move_digest_ties(uint64_t hash, const VmTies *t) {
        if (!t)
                return move_digest_number(hash, UNKNOWN);
        hash = move_digest_number(hash, t->tie);
        hash = move_digest_number(hash, t->snapshots);
        hash = move_digest_number(hash, t->checkpoints);
        hash = move_digest_number(hash, t->block_jobs);
        hash = move_digest_words(hash, &t->images);
        hash = move_digest_words(hash, &t->portgroups);
        hash = move_digest_word(hash, t->cpu_pins);
        hash = move_digest_word(hash, t->numa_nodes);
        if (t->numa_bound)
                hash = move_digest_word(hash, t->numa_bound);
        for (uint32_t i = 0; i < t->n_devices; i++) {
                hash = move_digest_number(hash, t->devices[i].kind);
                hash = move_digest_word(hash, t->devices[i].name);
        }
        return move_digest_number(hash, t->n_devices);
}

static uint64_t move_digest_vm(uint64_t hash, const Vm *vm) {
        hash = move_digest_word(hash, vm->uuid);
        hash = move_digest_number(hash, vm->state);
        hash = move_digest_number(hash, vm->vcpus);
        hash = move_digest_number(hash, vm->memory_mib);
        hash = move_digest_number(hash, vm->local_disk_mib > 0);
        hash = move_digest_number(hash, vm->hugepages_kib);
        hash = move_digest_word(hash, vm->arch);
        hash = move_digest_word(hash, vm->cpu_model);
        hash = move_digest_word(hash, vm->machine);
        hash = move_digest_word(hash, vm->emulator);
        hash = move_digest_words(hash, &vm->cpu_features);
        hash = move_digest_words(hash, &vm->networks);
        hash = move_digest_words(hash, &vm->pools);
        return move_digest_ties(hash, vm->ties);
}

static uint64_t move_digest_host(uint64_t hash, const Host *host) {
        hash = move_digest_word(hash, host->name);
        hash = move_digest_word(hash, host->uuid);
        hash = move_digest_word(hash, host->uri);
        hash = move_digest_word(hash, host->platform ? host->platform->hypervisor : NULL);
        return move_digest_word(hash, host->platform ? host->platform->libvirt : NULL);
}

/* Which of what the VM needs the target has. */
static uint64_t move_digest_there(uint64_t hash, const Strings *wanted, const Strings *there) {
        for (uint32_t i = 0; wanted && there && i < wanted->n; i++)
                hash = move_digest_number(hash, strings_have(there, wanted->at[i]));
        return hash;
}

static uint64_t move_digest_pair(uint64_t hash, const Vm *vm, const Host *to) {
        hash = move_digest_there(hash, &vm->networks, &to->networks);
        hash = move_digest_there(hash, &vm->pools, &to->pools);
        if (!vm->ties || !to->platform)
                return hash;
        hash = move_digest_there(hash, &vm->ties->images, &to->platform->images);
        return move_digest_there(hash, &vm->ties->portgroups, &to->platform->portgroups);
}

int move_digest(Arena *a, const Snapshot *s, const MoveHold *hold, const char **ret) {
        const VmIx v = s && hold->vm ? snapshot_vm(s, hold->vm) : IX_NONE;
        const char *host = hold->to ? hold->to : hold->from;
        const HostIx i = s && host ? snapshot_host(s, host) : IX_NONE;
        uint64_t hash = FNV1A_START;

        *ret = NULL;
        if ((hold->vm && v == IX_NONE) || i == IX_NONE)
                return 0;
        hash = move_digest_host(hash, &s->hosts[i]);
        if (hold->vm)
                hash = move_digest_vm(hash, &s->vms[v]);
        if (hold->vm && hold->to)
                hash = move_digest_pair(hash, &s->vms[v], &s->hosts[i]);
        *ret = text_format(a, "%016llx", (unsigned long long) hash);
        return *ret ? 0 : -ENOMEM;
}
