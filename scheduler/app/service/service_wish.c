/* SPDX-License-Identifier: Apache-2.0 */
/* Moves that operators want of the leader (plimsoll move beside a service that acts). Each is planned by itself on the round's
 * facts, so that it is judged as any, and joins what the round carries out; what came of it is kept as the operator's, and
 * answered. What a leader did not come to stays asked for, and whoever leads next does it, unless it finds it done. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "scheduler/app/round/move_wish.h"
#include "scheduler/app/round/round_store.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/state/asked_move.h"
#include "scheduler/base/log.h"

#define WISH_QUOTE  512
#define WISH_MODE   "move"
#define RETRY_EVERY USEC_PER_SEC

struct RoundWish {
        const StoredText *text; /* as it is asked for; its name is the VM's */
        const AskedMove *asked;
        const Snapshot *facts; /* as the round read them */
        RoundInput input;      /* of its own plan */
        Round round;
        const MoveOrder *orders; /* [n] */
        uint32_t n;
        char record[RECORD_NAME_SIZE]; /* that its entry of the audit names; "": it is not written yet */
        usec_t audit_at;               /* that entry's time, which is in its id */
        bool audited;
        bool kept;       /* what came of it */
        usec_t retry_at; /* it could not be kept: not tried again before; 0: it was not tried */
};

/* ---- the answer ---- */

/* Those of long ago go. */
static int service_wish_forget(const ServiceRound *round) {
        StoredText *told = NULL;
        uint32_t n = 0;
        int r = store_get_told(round->store, round->arena, &told, &n);

        for (uint32_t i = 0; r == 0 && i < n; i++) {
                ToldMove one = { 0 };
                const int k = told_move_parse(round->arena, told[i].text, told[i].n, &one);

                if (k == -ENOMEM)
                        return k;
                if (k < 0 || one.at + TOLD_FOR < round_now(round))
                        r = store_put_told(round->store, round->leadership->token, told[i].name, NULL, 0);
        }
        return r;
}

static int service_wish_tell(const ServiceRound *round, const StoredText *text, const AskedMove *asked,
                             ToldMove told) {
        const uint64_t token = round->leadership->token;
        char vm[WISH_QUOTE], by[WISH_QUOTE], why[WISH_QUOTE];
        const char *answer = NULL;
        size_t n = 0;
        int r;

        told.id = asked->id;
        told.leader = round->leadership->self;
        told.at = round_now(round);
        log_event(told.end == TOLD_DONE ? LOG_INFO : LOG_WARNING, "move.told",
                  "vm=%s to=%s by=%s end=%s why=%s", log_quote(text->name, vm, sizeof(vm)), asked->to,
                  log_quote(asked->by, by, sizeof(by)), told_end_names[told.end],
                  log_quote(told.why, why, sizeof(why)));
        r = told_move_print(round->arena, &told, &answer, &n);
        if (r == 0)
                r = service_wish_forget(round);
        if (r == 0)
                r = store_put_told(round->store, token, text->name, answer, n);
        if (r == 0)
                r = store_take_asked(round->store, token, text);
        return r == 1 ? -ECANCELED : r;
}

/* Without a try. */
static int service_wish_answer(const ServiceRound *round, const RoundWish *wish, ToldEnd end,
                               const char *why) {
        return service_wish_tell(round, wish->text, wish->asked, (ToldMove){ .end = end, .why = why });
}

/* ---- taking them in ---- */

/* Under way by us, or by whoever led before: what becomes of that is awaited. vm NULL: it is not seen. */
static bool service_wish_is_under_way(const RoundState *s, const char *name, const Vm *vm) {
        const ServiceRun *run = s->given->run;
        const RoundInput *in = &s->found.input;
        MoveUnderWay m = { 0 };

        for (uint32_t i = 0; run && mover_under_way(run->mover, i, &m); i++)
                if (m.order && strcmp(m.order->vm, name) == 0)
                        return true;
        for (uint32_t i = 0; i < in->n_cool_downs; i++)
                if (in->cool_downs[i].open && strcmp(in->cool_downs[i].vm, name) == 0)
                        return true;
        return vm && vm->in_flight;
}

/* What the journal says of it last: a leader that died, or could not write down what came of it, had begun it. NULL: nothing. */
static int service_wish_begun(const ServiceRound *round, const RoundWish *wish, const JournalEntry **ret) {
        const JournalEntry *journal = NULL;
        uint32_t n = 0;
        int r = round_store_journal(round->store, round->arena, &journal, &n);

        *ret = NULL;
        for (uint32_t i = 0; r == 0 && i < n && journal[i].at >= wish->asked->at && !*ret; i++) {
                const JournalEntry *e = &journal[i];

                if (strcmp(e->order->vm, wish->text->name) == 0 && strcmp(e->order->to, wish->asked->to) == 0)
                        *ret = e;
        }
        return r;
}

/* It is where it is wanted: with how it came there, where the journal knows. */
static int service_wish_is_there(const ServiceRound *round, const RoundWish *wish,
                                 const JournalEntry *begun) {
        const RecordMove move = { .order = begun ? begun->order : NULL,
                                  .end = move_end_names[MOVE_DONE],
                                  .why = "",
                                  .took = begun ? begun->took : MOVE_NOT_MEASURED };
        const bool moved = begun && begun->event == JOURNAL_DONE;

        return service_wish_tell(
                round, wish->text, wish->asked,
                (ToldMove){ .end = TOLD_DONE, .why = "", .moves = moved ? &move : NULL, .n = moved });
}

/* 1: it is answered, or waits. 0: it is to be planned. */
static int service_wish_settle(RoundState *s, const RoundWish *wish) {
        const ServiceRound *x = s->given;
        const Snapshot *facts = s->found.input.snapshot;
        const VmIx v = snapshot_vm(facts, wish->text->name);
        const Vm *vm = v != IX_NONE ? &facts->vms[v] : NULL;
        const bool is_another =
                vm && vm->uuid && wish->asked->uuid && strcmp(vm->uuid, wish->asked->uuid) != 0;
        const JournalEntry *begun = NULL;
        int r;

        if (service_wish_is_under_way(s, wish->text->name, vm))
                return 1;
        r = service_wish_begun(x, wish, &begun);
        if (r < 0)
                return r;
        if (vm && !is_another && strcmp(facts->hosts[vm->host].name, wish->asked->to) == 0)
                r = service_wish_is_there(x, wish, begun);
        else if (begun && (begun->event == JOURNAL_FAILED || begun->event == JOURNAL_ABORTED))
                r = service_wish_answer(x, wish, TOLD_FAILED,
                                        begun->message && begun->message[0] ? begun->message : "it failed");
        else if (!vm)
                r = service_wish_answer(x, wish, TOLD_REFUSED, "VM not found");
        else if (is_another)
                r = service_wish_answer(x, wish, TOLD_REFUSED, "the VM of that name is now another one");
        else
                return 0;
        return r < 0 ? r : 1;
}

/* For what is planned after it the VM is under way. */
static int service_wish_hold(RoundState *s, const RoundWish *wish) {
        RoundInput *in = &s->found.input;
        CoolDown *held = arena_new(s->given->arena, CoolDown, (size_t) in->n_cool_downs + wish->n);

        if (!held)
                return -ENOMEM;
        for (uint32_t i = 0; i < in->n_cool_downs; i++)
                held[i] = in->cool_downs[i];
        for (uint32_t i = 0; i < wish->n; i++)
                held[in->n_cool_downs + i] = (CoolDown){ .vm = wish->orders[i].vm,
                                                         .until = INT64_MAX,
                                                         .why = "it is being moved at an operator's request",
                                                         .open = &wish->orders[i],
                                                         .runs = true };
        in->cool_downs = held;
        in->n_cool_downs += wish->n;
        s->found.is_posed = false;
        return 0;
}

/* It was not come to in time: with what is in its way by now. */
static int service_wish_expire(const ServiceRound *round, const RoundWish *wish, const char *why) {
        const char *words =
                why ? text_format(
                              round->arena,
                              "the service did not get to it in time and dropped the request; it would not be possible "
                              "now: %s",
                              why)
                    : "the service did not get to it in time and dropped the request; it would be possible now";

        return words ? service_wish_answer(round, wish, TOLD_EXPIRED, words) : -ENOMEM;
}

static int service_wish_plan(RoundState *s, RoundWish *wish) {
        const ServiceRound *x = s->given;
        TextFault fault = { 0 };
        const char *why = NULL;
        int r;

        wish->input = s->found.input;
        wish->input.request.wish = (MoveWish){ .vm = wish->text->name,
                                               .to = wish->asked->to,
                                               .makes_way = wish->asked->makes_way };
        wish->input.not_now = 0;
        wish->input.hold_from = VM_MODE_CONFIRM; /* what would make way: nobody asked for that */
        r = move_wish_cool_downs(x->arena, &wish->input);
        if (r == 0)
                r = round_decide(x->arena, &wish->input, &wish->round);
        if (r < 0)
                return r;
        if (wish->round.plan->status >= PLAN_BLOCKED || wish->round.plan->n_moves == 0)
                why = move_wish_why_not(&wish->round, NULL);
        else
                r = mover_moves_of_plan(x->arena, wish->round.snapshot, wish->round.plan, &wish->orders,
                                        &fault);
        if (r == -ENOENT) {
                why = text_format(x->arena, "%s", fault.what);
                r = why ? 0 : -ENOMEM;
        }
        if (r < 0)
                return r;
        if (round_now(x) >= wish->asked->until)
                return service_wish_expire(x, wish, why);
        if (!why) {
                wish->n = wish->round.plan->n_moves;
                return 0;
        }
        if (x->run) /* what runs may be in its way, and ends */
                return 0;
        return service_wish_answer(x, wish, TOLD_REFUSED, why);
}

static int service_wish_one(RoundState *s, RoundWish *wish) {
        char vm[WISH_QUOTE], by[WISH_QUOTE];
        int r = service_wish_settle(s, wish);

        if (r == 0)
                r = service_wish_plan(s, wish);
        if (r != 0 || wish->n == 0)
                return r < 0 ? r : 0;
        log_event(LOG_INFO, "move.asked", "vm=%s to=%s by=%s moves=%u",
                  log_quote(wish->text->name, vm, sizeof(vm)), wish->asked->to,
                  log_quote(wish->asked->by, by, sizeof(by)), wish->n);
        r = service_wish_hold(s, wish);
        s->n_wishes += r == 0;
        return r;
}

int service_wish_take(RoundState *s) {
        const ServiceRound *x = s->given;
        AskedMoves asked = { 0 };
        int r = s->over ? 0 : asked_moves_read(x->store, x->arena, &asked);

        if (r < 0 || asked.n == 0)
                return r;
        s->wishes = arena_new(x->arena, RoundWish, asked.n);
        if (!s->wishes)
                return -ENOMEM;
        for (uint32_t i = 0; r == 0 && i < asked.n; i++) {
                RoundWish *wish = &s->wishes[s->n_wishes];

                *wish = (RoundWish){ .text = &asked.texts[i],
                                     .asked = &asked.at[i],
                                     .facts = s->found.facts };
                if (!wish->asked->id) { /* it cannot be read */
                        log_event(LOG_WARNING, "move.asked_unreadable", "what=\"%s\"", wish->text->name);
                        r = store_take_asked(x->store, x->leadership->token, wish->text);
                        r = r == 1 ? -ECANCELED : r;
                } else if (!x->executor || s->found.input.stopped || source_loss(x->source)) {
                        if (round_now(x) >= wish->asked->until)
                                r = service_wish_answer(
                                        x, wish, TOLD_EXPIRED,
                                        "the service could not move it in time and dropped the request");
                } else {
                        r = service_wish_one(s, wish);
                }
        }
        return r;
}

bool service_wish_is_new(const RoundState *s) {
        const ServiceRun *run = s->given->run;

        for (uint32_t i = 0; i < s->n_wishes; i++)
                if (!run || !mover_waits(run->mover, s->wishes[i].text->name))
                        return true;
        return false;
}

/* ---- carrying them out ---- */

typedef struct WishJoin {
        MoveOrder *orders;
        MoveUrgency *urgency;
        uint32_t *of;
        const char **by, **for_whom;
        uint32_t n;
} WishJoin;

static void service_wish_join_plan(WishJoin *j, const RoundMoves *plan, uint32_t wave) {
        for (uint32_t i = 0; i < plan->n; i++) {
                if (plan->orders[i].wave != wave)
                        continue;
                j->orders[j->n] = plan->orders[i];
                j->urgency[j->n] = plan->urgency[i];
                j->of[j->n] = IX_NONE;
                j->for_whom[j->n] = NULL;
                j->by[j->n++] = NULL;
        }
}

static void service_wish_join_one(WishJoin *j, const RoundWish *wish, uint32_t number, uint32_t wave) {
        for (uint32_t i = 0; i < wish->n; i++) {
                if (wish->orders[i].wave != wave)
                        continue;
                j->orders[j->n] = wish->orders[i];
                j->urgency[j->n] = (MoveUrgency){ .spared = true };
                j->of[j->n] = number;
                j->for_whom[j->n] = wish->asked->by;
                j->by[j->n++] = strcmp(wish->orders[i].vm, wish->text->name) == 0 ? wish->asked->by : NULL;
        }
}

static uint32_t service_wish_waves(const MoveOrder *orders, uint32_t n) {
        return n > 0 ? orders[n - 1].wave + 1 : 0;
}

int service_wish_join(RoundState *s, const RoundMoves *plan) {
        Arena *a = s->given->arena;
        uint32_t n = plan->n, waves = service_wish_waves(plan->orders, plan->n);
        WishJoin j = { 0 };

        s->done.orders = plan->orders;
        s->done.urgency = plan->urgency;
        s->done.n = plan->n;
        if (s->n_wishes == 0)
                return 0;
        for (uint32_t i = 0; i < s->n_wishes; i++) {
                const uint32_t own = service_wish_waves(s->wishes[i].orders, s->wishes[i].n);

                n += s->wishes[i].n;
                waves = own > waves ? own : waves;
        }
        j = (WishJoin){ .orders = arena_new(a, MoveOrder, n),
                        .urgency = arena_new(a, MoveUrgency, n),
                        .of = arena_new(a, uint32_t, n),
                        .by = arena_new(a, const char *, n),
                        .for_whom = arena_new(a, const char *, n) };
        if (!j.orders || !j.urgency || !j.of || !j.by || !j.for_whom)
                return -ENOMEM;
        for (uint32_t wave = 0; wave < waves; wave++) {
                for (uint32_t i = 0; i < s->n_wishes; i++)
                        service_wish_join_one(&j, &s->wishes[i], i, wave);
                service_wish_join_plan(&j, plan, wave);
        }
        s->done.orders = j.orders;
        s->done.urgency = j.urgency;
        s->done.wish_of = j.of;
        s->done.by = j.by;
        s->done.for_whom = j.for_whom;
        s->done.n = j.n;
        s->done.wishes = s->wishes;
        s->done.n_wishes = s->n_wishes;
        if (plan->n == 0)
                s->shown.live.summary = "move what operators requested";
        return service_live_moves(a, &s->shown, s->done.orders, s->done.n);
}

/* ---- what came of them ---- */

/* Its moves are list[*ret_n], with what came of them; false: not all have ended. *ret_own: its VM's own, or NULL. */
static bool service_wish_outcomes(Arena *a, const RoundMoves *done, uint32_t number, const RecordMove **ret,
                                  uint32_t *ret_n, const MoveOutcome **ret_own) {
        const RoundWish *wish = &done->wishes[number];
        const RecordMove *all = NULL;
        RecordMove *list;
        uint32_t n = 0;

        *ret_own = NULL;
        for (uint32_t i = 0; i < done->n; i++) {
                if (done->wish_of[i] != number)
                        continue;
                if (!done->ended[i])
                        return false;
                if (strcmp(done->orders[i].vm, wish->text->name) == 0)
                        *ret_own = &done->outcomes[i];
        }
        list = arena_new(a, RecordMove, wish->n);
        if (!list || mover_record(a, done->orders, done->outcomes, done->n, &all) < 0)
                return false;
        for (uint32_t i = 0; i < done->n; i++)
                if (done->wish_of[i] == number)
                        list[n++] = all[i];
        *ret = list;
        *ret_n = n;
        return true;
}

/* Why it is not to be tried again: one that was to make way for it did not. *ret NULL: none did so. 0 or -ENOMEM. */
static int service_wish_no_way(Arena *a, const RoundMoves *done, uint32_t number, const char **ret) {
        *ret = NULL;
        for (uint32_t i = 0; i < done->n; i++) {
                const MoveOutcome *o = &done->outcomes[i];

                if (done->wish_of[i] != number || (o->end != MOVE_FAILED && o->end != MOVE_ABORTED &&
                                                   o->end != MOVE_REFUSED && o->end != MOVE_FOREIGN))
                        continue;
                *ret = text_format(a, "%s, which was to make room for it, stays on %s: %s",
                                   done->orders[i].vm, done->orders[i].from, o->why);
                return *ret ? 0 : -ENOMEM;
        }
        return 0;
}

/* The decision with what came of it: the operator's. Where that fails it is tried again, and each part is written once. */
static int service_wish_write_down(const ServiceRound *round, RoundWish *wish, const RecordMove *moves,
                                   uint32_t n) {
        const RoundRecord record = { .input = &wish->input,
                                     .facts = wish->facts,
                                     .round = &wish->round,
                                     .leader = round->leadership->self,
                                     .mode = WISH_MODE,
                                     .moves = moves,
                                     .n_moves = n };
        AuditEntry entry;
        int r = 0;

        if (wish->audited)
                return 0;
        if (!wish->record[0]) {
                r = round_record_store(round->leadership, round->arena, &record, wish->record);
                if (r != 0)
                        return r == 1 ? -ECANCELED : r;
                wish->audit_at = round_now(round);
        }
        entry = audit_store_entry(&record, wish->record);
        entry.by = wish->asked->by;
        entry.at = wish->audit_at; /* its id is the leader and this, and the round has an entry of its own */
        r = audit_store_write(round->leadership, round->arena, round->settings, wish->facts, entry);
        wish->audited = r == 0;
        return r == 1 ? -ECANCELED : r;
}

static int service_wish_keep_one(const ServiceRound *round, RoundMoves *done, uint32_t number) {
        RoundWish *wish = &done->wishes[number];
        const MoveOutcome *own = NULL;
        const RecordMove *moves = NULL;
        const char *no_way = NULL;
        uint32_t n = 0;
        int r = 0;

        if (!service_wish_outcomes(round->arena, done, number, &moves, &n, &own) || !own)
                return 0;
        if (move_end_is_open(own->end))
                r = service_wish_no_way(round->arena, done, number, &no_way);
        if (r < 0)
                return r;
        if (move_end_is_open(own->end) && !no_way) { /* it stays asked for */
                wish->kept = true;
                return 0;
        }
        r = service_wish_write_down(round, wish, moves, n);
        if (r == 0 && own->end != MOVE_UNCLEAR) /* that is told once it is known */
                r = service_wish_tell(round, wish->text, wish->asked,
                                      (ToldMove){ .end = own->end == MOVE_DONE      ? TOLD_DONE
                                                         : own->end == MOVE_REFUSED ? TOLD_REFUSED
                                                                                    : TOLD_FAILED,
                                                  .why = own->end == MOVE_DONE ? ""
                                                         : no_way              ? no_way
                                                                               : own->why,
                                                  .moves = moves,
                                                  .n = n });
        wish->kept = r == 0;
        return r;
}

int service_wish_keep(const ServiceRound *round, RoundMoves *done, bool last) {
        int r = 0;

        for (uint32_t i = 0; i < done->n_wishes && done->ended; i++) {
                RoundWish *wish = &done->wishes[i];
                const ArenaMark mark = arena_mark(round->arena);
                int k;

                if (wish->kept || (!last && round_monotonic(round) < wish->retry_at))
                        continue;
                k = service_wish_keep_one(round, done, i);
                if (k < 0 && wish->retry_at == 0)
                        log_event(LOG_WARNING, "round.failed",
                                  "while=\"reporting the result of an operator's move\"");
                if (k < 0) {
                        arena_rewind(round->arena, mark);
                        wish->retry_at = round_monotonic(round) + RETRY_EVERY;
                }
                r = r < 0 ? r : k;
        }
        return r;
}
