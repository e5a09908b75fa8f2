/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/pressure.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

/* "avg10=1.25 avg60=… total=123456": avg10 must be there; early kernels without total are not known, but a
 * line may be cut. */
static int pressure_line(Span line, int64_t *ret_avg10, int64_t *ret_total) {
        static const char average[] = "avg10=", total[] = "total=";
        Span word;

        while (word_next(&line, &word)) {
                if (span_starts(word, average) &&
                    text_to_scaled(word.at + strlen(average), word.n - strlen(average), 10, 0,
                                   bound_of(BOUND_SHARE), ret_avg10) < 0)
                        return -EBADMSG;
                if (span_starts(word, total) && text_to_int(word.at + strlen(total), word.n - strlen(total),
                                                            0, bound_of(BOUND_KERNEL), ret_total) < 0)
                        return -EBADMSG;
        }
        return *ret_avg10 < 0 ? -EBADMSG : 0;
}

int pressure_parse(const char *text, size_t n, Pressure *ret) {
        Pressure p = { UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN };
        Span rest = { text, n }, line, kind;

        while (line_next(&rest, &line)) {
                if (!word_next(&line, &kind))
                        continue;
                if ((span_is(kind, "some") && pressure_line(line, &p.some, &p.some_total) < 0) ||
                    (span_is(kind, "full") && pressure_line(line, &p.full, &p.full_total) < 0))
                        return -EBADMSG;
        }
        if (p.some < 0 && p.full < 0)
                return -EBADMSG;
        *ret = p;
        return 0;
}
