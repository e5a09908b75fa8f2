/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/vmstat.h"

#include <errno.h>

#include "collectors/parse/lines.h"
#include "scheduler/model/bounds.h"

int vmstat_parse(const char *text, size_t n, VmStat *ret) {
        VmStat s = { UNKNOWN, UNKNOWN };
        const struct {
                const char *name;
                int64_t *value;
        } fields[] = { { "pswpin", &s.swapped_in }, { "pswpout", &s.swapped_out } };
        Span rest = { text, n }, line, name;
        bool any = false;

        while (line_next(&rest, &line)) {
                if (!word_next(&line, &name))
                        continue;
                any = any || span_is(name, "nr_free_pages");
                for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                        uint64_t value;

                        if (!span_is(name, fields[i].name))
                                continue;
                        if (number_next(&line, (uint64_t) bound_of(BOUND_KERNEL), &value) != 0)
                                return -EBADMSG;
                        *fields[i].value = (int64_t) value;
                }
        }
        if (!any && s.swapped_in < 0 && s.swapped_out < 0)
                return -EBADMSG;
        *ret = s;
        return 0;
}
