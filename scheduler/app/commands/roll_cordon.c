/* SPDX-License-Identifier: Apache-2.0 */
/* What is emptied later takes nothing until then, where there is room elsewhere. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/commands/roll_parts.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/base/text.h"

#define CORDON_WHY "rolling maintenance: it is emptied later, and accepts no VM until then"

/* Only an active host is cordoned, and only our own cordon is taken back. */
static int roll_cordon(const Roll *roll, const char *host, bool on) {
        OperatorMark was = { 0 };
        const char *old = "", *text = text_format(roll->in->arena, "-%s", roll->by);
        int r = text ? host_mark_get(roll->store, roll->in->arena, host, &was, &old) : -ENOMEM;
        bool ours = was.state == HOST_CORDONED && was.why && strcmp(was.why, CORDON_WHY) == 0;

        if (r < 0 || (on ? old[0] != '\0' : !ours))
                return r;
        if (on)
                r = host_mark_print(roll->in->arena,
                                    &(OperatorMark){ .state = HOST_CORDONED,
                                                     .by = roll->by,
                                                     .why = CORDON_WHY,
                                                     .at = clock_now() },
                                    &text);
        if (r == 0)
                r = store_change_mark(roll->store, host, old, text);
        return r < 0 ? r : 0; /* another operator was quicker: theirs counts */
}

int roll_cordon_later(const Roll *roll, uint32_t end, bool spills) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++)
                r = roll_cordon(roll, roll->left[i], i >= end && !spills);
        return r;
}

int roll_uncordon(const Roll *roll) {
        int r = 0;

        for (uint32_t i = 0; r == 0 && i < roll->n_left; i++)
                r = roll_cordon(roll, roll->left[i], false);
        return r;
}
