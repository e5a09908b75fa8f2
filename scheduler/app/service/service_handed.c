/* SPDX-License-Identifier: Apache-2.0 */
/* Plans that operators hand over to the leader (plimsoll apply beside a service that acts, PUT plans/{id} of the API). Each
 * becomes a plan that waits, under its own id, with its yes or to be confirmed; from then on it is one of these: judged by the facts
 * of each round, carried out once, and in the audit. What a leader did not come to stays handed over, and whoever leads next
 * takes it in. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"
#include "scheduler/snapshot/files/waiting_text.h"

#define HANDED_QUOTE 512

/* Taken out unread: nothing is done by what cannot be understood, and who handed it over finds it gone. */
static int service_handed_refuse(const ServiceRound *round, const StoredText *text, const char *why) {
        char id[HANDED_QUOTE], words[HANDED_QUOTE];
        int r = store_take_handed(round->store, round->leadership->token, text);

        log_event(LOG_WARNING, "plan.refused", "id=%s why=%s", log_quote(text->name, id, sizeof(id)),
                  log_quote(why, words, sizeof(words)));
        return r == 1 ? -ECANCELED : r;
}

/* First among those that wait, then no longer handed over: whatever ends this program between the two, the next leader finds it
 * under the same id. */
static int service_handed_one(RoundState *s, const StoredText *text, bool waits) {
        const ServiceRound *x = s->given;
        const usec_t longest = settings_int(x->settings, "service", "confirm_for");
        char id[HANDED_QUOTE], by[HANDED_QUOTE];
        const PlanFile *file = NULL;
        WaitingPlan plan = { 0 };
        TextFault fault = { 0 };
        int r = waiting_text_parse(x->arena, text->text, text->n, &plan, &fault);

        if (r == 0 && (strcmp(plan.id, text->name) != 0 || !plan.by[0] || plan.state != WAITING_ASKED)) {
                text_fault(
                        &fault, "plan",
                        "another id or state, or without the operator who handed it over; accepted: state \"asked\"");
                r = -EBADMSG;
        }
        if (r == 0)
                r = plan_file_parse(x->arena, plan.plan, strlen(plan.plan), &file, &fault);
        if (r == 0 && strcmp(file->cluster, s->found.input.snapshot->cluster) != 0) {
                text_fault(&fault, "cluster", "is another one");
                r = -EBADMSG;
        }
        if (r == -EBADMSG)
                return service_handed_refuse(x, text, fault.what);
        if (r < 0)
                return r;
        if (waits) /* behind the id that somebody reads stays what was read */
                return service_handed_refuse(x, text, "a plan with this id waits already");
        plan.made_at = plan.made_at < s->found.input.now ? plan.made_at : s->found.input.now;
        plan.until = plan.until < plan.made_at + longest ? plan.until : plan.made_at + longest;
        r = confirm_store_put(x->leadership, x->arena, &plan);
        if (r == 0)
                r = store_take_handed(x->store, x->leadership->token, text);
        if (r == 0 && file)
                log_event(LOG_INFO, "plan.handed", "id=%s moves=%u by=%s accepted=%s",
                          log_quote(plan.id, id, sizeof(id)), file->n_moves,
                          log_quote(plan.by, by, sizeof(by)), plan.accepted ? "yes" : "no");
        return r == 1 ? -ECANCELED : r;
}

int service_handed_take(RoundState *s) {
        StoredText *texts = NULL, *waiting = NULL;
        uint32_t n = 0, n_waiting = 0;
        int r = store_get_handed(s->given->store, s->given->arena, &texts, &n);

        if (r == 0 && n > 0)
                r = store_get_waiting(s->given->store, s->given->arena, &waiting, &n_waiting);
        for (uint32_t i = 0; r == 0 && i < n; i++) {
                bool waits = false;

                for (uint32_t k = 0; k < n_waiting; k++)
                        waits |= strcmp(waiting[k].name, texts[i].name) == 0;
                r = service_handed_one(s, &texts[i], waits);
        }
        return r;
}
