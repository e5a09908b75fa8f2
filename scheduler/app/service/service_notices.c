/* SPDX-License-Identifier: Apache-2.0 */
/* What of a round somebody is to be told of (app/notices): each condition that is open now. */
#include <stdio.h>
#include <string.h>

#include "scheduler/app/service/service_parts.h"
#include "scheduler/app/text/late_text.h"
#include "scheduler/app/text/plan_text.h"
#include "scheduler/base/text.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/model/instant.h"

#define BLIND_EVENTS                                                                                         \
        (1U << NOTICE_BLIND | 1U << NOTICE_STORE_FORGOT |                                                    \
         1U << NOTICE_LEADER) /* of these a round without facts can tell, too */
#define UNSEEN_EVENTS                                                                                        \
        (BLIND_EVENTS | 1U << NOTICE_PLAN_WAITS | 1U << NOTICE_BALANCE_PAUSED |                              \
         1U << NOTICE_CERTIFICATE) /* and one whose facts have no host that is seen: what is not of hosts or VMs */

static void notices_say(NoticeCondition *c, usec_t since, const char *fmt, ...) printf_like(3, 4);

static void notices_say(NoticeCondition *c, usec_t since, const char *fmt, ...) {
        va_list ap;

        if (!c)
                return;
        va_start(ap, fmt);
        (void) vsnprintf(c->title, sizeof(c->title), fmt, ap);
        va_end(ap);
        c->since = since;
}

static void notices_detail(NoticeCondition *c, const char *text) {
        if (c && text)
                (void) snprintf(c->detail, sizeof(c->detail), "%s", text);
}

static void notices_plans(NoticePicture *to, const LiveState *live) {
        for (uint32_t i = 0; i < live->n_waiting; i++) {
                const LiveWaiting *w = &live->waiting[i];
                NoticeCondition *c = notice_picture_add(to, NOTICE_PLAN_WAITS, NOTICE_WARNING, 1, w->id);

                notices_say(c, 0, "Plan %s awaits confirmation: %u move%s (%s)", w->id, w->n_moves,
                            w->n_moves == 1 ? "" : "s", w->kinds);
                notices_detail(c, w->summary);
        }
}

/* ---- hosts that are emptied ---- */

static uint32_t notices_blocked(const LiveState *live, const char *host, const LiveStay **ret_first) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < live->n_stays; i++)
                if (strcmp(live->stays[i].host, host) == 0 && n++ == 0)
                        *ret_first = &live->stays[i];
        return n;
}

/* How many VMs of each host are to leave it, by one look at all VMs. NULL: no memory. */
static const uint32_t *notices_to_leave(Arena *a, const Snapshot *s, const Problem *p) {
        uint32_t *n = arena_new(a, uint32_t, s->n_hosts);

        for (VmIx v = 0; n && v < s->n_vms; v++) {
                const HostIx h = s->vms[v].host;

                if (h != IX_NONE && s->vms[v].state != VM_BOOKED)
                        n[h] += (s->hosts[h].state == HOST_MAINTENANCE && s->vms[v].state != VM_OFF) ||
                                (p && problem_leave(p, v, h) > 0);
        }
        return n;
}

static void notices_evacuation(NoticePicture *to, const LiveState *live, const Snapshot *s, HostIx h,
                               uint32_t n, usec_t now) {
        const Host *host = &s->hosts[h];
        const uint32_t late = late_vms(s, h, now);
        const LiveStay *first = NULL;
        const uint32_t blocked = n > 0 ? notices_blocked(live, host->name, &first) : 0;
        NoticeCondition *c;

        if (n == 0 || host->held)
                return;
        c = notice_picture_add(to, NOTICE_EVACUATION,
                               late > 0      ? NOTICE_CRITICAL
                               : blocked > 0 ? NOTICE_WARNING
                                             : NOTICE_INFO,
                               1 + (blocked > 0) + 2 * (late > 0), host->name);
        if (late > 0)
                notices_say(c, 0, "Evacuation of %s is late: %u VM%s still there after its deadline",
                            host->name, late, late == 1 ? " is" : "s are");
        else if (blocked > 0)
                notices_say(c, 0, "Evacuation of %s is blocked: %u of %u VMs cannot leave", host->name,
                            blocked, n);
        else
                notices_say(c, 0, "%s is evacuated: %u VM%s to leave", host->name, n,
                            n == 1 ? " is" : "s are");
        if (c && first)
                (void) snprintf(c->detail, sizeof(c->detail), "%.120s: %.300s", first->vm, first->why);
}

/* ---- hosts and VMs ---- */

static void notices_host(NoticePicture *to, const Host *host) {
        NoticeCondition *c;

        if (host->fault_grade > 0) {
                c = notice_picture_add(to, NOTICE_FAULT,
                                       host->fault_grade >= 3 ? NOTICE_CRITICAL : NOTICE_WARNING,
                                       (int) host->fault_grade, host->name);
                notices_say(c, 0, "Hardware of %s: grade %lld of 4", host->name,
                            (long long) host->fault_grade);
                notices_detail(c, host->fault_why);
        }
        if (host->held) {
                c = notice_picture_add(to, NOTICE_BRAKE, NOTICE_WARNING, 1, host->name);
                notices_say(c, 0,
                            "%s should be evacuated and is held: too many hosts at once (plimsoll release)",
                            host->name);
                notices_detail(c, host->held);
        }
}

static void notices_doubled(NoticePicture *to, const Snapshot *s) {
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Vm *vm = &s->vms[v];
                NoticeCondition *c;

                if (!vm_is_doubled(vm))
                        continue;
                c = notice_picture_add(to, NOTICE_VM_DOUBLED, NOTICE_CRITICAL, 1, vm->name);
                notices_say(c, 0, "VM %s runs on several hosts: look on each, start nothing", vm->name);
                for (uint32_t i = 0; c && i < vm->running_on.n; i++) {
                        const size_t n = strlen(c->detail);

                        (void) snprintf(c->detail + n, sizeof(c->detail) - n, "%s%.100s",
                                        i > 0 ? ", " : "on ", vm->running_on.at[i]);
                }
        }
}

/* ---- the service ---- */

/* Why nothing can be planned: there are no facts, or none of a host that takes part. NULL: there are. */
static const char *notices_blind(const RoundState *s, const Snapshot *facts) {
        const Host *first = facts && facts->n_hosts > 0 ? &facts->hosts[0] : NULL;

        if (s->found.blind || !s->found.known || !first || !snapshot_is_blind(facts))
                return s->found.blind;
        return text_format(s->given->arena, "%u of %u hosts are excluded; %s: %s", snapshot_excluded(facts),
                           facts->n_hosts, first->name, host_silence_why(first));
}

static void notices_service(NoticePicture *to, const RoundState *s, const char *blind) {
        const LiveState *live = &s->shown.live;
        const LostStore *loss = source_loss(s->given->source);
        NoticeCondition *c;

        if (blind) {
                c = notice_picture_add(to, NOTICE_BLIND, NOTICE_CRITICAL, 1, "");
                notices_say(c, 0, "The service is blind: it has no data to plan on");
                notices_detail(c, blind);
        }
        if (loss) {
                c = notice_picture_add(to, NOTICE_STORE_FORGOT, NOTICE_CRITICAL, 1, "");
                notices_say(c, loss->at,
                            "The store has lost data: balance waits (plimsoll store acknowledge)");
                notices_detail(c, loss->why);
        }
        if (live->paused) {
                c = notice_picture_add(to, NOTICE_BALANCE_PAUSED, NOTICE_WARNING, 1, "");
                notices_say(c, live->paused_since, "Balance is paused (plimsoll audit --acknowledge)");
                notices_detail(c, live->paused);
        }
}

static void notices_certificates(NoticePicture *to, const LiveState *live, usec_t now) {
        for (uint32_t i = 0; i < live->n_certificates; i++) {
                const LiveCertificate *one = &live->certificates[i];
                const bool over = now >= one->until;
                NoticeCondition *c = notice_picture_add(
                        to, NOTICE_CERTIFICATE, over ? NOTICE_CRITICAL : NOTICE_WARNING, 1 + over, one->file);
                char at[INSTANT_SIZE];

                notices_say(c, 0, "Certificate %.200s %s %s", one->file, over ? "has expired" : "expires",
                            instant_print(one->until, at));
        }
}

void service_notices_put(const RoundState *s) {
        const Plan *plan = s->wanted.round.plan;
        const Snapshot *facts = plan ? s->wanted.round.snapshot : s->found.input.snapshot;
        const Problem *p = plan ? s->wanted.round.problem : s->found.is_posed ? s->found.posed.problem : NULL;
        const usec_t now = round_now(s->given);
        const char *blind = notices_blind(s, facts);
        const uint32_t *to_leave;
        NoticePicture picture = { .judged = !s->found.known ? BLIND_EVENTS
                                            : blind         ? UNSEEN_EVENTS
                                                            : NOTICE_ALL_EVENTS };

        if (!s->given->notices || (!s->found.known && !s->found.blind))
                return;
        picture.judged &= ~(1U << NOTICE_TEST);
        if (!service_modes_act(&s->given->modes)) /* it leads for a moment at a time */
                picture.judged &= ~(1U << NOTICE_LEADER);
        notices_service(&picture, s, blind);
        if (s->found.known && facts) {
                if (!p || p->n_hosts != facts->n_hosts || p->n_vms != facts->n_vms)
                        p = NULL;
                notices_plans(&picture, &s->shown.live);
                notices_doubled(&picture, facts);
                notices_certificates(&picture, &s->shown.live, now);
                to_leave = notices_to_leave(s->given->arena, facts, p);
                if (!to_leave)
                        picture.judged &= ~(1U << NOTICE_EVACUATION);
                for (HostIx h = 0; h < facts->n_hosts; h++) {
                        notices_host(&picture, &facts->hosts[h]);
                        if (to_leave)
                                notices_evacuation(&picture, &s->shown.live, facts, h, to_leave[h], now);
                }
        }
        notice_watch_put(s->given->notices, &picture);
}
