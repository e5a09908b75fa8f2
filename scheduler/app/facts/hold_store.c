/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/hold_store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/snapshot/files/snapshot_file.h"
#include "scheduler/store/store_unread.h"

#define HOLD_STORE_ARENA ((size_t) 64 << 20)
#define TEXT_SIZE        400

static int hold_store_parse(Arena *a, const char *text, size_t n, MoveHolds *ret, TextFault *reterr_fault) {
        const Snapshot *s = NULL;
        int r = snapshot_file_parse(a, text, n, &s, reterr_fault);

        if (r == 0)
                *ret = s->holds;
        return r;
}

/* 0; -EBADMSG with *reterr_fault: what is there is no list; and as the store. */
static int hold_store_get(Store *store, Arena *a, MoveHolds *ret, TextFault *reterr_fault) {
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_missed(store, a, &text, &n);

        *ret = (MoveHolds){ 0 };
        return r == 0 ? hold_store_parse(a, text, n, ret, reterr_fault) : r < 0 ? r : 0;
}

static int hold_store_put(const Leadership *l, Arena *a, MoveHolds list) {
        const Snapshot s = { .cluster = "missed", .holds = list };
        const char *text = NULL;
        size_t n = 0;
        int r = snapshot_file_print(a, &s, &text, &n);

        return r < 0 ? r : store_put_missed(l->store, l->token, text, n);
}

int hold_store_read(Store *store, Arena *a, BuildInput *in, HoldStore *ret) {
        StoredText *retries = NULL;
        HoldStore holds = { 0 };
        TextFault fault = { 0 };
        int r = hold_store_get(store, a, &holds.stored, &fault);

        if (r == -EBADMSG) {
                store_unread_add(store, KEY_MISSED, NULL, "migrations that failed may be tried at once");
                r = 0;
        }
        if (r == 0)
                r = store_get_retries(store, a, &retries, &holds.n_retries);
        if (r < 0)
                return r;
        holds.retries = retries;
        in->holds = holds.stored;
        for (uint32_t i = 0; r == 0 && i < holds.n_retries; i++)
                r = move_holds_without(a, in->holds, retries[i].name, &in->holds);
        if (r == 0)
                *ret = holds;
        return r;
}

int hold_store_write(const HoldStore *holds, const Leadership *l, Arena *a, const Snapshot *s,
                     const Settings *settings) {
        TextFault fault = { 0 };
        MoveHolds list, standing = { 0 };
        int r = 0;

        if (holds->n_retries == 0 && holds->stored.n == s->holds.n)
                return 0;
        r = hold_store_get(l->store, a, &list, &fault); /* moves may have ended since */
        for (uint32_t i = 0; r == 0 && i < holds->n_retries; i++)
                r = move_holds_without(a, list, holds->retries[i].name, &list);
        if (r == 0)
                r = move_holds_standing(a, list, s, settings, &standing);
        if (r == 0)
                r = hold_store_put(l, a, standing);
        for (uint32_t i = 0; r == 0 && i < holds->n_retries; i++)
                r = store_take_retry(l->store, l->token, &holds->retries[i]);
        return r == -EBADMSG ? 0 : r;
}

int hold_store_missed(const Leadership *l, const MoveMissed *missed, const Snapshot *facts,
                      const Settings *settings) {
        Snapshot as = facts ? *facts : (Snapshot){ 0 };
        TextFault fault = { 0 };
        MoveHolds list;
        Arena a;
        int r = arena_open(HOLD_STORE_ARENA, &a);

        if (r < 0)
                return r;
        as.holds = (MoveHolds){ 0 }; /* the store has them all: what it has not was taken back */
        r = hold_store_get(l->store, &a, &list, &fault);
        if (r == 0 || r == -EBADMSG)
                r = move_holds_missed(&a, list, missed, facts ? &as : NULL, settings, &list);
        if (r == 0)
                r = hold_store_put(l, &a, list);
        arena_close(&a);
        return r;
}

int hold_store_done(const Leadership *l, const MoveOrder *order) {
        TextFault fault = { 0 };
        MoveHolds list, left = { 0 };
        Arena a;
        int r = arena_open(HOLD_STORE_ARENA, &a);

        if (r < 0)
                return r;
        r = hold_store_get(l->store, &a, &list, &fault);
        if (r == 0 && list.n > 0)
                r = move_holds_done(&a, list, order, &left);
        if (r == 0 && left.n != list.n)
                r = hold_store_put(l, &a, left);
        arena_close(&a);
        return r == -EBADMSG ? 0 : r;
}

int hold_store_retry(Store *store, const char *name, const char *by, usec_t at) {
        char text[TEXT_SIZE];
        const int n = snprintf(text, sizeof(text), "%lld %.255s", (long long) at, by);

        return store_put_retry(store, name, text, (size_t) n);
}
