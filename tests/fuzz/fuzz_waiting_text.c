/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a waiting plan, and as an answer: accepted, or refused in words; what is accepted is printed
 * and read again as the same bytes. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/snapshot/files/waiting_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void try_plan(Arena *a, const char *data, size_t n) {
        const char *text = NULL, *twice = NULL;
        size_t text_n = 0, twice_n = 0;
        WaitingPlan plan = { 0 }, again = { 0 };
        TextFault fault = { 0 };
        int k = waiting_text_parse(a, data, n, &plan, &fault);

        if (k == -EBADMSG && !fault.what[0])
                abort();
        if (k < 0 || waiting_text_print(a, &plan, &text, &text_n) < 0)
                return;
        if (waiting_text_parse(a, text, text_n, &again, &fault) < 0 ||
            waiting_text_print(a, &again, &twice, &twice_n) < 0)
                abort();
        if (text_n != twice_n || memcmp(text, twice, text_n) != 0)
                abort();
}

static void try_answer(Arena *a, const char *data, size_t n) {
        const char *text = NULL;
        WaitingAnswer answer = { 0 }, again = { 0 };
        TextFault fault = { 0 };
        size_t text_n = 0;
        int k = answer_text_parse(a, data, n, &answer, &fault);

        if (k == -EBADMSG && !fault.what[0])
                abort();
        if (k < 0 || answer_text_print(a, &answer, &text, &text_n) < 0)
                return;
        if (answer_text_parse(a, text, text_n, &again, &fault) < 0)
                abort();
        if (again.yes != answer.yes || again.at != answer.at)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static Arena arena;
        ArenaMark mark;

        if (!arena.limit && arena_open((size_t) 64 << 20, &arena) < 0)
                abort();
        mark = arena_mark(&arena);
        try_plan(&arena, (const char *) data, n);
        try_answer(&arena, (const char *) data, n);
        arena_rewind(&arena, mark);
        return 0;
}
