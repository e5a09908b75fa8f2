/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/reason.h"

const char *const reason_texts[REASON_N] = {
#define X(name, text) text,
        REASONS(X)
#undef X
};

const char *const reason_names[REASON_N] = {
#define X(name, text) #name,
        REASONS(X)
#undef X
};

Reason reason_of_unmovable(const Vm *vm) {
        static const Reason holds[HOLD_N] = { REASON_VM_PINNED, REASON_VM_NEVER,   REASON_VM_WINDOW,
                                              REASON_VM_MOVES,  REASON_VM_FOR_NOW, REASON_VM_MISSED,
                                              REASON_VM_MODE };
        static const Reason ties[TIE_N] = { REASON_VM_PINNED,         REASON_VM_DEVICE,
                                            REASON_VM_SNAPSHOTS,      REASON_VM_BLOCK_JOB,
                                            REASON_VM_TRANSIENT_DISK, REASON_VM_INVTSC };

        return vm->hold == HOLD_NONE && vm->ties ? ties[vm->ties->tie] : holds[vm->hold];
}

bool reason_is_of_vm(Reason reason) {
        return reason == REASON_VM_PINNED || reason == REASON_VM_NEVER || reason == REASON_VM_DEVICE ||
               reason == REASON_VM_SNAPSHOTS || reason == REASON_VM_BLOCK_JOB ||
               reason == REASON_VM_TRANSIENT_DISK || reason == REASON_VM_INVTSC;
}
