/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/snapshot/health/move_holds.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/base/text.h"
#include "scheduler/base/text_harmless.h"
#include "scheduler/snapshot/health/move_digest.h"

#define TRIES_MAX 1000

const SettingDef retry_settings[] = {
        { .name = "first",
          .type = SETTING_DURATION,
          .def = 60 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = 86400 * USEC_PER_SEC,
          .doc = "Time before a failed or refused migration is retried; meanwhile the VM may go to another "
                 "target. The time doubles with each further failure in a row." },
        { .name = "max",
          .type = SETTING_DURATION,
          .def = 3600 * USEC_PER_SEC,
          .min = USEC_PER_SEC,
          .max = INT64_C(30) * 86400 * USEC_PER_SEC,
          .doc = "Maximum time before a failed migration is retried. plimsoll retry ends the wait at once." },
        { .name = "forget",
          .type = SETTING_DURATION,
          .def = INT64_C(6) * 3600 * USEC_PER_SEC,
          .min = 0,
          .max = INT64_C(30) * 86400 * USEC_PER_SEC,
          .doc = "Time after the end of a wait for which the failure is remembered: another failure within it "
                 "doubles the next wait." },
        { .name = "targets",
          .type = SETTING_COUNT,
          .def = 3,
          .min = 1,
          .max = 1000,
          .doc = "After migrations of a VM to this many different targets have failed, the VM itself waits, "
                 "to whatever target." },
        { 0 },
};

/* An UUID that is not known fits any. */
static bool move_holds_is_vm(const MoveHold *hold, const char *vm, const char *uuid) {
        return hold->vm && strcmp(hold->vm, vm) == 0 &&
               (!hold->uuid || !uuid || strcmp(hold->uuid, uuid) == 0);
}

static bool move_holds_is_same(const MoveHold *hold, const MoveHold *other) {
        if (!hold->vm != !other->vm || !text_equal(hold->to, other->to))
                return false;
        return hold->vm ? move_holds_is_vm(hold, other->vm, other->uuid)
                        : text_equal(hold->from, other->from);
}

/* ---- lists ---- */

typedef struct HoldDraft {
        Arena *a;
        MoveHold *at;
        uint32_t n;
} HoldDraft;

/* With room for two more. */
static int hold_draft(Arena *a, MoveHolds list, HoldDraft *ret) {
        ret->a = a;
        ret->n = 0;
        ret->at = arena_new(a, MoveHold, (size_t) list.n + 2);
        if (!ret->at)
                return -ENOMEM;
        for (uint32_t i = 0; i < list.n; i++)
                ret->at[ret->n++] = list.at[i];
        return 0;
}

/* The one that ends first goes where there are too many. */
static void hold_draft_end(HoldDraft *d, MoveHolds *ret) {
        while (d->n > MOVE_HOLDS_MAX) {
                uint32_t first = 0;

                for (uint32_t i = 1; i < d->n; i++)
                        if (d->at[i].until < d->at[first].until)
                                first = i;
                d->at[first] = d->at[--d->n];
        }
        if (d->n > 0)
                qsort(d->at, d->n, sizeof(*d->at), move_hold_compare);
        *ret = (MoveHolds){ .at = d->at, .n = d->n };
}

/* Of one line, harmless, at most so long; what is not is left out. NULL: nothing is left, or no memory. */
static const char *move_holds_words(Arena *a, const char *why) {
        char words[MOVE_HOLD_WHY_SIZE];
        size_t n = 0, left = why ? strnlen(why, 4096) : 0;

        for (const char *at = why; left > 0;) {
                uint32_t c;
                const size_t size = text_char(at, left, &c);

                if (n + size >= sizeof(words))
                        break;
                if (text_char_is_harmless(c)) {
                        memcpy(words + n, at, size);
                        n += size;
                } else if (n > 0 && words[n - 1] != ' ')
                        words[n++] = ' ';
                at += size;
                left -= size;
        }
        return n > 0 ? text_copy(a, words, n) : NULL;
}

/* ---- a miss ---- */

static const char *move_holds_copy(Arena *a, const char *text, bool *full) {
        const char *copy = text ? text_copy(a, text, strlen(text)) : NULL;

        *full = *full || (text && !copy);
        return copy;
}

static usec_t move_holds_later(usec_t at, usec_t by) {
        usec_t sum;

        return __builtin_add_overflow(at, by, &sum) ? INT64_MAX : sum;
}

/* first, twice as long each time, at most `most`. */
static usec_t move_holds_length(const Settings *settings, int64_t tries) {
        const usec_t first = settings_int(settings, "retry", "first"),
                     most = settings_int(settings, "retry", "max");
        usec_t length = first < most ? first : most;

        for (int64_t i = 1; i < tries && length < most; i++)
                length = length > most / 2 ? most : 2 * length;
        return length;
}

static bool move_holds_is_forgotten(const MoveHold *hold, const Settings *settings, usec_t now) {
        return now > move_holds_later(hold->until, settings_int(settings, "retry", "forget"));
}

/* Grows the hold that `hold` names, or makes it. */
static int move_holds_grow(HoldDraft *d, MoveHold hold, const Snapshot *s, const Settings *settings) {
        MoveHold *there = NULL;
        bool full = false;

        const MoveHold *before;

        for (uint32_t i = 0; i < d->n && !there; i++)
                if (move_holds_is_same(&d->at[i], &hold))
                        there = &d->at[i];
        before = there;
        for (uint32_t i = 0; s && i < s->holds.n && !before; i++)
                if (move_holds_is_same(&s->holds.at[i], &hold))
                        before = &s->holds.at[i];
        hold.tries = before && !move_holds_is_forgotten(before, settings, hold.at) ? before->tries + 1 : 1;
        hold.tries = hold.tries > TRIES_MAX ? TRIES_MAX : hold.tries;
        hold.until = move_holds_later(hold.at, move_holds_length(settings, hold.tries));
        hold.vm = move_holds_copy(d->a, hold.vm, &full);
        hold.uuid = move_holds_copy(d->a, hold.uuid, &full);
        hold.from = move_holds_copy(d->a, hold.from, &full);
        hold.to = move_holds_copy(d->a, hold.to, &full);
        if (full || move_digest(d->a, s, &hold, &hold.as) < 0)
                return -ENOMEM;
        if (!there)
                there = &d->at[d->n++];
        *there = hold;
        return 0;
}

/* Targets that it has missed lately, this one among them. */
static uint32_t move_holds_targets(const HoldDraft *d, const MoveMissed *m, const Settings *settings) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < d->n; i++)
                n += d->at[i].to && move_holds_is_vm(&d->at[i], m->order->vm, m->order->uuid) &&
                     !move_holds_is_forgotten(&d->at[i], settings, m->at);
        return n;
}

int move_holds_missed(Arena *a, MoveHolds list, const MoveMissed *m, const Snapshot *s,
                      const Settings *settings, MoveHolds *ret) {
        const MoveHold base = { .miss = m->miss, .at = m->at, .why = move_holds_words(a, m->why) };
        MoveHold of_vm = base, hold = base;
        HoldDraft d;
        int r = hold_draft(a, list, &d);

        of_vm.vm = m->order->vm;
        of_vm.uuid = m->order->uuid;
        of_vm.from = m->order->from;
        switch (m->blame) {
        case BLAME_TARGET:
                hold.to = m->order->to;
                break;
        case BLAME_SOURCE:
                hold.from = m->order->from;
                break;
        case BLAME_VM:
                hold = of_vm;
                break;
        default:
                hold = of_vm;
                hold.to = m->order->to;
                break;
        }
        if (r == 0)
                r = move_holds_grow(&d, hold, s, settings);
        if (r == 0 && m->blame == BLAME_PAIR &&
            move_holds_targets(&d, m, settings) >= (uint32_t) settings_int(settings, "retry", "targets"))
                r = move_holds_grow(&d, of_vm, s, settings);
        if (r == 0)
                hold_draft_end(&d, ret);
        return r;
}

/* ---- what ends one ---- */

typedef bool (*HoldTest)(const MoveHold *hold, const void *arg);

static int move_holds_keep(Arena *a, MoveHolds list, HoldTest stays, const void *arg, MoveHolds *ret) {
        HoldDraft d;
        uint32_t n = 0;
        int r = hold_draft(a, list, &d);

        if (r < 0)
                return r;
        for (uint32_t i = 0; i < d.n; i++)
                if (stays(&d.at[i], arg))
                        d.at[n++] = d.at[i];
        d.n = n;
        hold_draft_end(&d, ret);
        return 0;
}

static bool move_holds_outlives(const MoveHold *hold, const void *arg) {
        const MoveOrder *m = arg;

        if (hold->vm)
                return strcmp(hold->vm, m->vm) != 0 || (hold->to && strcmp(hold->to, m->to) != 0);
        return hold->to ? strcmp(hold->to, m->to) != 0 : !text_equal(hold->from, m->from);
}

int move_holds_done(Arena *a, MoveHolds list, const MoveOrder *order, MoveHolds *ret) {
        return move_holds_keep(a, list, move_holds_outlives, order, ret);
}

static bool move_holds_is_other(const MoveHold *hold, const void *arg) {
        if (hold->vm)
                return strcmp(hold->vm, arg) != 0 && !text_equal(hold->to, arg);
        return !text_equal(hold->to, arg) && !text_equal(hold->from, arg);
}

int move_holds_without(Arena *a, MoveHolds list, const char *name, MoveHolds *ret) {
        return move_holds_keep(a, list, move_holds_is_other, name, ret);
}

typedef struct StandingTest {
        Arena *a;
        const Snapshot *s;
        const Settings *settings;
} StandingTest;

/* One whose VM or host is not seen stands: it is only not known. */
static bool move_holds_stands(const MoveHold *hold, const void *arg) {
        const StandingTest *t = arg;
        const VmIx v = hold->vm ? snapshot_vm(t->s, hold->vm) : IX_NONE;
        const char *as = NULL;

        if (move_holds_is_forgotten(hold, t->settings, t->s->taken_at))
                return false;
        if (v != IX_NONE && !move_holds_is_vm(hold, hold->vm, t->s->vms[v].uuid))
                return false;
        if (v != IX_NONE && !hold->to && hold->from && t->s->vms[v].host != IX_NONE &&
            strcmp(t->s->hosts[t->s->vms[v].host].name, hold->from) != 0)
                return false;
        if (move_digest(t->a, t->s, hold, &as) < 0 || !as || !hold->as)
                return true;
        return strcmp(as, hold->as) == 0;
}

int move_holds_standing(Arena *a, MoveHolds list, const Snapshot *s, const Settings *settings,
                        MoveHolds *ret) {
        return move_holds_keep(a, list, move_holds_stands, &(StandingTest){ a, s, settings }, ret);
}

/* ---- VMs that can go nowhere ---- */

static int move_holds_mark(Arena *a, const MoveHold *hold, Vm *vm) {
        if (!vm->movable)
                return 0;
        vm->movable = false;
        vm->hold = HOLD_MISSED;
        vm->unmovable_why = move_hold_text(a, hold);
        return vm->unmovable_why ? 0 : -ENOMEM;
}

static int move_holds_mark_of(Arena *a, const Snapshot *s, const MoveHold *hold, Vm *vms) {
        const HostIx from = hold->from && !hold->vm ? snapshot_host(s, hold->from) : IX_NONE;
        const VmIx v = hold->vm ? snapshot_vm(s, hold->vm) : IX_NONE;
        int r = 0;

        if (v != IX_NONE && move_holds_is_vm(hold, hold->vm, vms[v].uuid))
                r = move_holds_mark(a, hold, &vms[v]);
        for (VmIx i = 0; from != IX_NONE && r == 0 && i < s->n_vms; i++)
                if (vms[i].host == from)
                        r = move_holds_mark(a, hold, &vms[i]);
        return r;
}

int move_holds_apply(Arena *a, const Snapshot *s, const Snapshot **ret) {
        const Snapshot *own = s;
        Vm *vms = NULL;
        int r = 0;

        *ret = s;
        for (uint32_t i = 0; i < s->holds.n && r == 0; i++) {
                const MoveHold *hold = &s->holds.at[i];

                if (hold->to || !move_hold_holds(hold, s->taken_at))
                        continue;
                if (!vms) {
                        vms = snapshot_own_vms(a, &own);
                        if (!vms)
                                return -ENOMEM;
                        *ret = own;
                }
                r = move_holds_mark_of(a, s, hold, vms);
        }
        return r;
}
