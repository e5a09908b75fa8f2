/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/state/host_maintenance.h"

#include <errno.h>

#include "scheduler/base/clock.h"

#define TRIES 3 /* another operator may change the same mark between two calls of ours */

int host_maintenance_enter(Store *store, Arena *a, const char *host, const OperatorMark *want,
                           MarkChange *ret) {
        const usec_t now = clock_now();
        int r = 1;

        for (int i = 0; i < TRIES && r == 1; i++) {
                OperatorMark was = { 0 }, is;
                const char *old = "", *text = NULL;
                bool there, for_good;

                r = host_mark_get(store, a, host, &was, &old);
                there = was.state == HOST_MAINTENANCE;
                for_good = want->for_good && !(there && was.for_good);
                is = was;
                if (!there)
                        is = (OperatorMark){ .state = HOST_MAINTENANCE,
                                             .by = want->by,
                                             .why = want->why,
                                             .at = now,
                                             .several = want->several,
                                             .before = was.state };
                if (want->leave_by > 0)
                        is.leave_by = want->leave_by;
                is.for_good = is.for_good || for_good;
                if (r == 0 && (!there || want->leave_by > 0 || for_good)) {
                        r = host_mark_print(a, &is, &text);
                        if (r == 0)
                                r = store_change_mark(store, host, old, text);
                }
                if (r == 0)
                        *ret = (MarkChange){ was, is };
        }
        return r;
}

int host_maintenance_exit(Store *store, Arena *a, const char *host, const char *by, MarkChange *ret) {
        int r = 1;

        for (int i = 0; i < TRIES && r == 1; i++) {
                OperatorMark was = { 0 }, is = { 0 };
                const char *old = "", *text = text_format(a, "-%s", by);

                r = text ? host_mark_get(store, a, host, &was, &old) : -ENOMEM;
                if (r == 0 && was.state == HOST_MAINTENANCE) {
                        is = (OperatorMark){ .state = was.before, .by = was.by, .at = was.at };
                        if (was.before == HOST_CORDONED)
                                r = host_mark_print(a, &is, &text);
                        if (r == 0)
                                r = store_change_mark(store, host, old, text);
                }
                if (r == 0)
                        *ret = (MarkChange){ was, is };
        }
        return r;
}
