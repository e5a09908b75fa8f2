#include "scheduler/snapshot/fault_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"

static int fault_compare(const void *a, const void *b) {
        return strcmp(((const Fault *) a)->device, ((const Fault *) b)->device);
}

int host_take_faults(Arena *a, Host *h, Fault *faults, uint32_t n) {
        const Fault *worst = NULL;
        const char *why = NULL;

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
        h->faults = faults;
        h->n_faults = n;
        h->fault_grade = worst ? worst->grade : 0;
        h->fault_why = why;
        return 0;
}
