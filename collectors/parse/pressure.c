/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/pressure.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "scheduler/base/text.h"

static int pressure_avg10(Span line, int64_t *ret) {
        static const char key[] = "avg10=";
        size_t skip = sizeof(key) - 1;
        Span word;

        while (word_next(&line, &word))
                if (span_starts(word, key))
                        return text_to_scaled(word.at + skip, word.n - skip, 10, 0, 1000, ret) < 0 ? -EBADMSG
                                                                                                   : 0;
        return -EBADMSG;
}

int pressure_parse(const char *text, size_t n, Pressure *ret) {
        Pressure p = { UNKNOWN, UNKNOWN };
        Span rest = { text, n }, line, kind;

        while (line_next(&rest, &line)) {
                if (!word_next(&line, &kind))
                        continue;
                if ((span_is(kind, "some") && pressure_avg10(line, &p.some) < 0) ||
                    (span_is(kind, "full") && pressure_avg10(line, &p.full) < 0))
                        return -EBADMSG;
        }
        if (p.some < 0 && p.full < 0)
                return -EBADMSG;
        *ret = p;
        return 0;
}
