/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/move_reasons.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/text.h"

#define SHARED_LEAST 3U  /* fewer moves say it each by itself */
#define SHARED_LONG  32U /* bytes: what is shorter needs no number */

/* Where the first clause ends: a semicolon within parentheses belongs to it. */
static size_t first_clause(const char *why) {
        uint32_t depth = 0;
        size_t n = 0;

        for (; why[n] && (depth > 0 || why[n] != ';'); n++)
                depth = why[n] == '(' ? depth + 1 : why[n] == ')' && depth > 0 ? depth - 1 : depth;
        return n;
}

static bool begins_alike(const char *left, const char *right) {
        const size_t n = first_clause(left);

        return n == first_clause(right) && strncmp(left, right, n) == 0;
}

/* How many moves begin as move i does; 0: one before it does. */
static uint32_t move_reasons_alike(const Plan *plan, uint32_t n_moves, uint32_t i) {
        uint32_t n = 0;

        for (uint32_t k = 0; k < n_moves; k++) {
                const bool same = begins_alike(plan->moves[i].why, plan->moves[k].why);

                if (same && k < i)
                        return 0;
                n += same;
        }
        return n;
}

int move_reasons(Arena *a, const Plan *plan, uint32_t n_moves, MoveReasons *ret) {
        MoveReasons r = { .texts = arena_new(a, const char *, n_moves),
                          .of = arena_new(a, uint32_t, n_moves) };

        if (!r.texts || !r.of)
                return -ENOMEM;
        for (uint32_t i = 0; i < n_moves; i++) {
                const char *why = plan->moves[i].why;
                const size_t n = first_clause(why);

                if (n < SHARED_LONG || move_reasons_alike(plan, n_moves, i) < SHARED_LEAST)
                        continue;
                r.texts[r.n] = text_copy(a, why, n);
                if (!r.texts[r.n++])
                        return -ENOMEM;
        }
        for (uint32_t i = 0; i < n_moves; i++)
                for (r.of[i] = 0; r.of[i] < r.n; r.of[i]++)
                        if (begins_alike(plan->moves[i].why, r.texts[r.of[i]]))
                                break;
        *ret = r;
        return 0;
}

const char *move_reasons_why(Arena *a, const MoveReasons *reasons, const Plan *plan, uint32_t i) {
        const char *why = plan->moves[i].why, *rest = why + first_clause(why);

        if (reasons->of[i] == reasons->n)
                return why;
        return text_format(a, "[%u]%s%s", reasons->of[i] + 1, *rest ? " " : "", rest + strspn(rest, "; "));
}
