/* SPDX-License-Identifier: Apache-2.0 */
/* What anybody with the key of an entry may write into it: a number out of bounds makes the entry unreadable, at any depth. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/state/admission_record.h"
#include "scheduler/app/state/host_mark.h"
#include "scheduler/app/state/move_journal.h"
#include "scheduler/model/bounds.h"
#include "scheduler/store/stored_json.h"

/* The number stands between two texts. */
static bool is_read(const char *const form[2], int64_t number) {
        char text[256];
        json_t *j;

        (void) snprintf(text, sizeof(text), "%s%lld%s", form[0], (long long) number, form[1]);
        j = stored_json(text, strlen(text), 0, NULL);
        json_decref(j);
        return j != NULL;
}

Test(stored_json, a_number_over_its_bound_is_read_nowhere) {
        static const char *const forms[][2] = { { "{\"at\": ", "}" },
                                                { "[[[{\"a\": [1, ", "]}]]]" },
                                                { "{\"x\": {\"y\": ", "}}" } };
        const int64_t most = bound_of(BOUND_STORED);

        for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
                cr_expect(is_read(forms[i], most), "%s", forms[i][0]);
                cr_expect(is_read(forms[i], -most), "%s", forms[i][0]);
                cr_expect_not(is_read(forms[i], most + 1), "%s", forms[i][0]);
                cr_expect_not(is_read(forms[i], INT64_MIN), "%s", forms[i][0]);
                cr_expect_not(is_read(forms[i], INT64_MAX), "%s", forms[i][0]);
        }
        cr_expect_null(stored_json("[1e300]", 7, 0, NULL));
}

/* INT64_MIN as a time: whoever subtracts it from now has undefined behaviour. */
Test(stored_json, so_is_no_entry_that_holds_one) {
        static const char journal[] =
                "{\"event\":\"intent\",\"id\":\"1\",\"vm\":\"a\",\"from\":\"h1\",\"to\":\"h2\","
                "\"at\":-9223372036854775808}";
        static const char mark[] = "{\"schema\":\"plimsoll.mark/1\",\"state\":\"maintenance\",\"at\":1,"
                                   "\"leave_by\":9223372036854775807}";
        static const char admission[] = "{\"schema\":\"plimsoll.admission/1\",\"at\":9223372036854775807}";
        JournalEntry entry;
        OperatorMark m;
        HostAdmission x;
        Arena a;

        cr_assert_eq(0, arena_open(1 << 20, &a));
        cr_expect_eq(-EBADMSG, journal_parse(&a, journal, strlen(journal), &entry));
        cr_expect_eq(-EBADMSG, host_mark_parse(&a, mark, strlen(mark), &m));
        cr_expect_eq(-EBADMSG, admission_parse(&a, "h", admission, strlen(admission), &x));
        arena_close(&a);
}
