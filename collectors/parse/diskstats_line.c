/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/diskstats_line.h"

#include <errno.h>

#include "scheduler/model/bounds.h"

/* major minor name; reads merged sectors ms; writes merged sectors ms; in flight … */
int diskstats_next(Span *rest, DiskStats *ret) {
        uint64_t numbers[9];
        Span line, word;

        if (!line_next(rest, &line))
                return 1;
        for (int i = 0; i < 2; i++)
                if (!word_next(&line, &word))
                        return -EBADMSG;
        if (!word_next(&line, &ret->name))
                return -EBADMSG;
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                if (number_next(&line, (uint64_t) bound_of(BOUND_KERNEL_COUNTER), &numbers[i]) != 0)
                        return -EBADMSG;
        ret->ios = numbers[0] + numbers[4];
        ret->ms = numbers[3] + numbers[7];
        ret->in_flight = numbers[8];
        return 0;
}
