/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/roll_cordon.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/state/host_mark.h"
#include "scheduler/base/text.h"

#define CORDON_WHY "rolling maintenance: it is emptied later, and accepts no VM until then"

int roll_cordon(Store *store, Arena *a, const char *by, const char *host, bool on) {
        OperatorMark was = { 0 };
        const char *old = "", *text = text_format(a, "-%s", by);
        int r = text ? host_mark_get(store, a, host, &was, &old) : -ENOMEM;
        bool ours = was.state == HOST_CORDONED && was.why && strcmp(was.why, CORDON_WHY) == 0;

        if (r < 0 || (on ? old[0] != '\0' : !ours))
                return r;
        if (on)
                r = host_mark_print(
                        a,
                        &(OperatorMark){
                                .state = HOST_CORDONED, .by = by, .why = CORDON_WHY, .at = clock_now() },
                        &text);
        if (r == 0)
                r = store_change_mark(store, host, old, text);
        return r < 0 ? r : 0; /* another operator was quicker: theirs counts */
}
