/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/disks/array_emit.h"

int array_emit(SampleSink *sink, const ArrayFacts *x) {
        const struct {
                Metric metric;
                const char *text;
        } texts[] = {
                { METRIC_ARRAY_LEVEL, x->level },   { METRIC_ARRAY_STATE, x->state },
                { METRIC_ARRAY_BLOCKS, x->blocks }, { METRIC_ARRAY_MEMBERS, x->members },
                { METRIC_ARRAY_LOST, x->lost },     { METRIC_ARRAY_SUSPECTS, x->suspects },
                { METRIC_ARRAY_ACTION, x->action },
        };
        const struct {
                Metric metric;
                int64_t value;
        } numbers[] = {
                { METRIC_ARRAY_WANTED, x->wanted },
                { METRIC_ARRAY_WORKING, x->working },
                { METRIC_ARRAY_FAILED, x->wanted >= 0 && x->working >= 0 ? x->wanted - x->working : UNKNOWN },
                { METRIC_ARRAY_SPARES, x->spares },
                { METRIC_ARRAY_REDUNDANCY, x->redundancy },
                { METRIC_ARRAY_PROGRESS, x->progress_permille },
                { METRIC_ARRAY_MISMATCHES, x->mismatches },
                { METRIC_ARRAY_DATA_ERRORS, x->data_errors },
        };
        int r = 0;

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(texts); i++)
                r = emit_text(sink, texts[i].metric, x->subject, texts[i].text);
        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(numbers); i++)
                r = emit_number(sink, numbers[i].metric, x->subject, numbers[i].value);
        return r;
}

int unread_emit(SampleSink *sink, const Unread *list) {
        int r = 0;

        for (const Unread *u = list; u && r == 0; u = u->next)
                r = emit_text(sink, METRIC_ITEM_UNREAD, u->name, u->why);
        return r;
}
