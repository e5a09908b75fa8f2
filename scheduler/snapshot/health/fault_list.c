/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/fault_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/limits.h"

static int fault_compare(const void *left, const void *right) {
        return strcmp(((const Fault *) left)->device, ((const Fault *) right)->device);
}

static int worst_first(const void *left, const void *right) {
        const Fault *x = left, *y = right;

        return x->grade != y->grade ? (x->grade > y->grade ? -1 : 1) : fault_compare(left, right);
}

int host_take_faults(Arena *a, Host *host, Fault *faults, uint32_t n) {
        const Fault *worst = NULL;
        const char *why = NULL;

        if (n > FAULTS_MAX) { /* a file could not hold them: the worst remain */
                qsort(faults, n, sizeof(*faults), worst_first);
                n = FAULTS_MAX;
        }
        if (n > 1)
                qsort(faults, n, sizeof(*faults), fault_compare);
        for (uint32_t i = 0; i < n; i++) {
                if (i > 0 && strcmp(faults[i - 1].device, faults[i].device) == 0)
                        return -EEXIST;
                if (faults[i].grade > (worst ? worst->grade : 0))
                        worst = &faults[i];
        }
        if (worst)
                why = worst->why ? text_format(a, "%s: %s", worst->device, worst->why)
                                 : text_format(a, "%s", worst->device);
        if (worst && !why)
                return -ENOMEM;
        host->faults = faults;
        host->n_faults = n;
        host->fault_grade = worst ? worst->grade : 0;
        host->fault_why = why;
        return 0;
}
