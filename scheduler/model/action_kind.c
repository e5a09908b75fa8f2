/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/action_kind.h"

#include <string.h>

#include "scheduler/base/text.h"

const char *const action_kind_names[ACTION_KINDS_NAMED] = {
        [ACTION_KIND_EVACUATION] = "evacuation",   [ACTION_KIND_REPAIR] = "repair",
        [ACTION_KIND_MAINTENANCE] = "maintenance", [ACTION_KIND_LOAD] = "load",
        [ACTION_KIND_BALANCE] = "balance",         [ACTION_KIND_MANUAL] = "manual",
};

const char *action_kind_named(const char *name) {
        for (int k = 0; name && k < ACTION_KINDS_NAMED; k++)
                if (strcmp(name, action_kind_names[k]) == 0)
                        return action_kind_names[k];
        return NULL;
}

unsigned action_kind_bit(ActionKind kind) {
        static const unsigned bits[ACTION_KINDS_NAMED] = {
                [ACTION_KIND_EVACUATION] = SNAPSHOT_NO_EVACUATION,
                [ACTION_KIND_REPAIR] = SNAPSHOT_NO_REPAIR,
                [ACTION_KIND_MAINTENANCE] = SNAPSHOT_NO_MAINTENANCE,
                [ACTION_KIND_LOAD] = SNAPSHOT_NO_LOAD,
                [ACTION_KIND_BALANCE] = SNAPSHOT_NO_BALANCE,
        };

        return bits[kind];
}

const char *action_kinds_text(Arena *a, unsigned bits) {
        const char *text = "";

        for (int k = 0; text && k < ACTION_KIND_N; k++)
                if (bits & action_kind_bit((ActionKind) k))
                        text = text_format(a, "%s%s%s", text, text[0] ? ", " : "", action_kind_names[k]);
        return text;
}
