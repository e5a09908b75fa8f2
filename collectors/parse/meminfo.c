/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/meminfo.h"

#include <errno.h>

#include "collectors/parse/lines.h"
#include "scheduler/model/bounds.h"

/* Of a node's file each line begins with "Node 0". False: the line ends there. */
static bool meminfo_skip_node(Span *line, Span *name) {
        Span number;

        return word_next(line, &number) && word_next(line, name);
}

int meminfo_parse(const char *text, size_t n, MemInfo *ret) {
        MemInfo m = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN,
                      UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN };
        const struct {
                const char *name;
                int64_t *value;
        } fields[] = {
                { "MemTotal:", &m.total },
                { "MemAvailable:", &m.available },
                { "SwapTotal:", &m.swap_total },
                { "SwapFree:", &m.swap_free },
                { "HugePages_Total:", &m.hugepages_total },
                { "HugePages_Free:", &m.hugepages_free },
                { "Hugepagesize:", &m.hugepage_kib },
                { "MemFree:", &m.free },
                { "Active(file):", &m.active_file },
                { "Inactive(file):", &m.inactive_file },
                { "SReclaimable:", &m.slab_reclaimable },
        };
        Span rest = { text, n }, line, name;

        while (line_next(&rest, &line)) {
                if (!word_next(&line, &name))
                        continue;
                if (span_is(name, "Node") && !meminfo_skip_node(&line, &name))
                        continue;
                for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                        uint64_t value;

                        if (!span_is(name, fields[i].name))
                                continue;
                        if (number_next(&line, (uint64_t) bound_of(BOUND_KERNEL), &value) != 0)
                                return -EBADMSG;
                        *fields[i].value = (int64_t) value;
                }
        }
        if (m.total < 0)
                return -EBADMSG;
        *ret = m;
        return 0;
}
