/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/record_past.h"

#include "scheduler/app/round/record_row.h"
#include "scheduler/snapshot/files/record_file.h"

/* When the round of a record began. 0: it cannot be read. */
static int record_past_begun(Arena *a, const StoredText *text, usec_t *ret) {
        RecordRow row;
        int r = record_row_parse(a, text->text, text->n, &row);

        if (r == 0)
                *ret = row.at;
        return r;
}

int record_past_find(Store *store, Arena *a, usec_t at, RecordPast *ret, usec_t *ret_first,
                     TextFault *reterr_fault) {
        StoredText found = { 0 }, next = { 0 };
        RecordPast past = { 0 };
        int before = 1, after = store_get_record_after(store, a, at, &next), r;

        *ret_first = 0;
        if (after < 0)
                return after;
        r = after == 0 ? record_past_begun(a, &next, &past.next_at) : 0;
        past.under_way = r == 0 && after == 0 && past.next_at > 0 && past.next_at <= at;
        if (r == 0 && !past.under_way)
                r = before = store_get_record_before(store, a, at, &found);
        if (r < 0)
                return r;
        if (before == 1 && !past.under_way) {
                *ret_first = past.next_at;
                return 1;
        }
        if (past.under_way) {
                found = next;
                past.next_at = 0;
        }
        past.name = found.name;
        past.written_at = record_name_time(found.name);
        r = record_file_parse(a, found.text, found.n, &past.record, reterr_fault);
        if (r == 0)
                *ret = past;
        return r;
}
