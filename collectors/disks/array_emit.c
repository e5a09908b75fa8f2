/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/disks/array_emit.h"

int array_emit(SampleSink *sink, const ArrayFacts *facts) {
        const struct {
                Metric metric;
                const char *text;
        } texts[] = {
                { METRIC_ARRAY_LEVEL, facts->level },   { METRIC_ARRAY_STATE, facts->state },
                { METRIC_ARRAY_BLOCKS, facts->blocks }, { METRIC_ARRAY_MEMBERS, facts->members },
                { METRIC_ARRAY_LOST, facts->lost },     { METRIC_ARRAY_SUSPECTS, facts->suspects },
                { METRIC_ARRAY_ACTION, facts->action },
        };
        const struct {
                Metric metric;
                int64_t value;
        } numbers[] = {
                { METRIC_ARRAY_WANTED, facts->wanted },
                { METRIC_ARRAY_WORKING, facts->working },
                { METRIC_ARRAY_FAILED,
                  facts->wanted >= 0 && facts->working >= 0 ? facts->wanted - facts->working : UNKNOWN },
                { METRIC_ARRAY_SPARES, facts->spares },
                { METRIC_ARRAY_REDUNDANCY, facts->redundancy },
                { METRIC_ARRAY_PROGRESS, facts->progress_permille },
                { METRIC_ARRAY_MISMATCHES, facts->mismatches },
                { METRIC_ARRAY_DATA_ERRORS, facts->data_errors },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
                r = emit_text(sink, texts[i].metric, facts->subject, texts[i].text);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = emit_number(sink, numbers[i].metric, facts->subject, numbers[i].value);
        return r;
}

int unread_emit(SampleSink *sink, const Unread *list) {
        int r = 0;

        for (const Unread *u = list; u && r == 0; u = u->next)
                r = emit_text(sink, METRIC_ITEM_UNREAD, u->name, u->why);
        return r;
}
