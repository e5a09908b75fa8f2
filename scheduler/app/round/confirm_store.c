/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/confirm_store.h"

#include <errno.h>
#include <string.h>

#include "scheduler/base/prng.h"
#include "scheduler/snapshot/files/waiting_text.h"
#include "scheduler/store/store_unread.h"

/* An entry that cannot be read has its name alone: who leads removes it. */
static int confirm_store_read_one(Arena *a, const StoredText *text, Waiting *ret) {
        TextFault fault = { 0 };
        const PlanFile *file = NULL;
        Waiting w = { 0 };
        int r = waiting_text_parse(a, text->text, text->n, &w.plan, &fault);

        if (r == 0 && strcmp(w.plan.id, text->name) != 0)
                r = -EBADMSG;
        if (r == 0)
                r = plan_file_parse(a, w.plan.plan, strlen(w.plan.plan), &file, &fault);
        if (r == -ENOMEM)
                return r;
        w.file = r == 0 ? file : NULL;
        w.plan.id = text->name;
        *ret = w;
        return 0;
}

static int join_answers(Store *store, Arena *a, Waiting *list, uint32_t n) {
        StoredText *answers = NULL;
        uint32_t n_answers = 0;
        int r = store_get_answers(store, a, &answers, &n_answers);

        for (uint32_t i = 0; r == 0 && i < n_answers; i++)
                for (uint32_t k = 0; k < n; k++) {
                        TextFault fault = { 0 };
                        int e;

                        if (strcmp(answers[i].name, list[k].plan.id) != 0)
                                continue;
                        e = answer_text_parse(a, answers[i].text, answers[i].n, &list[k].answer, &fault);
                        if (e == -ENOMEM)
                                return e;
                        list[k].answered = e == 0;
                        list[k].unread_answer = e < 0;
                        if (e < 0)
                                store_unread_add(store, KEY_ANSWERS, answers[i].name,
                                                 "the plan waits for another answer");
                }
        return r;
}

int confirm_store_read(Store *store, Arena *a, Waiting **ret, uint32_t *ret_n) {
        StoredText *texts = NULL;
        Waiting *list = NULL;
        uint32_t n = 0;
        int r = store_get_waiting(store, a, &texts, &n);

        if (r == 0) {
                list = arena_new(a, Waiting, n);
                r = list ? 0 : -ENOMEM;
        }
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                r = confirm_store_read_one(a, &texts[i], &list[i]);
                if (r == 0 && !list[i].file)
                        store_unread_add(store, KEY_WAITING, texts[i].name, "the plan is dropped");
        }
        if (r == 0 && n > 0)
                r = join_answers(store, a, list, n);
        for (uint32_t i = 0; r == 0 && i < n; i++)
                if (list[i].plan.accepted && !list[i].answered) {
                        list[i].answered = true;
                        list[i].answer = (WaitingAnswer){ .yes = true,
                                                          .by = list[i].plan.by,
                                                          .at = list[i].plan.made_at };
                }
        if (r < 0)
                return r;
        *ret = list;
        *ret_n = n;
        return 0;
}

int confirm_store_put(const Leadership *l, Arena *a, const WaitingPlan *plan) {
        const char *text = NULL;
        size_t n = 0;
        int r = waiting_text_print(a, plan, &text, &n);

        return r < 0 ? r : store_put_waiting(l->store, l->token, plan->id, text, n);
}

int confirm_store_remove(const Leadership *l, const char *id) {
        return store_put_waiting(l->store, l->token, id, "", 0);
}

const char *confirm_store_id(Arena *a, const Waiting *list, uint32_t n, usec_t now) {
        Prng prng = prng_seeded((uint64_t) now);
        const char *id;
        bool taken;

        do {
                id = text_format(a, "%05x", prng_below(&prng, 1U << 20));
                taken = false;
                for (uint32_t i = 0; id && i < n; i++)
                        taken |= strcmp(id, list[i].plan.id) == 0;
        } while (id && taken);
        return id;
}

/* The more pressing, the lower. */
static int confirm_store_pressing(unsigned kinds) {
        int k = 0;

        while (k < ACTION_KIND_N && !(kinds & action_kind_bit((ActionKind) k)))
                k++;
        return k;
}

bool confirm_store_presses(unsigned kinds, unsigned than) {
        return confirm_store_pressing(kinds) < confirm_store_pressing(than);
}

bool confirm_store_covers(const Waiting *w, const Snapshot *s, const Plan *plan, unsigned kinds) {
        if (confirm_store_presses(kinds, w->plan.kinds))
                return false;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                const char *vm = s->vms[plan->moves[i].move.vm].name;
                uint32_t k = 0;

                while (k < w->file->n_moves && strcmp(w->file->moves[k].vm, vm) != 0)
                        k++;
                if (k == w->file->n_moves)
                        return false;
        }
        return true;
}
