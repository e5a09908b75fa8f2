/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as each of the small entries of the store: refused, or read as what can be said and counted with: names are names,
 * times and counts within their bounds. The first byte says which. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/facts/booking_store.h"
#include "scheduler/app/facts/fault_store.h"
#include "scheduler/app/facts/silent_store.h"
#include "scheduler/app/facts/store_loss.h"
#include "scheduler/app/round/record_row.h"
#include "scheduler/app/service/service_share.h"
#include "scheduler/app/state/roll_state.h"
#include "scheduler/app/state/settle_word.h"
#include "scheduler/model/bounds.h"

#define HOSTS 16U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void bounded(int64_t number) {
        if (number > bound_of(BOUND_STORED) || number < -bound_of(BOUND_STORED))
                abort();
}

static void as_clear(Arena *a, const char *text, size_t n) {
        Clear c = { 0 };

        if (clear_parse(a, text, n, &c) != 0)
                return;
        if (!c.host || !c.device)
                abort();
        bounded(c.at);
}

static void as_note(Arena *a, const char *text, size_t n) {
        FaultNote f = { 0 };

        if (fault_note_parse(a, text, n, &f) != 0)
                return;
        if (!f.host || !f.device)
                abort();
        bounded(f.at);
        bounded(f.was);
        bounded(f.is);
}

/* Whatever it is, it is a loss, and printed it is the same. */
static void as_loss(Arena *a, const char *text, size_t n) {
        LostStore loss = { 0 }, again = { 0 };
        const char *printed;
        size_t length;

        if (store_loss_parse(a, text, n, &loss) < 0)
                return;
        bounded(loss.at);
        (void) store_loss_words(a, &loss);
        if (!loss.id || store_loss_print(a, &loss, &printed, &length) < 0 ||
            store_loss_parse(a, printed, length, &again) < 0)
                return;
        if (!again.id || strcmp(again.id, loss.id) != 0 || again.at != loss.at ||
            again.emptied.n != loss.emptied.n)
                abort();
}

static void as_answer(Arena *a, const char *text, size_t n) {
        LossAnswer answer = { 0 };

        if (store_loss_answer_parse(a, text, n, &answer) != 0)
                return;
        if (!answer.loss || !answer.by)
                abort();
        bounded(answer.at);
}

static void as_roll(Arena *a, const char *text, size_t n) {
        RollState s = { 0 };

        if (roll_state_parse(a, text, n, HOSTS, &s) != 0)
                return;
        if (s.n_left > HOSTS || s.n_done > HOSTS || s.at_once == 0 || !s.by || !s.digest)
                abort();
        bounded(s.at);
        for (uint32_t i = 0; i < s.n_left; i++)
                if (!text_is_name(s.left[i], strlen(s.left[i])))
                        abort();
        for (uint32_t i = 0; i < s.n_done; i++)
                if (!text_is_name(s.done[i], strlen(s.done[i])))
                        abort();
}

static void as_record_row(Arena *a, const char *text, size_t n) {
        RecordRow row = { 0 };

        if (record_row_parse(a, text, n, &row) == 0)
                bounded(row.at);
}

static void as_candidate(Arena *a, const char *text, size_t n) {
        const char *copy = text_copy(a, text, n), *name = NULL;
        uint32_t leads = 0;

        if (copy && share_candidate_parse(copy, &leads, &name) && !text_is_name(name, strlen(name)))
                abort();
}

static void as_settle_word(Arena *a, const char *text, size_t n) {
        SettleWord word = { 0 }, again = { 0 };
        const char *printed;
        size_t length;

        if (settle_word_parse(a, text, n, &word) != 0)
                return;
        if (!text_is_name(word.at, strlen(word.at)) || !text_is_name(word.by, strlen(word.by)))
                abort();
        bounded(word.said_at);
        if (settle_word_print(a, &word, &printed, &length) < 0 ||
            settle_word_parse(a, printed, length, &again) < 0)
                return;
        if (strcmp(word.id, again.id) != 0 || strcmp(word.why, again.why) != 0)
                abort();
}

static void as_booking(Arena *a, const char *text, size_t n) {
        const StoredText stored = { .name = "web9", .text = text, .n = n };
        StoredBooking one;

        if (booking_store_parse(a, &stored, &one) != 0)
                return;
        bounded(one.at);
        bounded(one.until);
        if (!one.booking || strcmp(one.booking->vm.name, "web9") != 0 || one.booking->until != one.until ||
            one.booking->vm.memory_mib < 0 || one.booking->vm.cpu_mcores < 0)
                abort();
        if (one.released_by && !text_is_name(one.released_by, strlen(one.released_by)))
                abort();
}

static void as_silent(Arena *a, const char *text, size_t n) {
        SilentHosts silent = { 0 };

        if (silent_store_parse(a, text, n, &silent) != 0)
                return;
        for (uint32_t i = 0; i < silent.n; i++)
                if (!text_is_name(silent.at[i].name, strlen(silent.at[i].name)) ||
                    !silent.at[i].text == !silent.at[i].error)
                        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static void (*const as[])(Arena *, const char *,
                                  size_t) = { as_clear,   as_note,       as_loss,      as_answer,
                                              as_roll,    as_record_row, as_candidate, as_settle_word,
                                              as_booking, as_silent };
        static unsigned char memory[4 << 20];
        Arena a = arena_over(memory, sizeof(memory));

        if (n > 0)
                as[data[0] % ARRAY_SIZE(as)](&a, (const char *) data + 1, n - 1);
        return 0;
}
