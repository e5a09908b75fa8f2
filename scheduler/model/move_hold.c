/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/model/move_hold.h"

#include <stdio.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/model/instant.h"

const char *const move_miss_names[MOVE_MISS_N] = { "refused", "failed", "deadline", "unreached" };

static int move_hold_order(const char *left, const char *right) {
        return strcmp(left ? left : "", right ? right : "");
}

/* Where a hold is of one VM to one target, where it ran tells two holds not apart. */
int move_hold_compare(const void *left, const void *right) {
        const MoveHold *x = left, *y = right;
        int c = move_hold_order(x->vm, y->vm);

        if (c == 0 && x->vm)
                c = move_hold_order(x->uuid, y->uuid);
        if (c == 0)
                c = move_hold_order(x->to, y->to);
        return c != 0 || x->vm ? c : move_hold_order(x->from, y->from);
}

static const char *move_hold_event(Arena *a, const MoveHold *hold) {
        const char *host = hold->to ? hold->to : hold->from;

        switch (hold->miss) {
        case MISS_REFUSED:
                return "libvirt refused its migration";
        case MISS_FAILED:
                return "its migration failed";
        case MISS_DEADLINE:
                return "its migration did not finish by its deadline";
        case MISS_UNREACHED:
                return host ? text_format(a, "%s could not be reached", host) : "a host could not be reached";
        case MOVE_MISS_N:
                break;
        }
        return "its migration failed";
}

const char *move_hold_text(Arena *a, const MoveHold *hold) {
        const char *event = move_hold_event(a, hold), *times = "";
        char until[INSTANT_SIZE];

        if (hold->tries > 1)
                times = text_format(a, " (%lld times in a row)", (long long) hold->tries);
        if (!event || !times)
                return NULL;
        (void) instant_print(hold->until - hold->until % USEC_PER_SEC, until);
        return text_format(a, "%s%s%s%s%s; not retried before %s", event, times, hold->why ? ": \"" : "",
                           hold->why ? hold->why : "", hold->why ? "\"" : "", until);
}
