/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a move that an operator asks for, as one that is to be aborted, and as what a leader says of one: refused, or printed and read again as the
 * same. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/state/abort_wish.h"
#include "scheduler/app/state/asked_move.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void asked_check(Arena *a, const char *text, size_t n) {
        AskedMove move = { 0 }, again = { 0 };
        const char *one = NULL, *two = NULL;
        size_t n_one = 0, n_two = 0;
        int r = asked_move_parse(a, text, n, &move);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r != 0 || asked_move_print(a, &move, &one, &n_one) < 0)
                return;
        r = asked_move_parse(a, one, n_one, &again);
        assert(r == 0 || r == -ENOMEM);
        if (r == 0 && asked_move_print(a, &again, &two, &n_two) == 0)
                assert(n_one == n_two && memcmp(one, two, n_one) == 0);
}

static void abort_check(Arena *a, const char *text, size_t n) {
        AbortWish wish = { 0 }, again = { 0 };
        const char *one = NULL, *two = NULL;
        size_t n_one = 0, n_two = 0;
        int r = abort_wish_parse(a, text, n, &wish);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r != 0 || abort_wish_print(a, &wish, &one, &n_one) < 0)
                return;
        r = abort_wish_parse(a, one, n_one, &again);
        assert(r == 0 || r == -ENOMEM);
        if (r == 0 && abort_wish_print(a, &again, &two, &n_two) == 0)
                assert(n_one == n_two && memcmp(one, two, n_one) == 0);
}

static void told_check(Arena *a, const char *text, size_t n) {
        ToldMove told = { 0 }, again = { 0 };
        const char *one = NULL, *two = NULL;
        size_t n_one = 0, n_two = 0;
        int r = told_move_parse(a, text, n, &told);

        assert(r == 0 || r == -EBADMSG || r == -ENOMEM);
        if (r != 0 || told_move_print(a, &told, &one, &n_one) < 0)
                return;
        r = told_move_parse(a, one, n_one, &again);
        assert(r == 0 || r == -ENOMEM);
        if (r == 0 && told_move_print(a, &again, &two, &n_two) == 0)
                assert(n_one == n_two && memcmp(one, two, n_one) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static unsigned char memory[8 << 20];
        Arena a = arena_over(memory, sizeof(memory));

        asked_check(&a, (const char *) data, n);
        abort_check(&a, (const char *) data, n);
        told_check(&a, (const char *) data, n);
        return 0;
}
