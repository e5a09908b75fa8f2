/* Reports as the store has them, parsed on all cores. */
#pragma once

#include "scheduler/base/workers.h"
#include "scheduler/model/sample.h"
#include "scheduler/store/store.h"

typedef struct ReadReport {
        const Report *report;   /* NULL: it cannot be read */
        const TextFault *fault; /* then why */
} ReadReport;

/* One for each text, in their order, in `a`. 0 or -ENOMEM. */
int reports_read(Arena *a, const Workers *workers, const StoredText *texts, uint32_t n,
                 ReadReport **ret) must_check;
