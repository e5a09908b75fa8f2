/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/vm_mode.h"

#include "scheduler/base/text.h"
#include "scheduler/model/host_silence.h"

#define NAMES_SHOWN 6U

const char *vm_mode_words(Arena *a, const Vm *vm) {
        return text_format(a,
                           vm->mode == VM_MODE_CONFIRM
                                   ? "rule %s requires confirmation of its moves (only: %s)"
                                   : "rule %s leaves its moves to an operator (only: %s)",
                           vm->mode_rule ? vm->mode_rule : "mode", vm_mode_names[vm->mode]);
}

bool vm_mode_keeps(const Snapshot *s, VmIx v) {
        const Vm *vm = &s->vms[v];
        const Host *host = vm->host == IX_NONE ? NULL : &s->hosts[vm->host];

        if (!host || vm->mode != VM_MODE_ADVISE || vm->in_flight || host->held || host_is_silent(host))
                return false;
        return (host->state == HOST_MAINTENANCE && !(s->not_now & SNAPSHOT_NO_MAINTENANCE)) ||
               (snapshot_vm_fault(s, v, NULL) >= 3 && !(s->not_now & SNAPSHOT_NO_EVACUATION));
}

uint32_t vm_mode_n_kept(const Snapshot *s) {
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms; v++)
                n += vm_mode_keeps(s, v);
        return n;
}

const char *vm_mode_kept_words(Arena *a, const Snapshot *s) {
        const char *words = "";
        uint32_t n = 0;

        for (VmIx v = 0; v < s->n_vms && words; v++)
                if (vm_mode_keeps(s, v) && n++ < NAMES_SHOWN)
                        words = text_format(a, "%s%s%s on %s", words, words[0] ? ", " : "", s->vms[v].name,
                                            s->hosts[s->vms[v].host].name);
        return words && n > NAMES_SHOWN ? text_format(a, "%s and %u more", words, n - NAMES_SHOWN) : words;
}
