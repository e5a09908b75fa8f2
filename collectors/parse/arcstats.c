/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/arcstats.h"

#include <errno.h>

#include "collectors/parse/lines.h"
#include "scheduler/model/bounds.h"

int arcstats_parse(const char *text, size_t n, ArcStats *ret) {
        ArcStats arc = { UNKNOWN, UNKNOWN };
        Span rest = { text, n }, line, name;

        while (line_next(&rest, &line)) {
                int64_t *to;
                uint64_t type, value;

                if (!word_next(&line, &name))
                        continue;
                to = span_is(name, "size") ? &arc.size : span_is(name, "c_min") ? &arc.least : NULL;
                if (!to)
                        continue;
                if (number_next(&line, (uint64_t) bound_of(BOUND_KERNEL), &type) != 0 ||
                    number_next(&line, (uint64_t) bound_of(BOUND_KERNEL), &value) != 0)
                        return -EBADMSG;
                *to = (int64_t) value;
        }
        if (arc.size < 0 || arc.least < 0)
                return -EBADMSG;
        *ret = arc;
        return 0;
}
