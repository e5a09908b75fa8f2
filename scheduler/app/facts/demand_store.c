/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/facts/demand_store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/terminal/human.h"
#include "scheduler/model/bounds.h"
#include "scheduler/snapshot/wire/estimators.h"
#include "scheduler/snapshot/wire/history_text.h"
#include "scheduler/store/store_unread.h"

#define DAY            (INT64_C(86400) * USEC_PER_SEC)
#define FORGET_AFTER   (7 * DAY)
#define HISTORY_EXPIRY (14 * DAY)
#define DEMAND_EXPIRY  (900 * USEC_PER_SEC)

void demand_store_close(DemandStore *b) {
        free(b->list);
        *b = (DemandStore){ 0 };
}

/* ---- readings ---- */

static bool is_same(const VmHistory *history, const Vm *vm) {
        return strcmp(history->uuid, vm->uuid ? vm->uuid : "") == 0;
}

/* A VM on the move is measured on two hosts, on neither well. */
static bool is_readable(const Snapshot *s, const Vm *vm) {
        return !vm->in_flight && vm->state != VM_BOOKED && s->hosts[vm->host].excluded == EXCLUDED_NONE &&
               s->hosts[vm->host].seen_at > 0;
}

static void demand_store_take_in(VmHistory *history, const HistoryPace *pace, const Snapshot *s,
                                 const Vm *vm) {
        VmLoad load = vm_wanted(vm);

        if (is_readable(s, vm))
                vm_history_add(history, pace, s->hosts[vm->host].seen_at, &load);
}

/* The same VMs as the last time, as in most rounds: a history is 2 KB, and a cluster may have 200,000. */
static bool is_of_same_vms(const DemandStore *b, const Snapshot *s) {
        bool same = b->n == s->n_vms;

        for (VmIx v = 0; same && v < s->n_vms; v++)
                same = strcmp(b->list[v].name, s->vms[v].name) == 0 && is_same(&b->list[v], &s->vms[v]);
        return same;
}

static int demand_store_merge(DemandStore *b, const HistoryPace *pace, const Snapshot *s) {
        VmHistory *merged = calloc((size_t) b->n + s->n_vms + 1, sizeof(*merged));
        uint32_t n = 0, old = 0;

        if (!merged)
                return -ENOMEM;
        for (VmIx v = 0; v <= s->n_vms; v++) { /* both are sorted by name; the last turn takes what is left */
                const Vm *vm = v < s->n_vms ? &s->vms[v] : NULL;

                for (; old < b->n && (!vm || strcmp(b->list[old].name, vm->name) < 0); old++)
                        if (s->taken_at - b->list[old].read_at < FORGET_AFTER)
                                merged[n++] = b->list[old];
                if (!vm)
                        break;
                if (old < b->n && strcmp(b->list[old].name, vm->name) == 0 && is_same(&b->list[old], vm))
                        merged[n] = b->list[old];
                else
                        vm_history_begin(&merged[n], vm->name, vm->uuid);
                old += old < b->n && strcmp(b->list[old].name, vm->name) == 0;
                demand_store_take_in(&merged[n++], pace, s, vm);
        }
        free(b->list);
        b->list = merged;
        b->n = n;
        return 0;
}

int demand_store_add(DemandStore *b, const Settings *settings, const Snapshot *s) {
        HistoryPace pace = history_pace(settings);

        if (b->step != pace.step) /* steps of another length: they cannot be compared */
                b->n = 0;
        b->step = pace.step;
        if (!is_of_same_vms(b, s))
                return demand_store_merge(b, &pace, s);
        for (VmIx v = 0; v < s->n_vms; v++)
                demand_store_take_in(&b->list[v], &pace, s, &s->vms[v]);
        return 0;
}

/* ---- the store ---- */

static int demand_store_load(DemandStore *b, Store *store, Arena *a) {
        const VmHistory *list = NULL;
        const char *text = NULL;
        TextFault fault = { 0 };
        usec_t step = 0;
        uint32_t count = 0;
        size_t n = 0;
        int r = store_get_state(store, a, "history", &text, &n);

        demand_store_close(b);
        if (r == 0)
                r = history_parse(a, text, n, &step, &list, &count, &fault);
        if (r == -EBADMSG) {
                store_unread_add(store, KEY_STATE, "history", "it starts again");
                b->note = text_format(a, "the stored history cannot be read (line %u: %s); it starts again",
                                      fault.line, fault.what);
                return b->note ? 0 : -ENOMEM;
        }
        if (r != 0)
                return r < 0 ? r : 0;
        b->list = malloc(sizeof(*list) * ((size_t) count + 1));
        if (!b->list)
                return -ENOMEM;
        if (count > 0)
                memcpy(b->list, list, sizeof(*list) * count);
        b->n = count;
        b->step = step;
        return 0;
}

/* "LEADER STEP" */
static bool demand_store_is_mark(const char *text, size_t n) {
        const char *blank = memrchr(text, ' ', n);
        int64_t step;

        return blank && text_to_int(blank + 1, (size_t) (text + n - blank - 1), 0, bound_of(BOUND_SEQUENCE),
                                    &step) == 0;
}

/* Another leader may have kept the histories meanwhile. */
static int load_if_due(DemandStore *b, Store *store, Arena *a) {
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_state(store, a, "history-of", &text, &n);

        if (r < 0)
                return r;
        if (r == 0 && !demand_store_is_mark(text, n))
                store_unread_add(store, KEY_STATE, "history-of", "the history is read again");
        if (b->loaded &&
            (r == 0 ? n == strlen(b->saved_as) && memcmp(text, b->saved_as, n) == 0 : !b->saved_as[0]))
                return 0;
        r = demand_store_load(b, store, a);
        if (r == 0) {
                b->loaded = true;
                b->saved_as[0] = '\0';
                if (text && n < sizeof(b->saved_as))
                        memcpy(b->saved_as, text, n + 1);
        }
        return r;
}

static int demand_store_save(DemandStore *b, const Leadership *l, Arena *a, usec_t now) {
        const char *text;
        size_t n;
        int r;

        if (b->step == 0 || b->saved_step == now / b->step)
                return 0;
        r = history_print(a, b->step, b->list, b->n, &text, &n);
        if (r == 0)
                r = store_lead_state(l->store, l->token, "history", text, n, HISTORY_EXPIRY);
        if (r != 0)
                return r;
        (void) snprintf(b->saved_as, sizeof(b->saved_as), "%s %lld", l->self, (long long) (now / b->step));
        b->saved_step = now / b->step;
        return store_lead_state(l->store, l->token, "history-of", b->saved_as, strlen(b->saved_as),
                                HISTORY_EXPIRY);
}

/* ---- estimates ---- */

static int demand_store_estimate(const DemandStore *b, Arena *a, const Settings *settings, const Snapshot *s,
                                 Estimates *ret) {
        const Estimator *e = estimator_of(settings);
        VmEstimate *list = arena_new(a, VmEstimate, s->n_vms);
        char window[HUMAN_SIZE], half_life[HUMAN_SIZE];
        uint32_t n = 0, at = 0;

        if (!list)
                return -ENOMEM;
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                VmLoad reading = vm_wanted(vm);

                while (at < b->n && strcmp(b->list[at].name, vm->name) < 0)
                        at++;
                if (at < b->n && strcmp(b->list[at].name, vm->name) == 0 && b->list[at].read_at > 0)
                        list[n++] = (VmEstimate){ .vm = vm->name,
                                                  .uuid = vm->uuid ? vm->uuid : "",
                                                  .read_at = b->list[at].read_at,
                                                  .load = demand_estimate(&b->list[at], settings, &reading) };
        }
        *ret = (Estimates){ .written_at = s->taken_at, .vms = list, .n = n };
        ret->by = text_format(
                a, "%s (window %s, half-life %s)", e->name,
                human_ms(settings_int(settings, "demand", "window") / USEC_PER_MSEC, window),
                human_ms(settings_int(settings, "demand", "half_life") / USEC_PER_MSEC, half_life));
        return ret->by ? 0 : -ENOMEM;
}

static int demand_store_publish(const Leadership *l, Arena *a, const Estimates *estimates) {
        const char *text;
        size_t n;
        int r = estimates_print(a, estimates, &text, &n);

        return r < 0 ? r : store_lead_state(l->store, l->token, "demand", text, n, DEMAND_EXPIRY);
}

/* What an earlier leader estimated is not wanted any more: readers shall see the readings. */
static int demand_store_withdraw(const Leadership *l, Arena *a, usec_t now) {
        return demand_store_publish(l, a, &(Estimates){ .written_at = now, .by = "last" });
}

int demand_store_round(DemandStore *b, const Leadership *l, Arena *a, const Settings *settings,
                       const Snapshot *s, const Snapshot **ret) {
        Estimates e;
        int r;

        b->note = NULL;
        r = load_if_due(b, l->store, a);
        if (r == 0)
                r = demand_store_add(b, settings, s);
        if (r == 0)
                r = demand_store_save(b, l, a, s->taken_at);
        if (r != 0)
                return r;
        if (estimator_of(settings) == &estimators[0]) {
                r = demand_store_withdraw(l, a, s->taken_at);
                if (r == 0)
                        *ret = s;
                return r;
        }
        r = demand_store_estimate(b, a, settings, s, &e);
        if (r == 0)
                r = demand_store_publish(l, a, &e);
        return r != 0 ? r : estimates_apply(a, s, &e, ret);
}

int demand_from_store(Store *store, Arena *a, const Snapshot *s, const Snapshot **ret) {
        const char *text = NULL;
        TextFault fault = { 0 };
        Estimates e;
        size_t n = 0;
        int r = store_get_state(store, a, "demand", &text, &n);

        *ret = s;
        if (r == 0)
                r = estimates_parse(a, text, n, &e, &fault);
        if (r == -EBADMSG)
                store_unread_add(store, KEY_STATE, "demand", "the VMs' newest readings are used");
        if (r == -ENOMEM || (r < 0 && r != -EBADMSG))
                return r;
        return r != 0 || e.n == 0 ? 0 : estimates_apply(a, s, &e, ret);
}
