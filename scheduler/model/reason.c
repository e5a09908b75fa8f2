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

Reason reason_of_hold(Hold hold) {
        static const Reason reasons[HOLD_N] = { REASON_VM_PINNED, REASON_VM_NEVER, REASON_VM_WINDOW,
                                                REASON_VM_MOVES, REASON_VM_FOR_NOW };

        return reasons[hold];
}
