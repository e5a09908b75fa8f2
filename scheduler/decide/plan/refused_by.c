/* SPDX-License-Identifier: Apache-2.0 */
/* What a host says against a VM, and by whom one is refused, in words. */
#include <errno.h>

#include "scheduler/decide/plan/refused_parts.h"
#include "scheduler/decide/whynot/refusal.h"
#include "scheduler/model/host_silence.h"

/* VMs of which it is told by whom they are refused, host by host. */
#define BY_WHOM_MAX 100

/* Reasons that are told of one VM. */
#define BY_WHOM_SHOWN 3

/* How many hosts gave each reason, and the first that did. */
typedef struct Votes {
        uint32_t counts[REASON_N];
        HostIx first[REASON_N];
} Votes;

Reason refused_objection(const Asking *k, VmIx v, HostIx h, Wish wish) {
        const Problem *p = k->pl->first;
        Move m = { v, k->pl->now[v], h };
        Reason why = evaluator_refuse(k->e, m);
        const int64_t *need = problem_need(p, v), *load = assignment_load(k->e->x, h);

        for (uint32_t r = 0; r < p->n_res && why == REASON_NONE && wish.below_line; r++)
                if (need[r] > 0 && load[r] + need[r] > p->limit[(size_t) h * p->n_res + r])
                        why = REASON_NO_ROOM;
        if (why == REASON_NONE && wish.not_mended != REASON_NONE &&
            evaluator_delta(k->e, m).tier[TIER_REPAIR] >= 0)
                why = wish.not_mended;
        return why;
}

/* What one host says, after the plan. */
static const char *refused_by_says(Asking *k, const Trial *t, const Listed *l, HostIx h, Reason why) {
        Arena *a = k->pl->arena;
        const VmIx v = l->refused.vm;
        const Move m = { v, k->pl->now[v], h };

        if (evaluator_refuse(k->e, m) != REASON_NONE)
                return refusal_text(a, t, v, h, why);
        if (why == REASON_NO_ROOM)
                return "would be above its load line";
        if (l->wish.rule != IX_NONE)
                return text_format(a, "rule %s would stay broken", k->pl->s->rules[l->wish.rule].name);
        return reason_texts[why];
}

static Votes refused_by_votes(Asking *k, const Listed *l) {
        const VmIx v = l->refused.vm;
        Votes votes = { 0 };

        for (HostIx h = 0; h < k->pl->first->n_hosts; h++, k->questions++) {
                const Reason why = h == k->pl->now[v] ? REASON_NONE : refused_objection(k, v, h, l->wish);

                if (h % QUESTIONS_A_LOOK == QUESTIONS_A_LOOK - 1 && asking_is_cut(k))
                        break;

                if (why != REASON_NONE && votes.counts[why]++ == 0)
                        votes.first[why] = h;
        }
        return votes;
}

/* The commonest reason; REASON_NONE: there is none (left). */
static Reason refused_by_commonest(const Votes *votes) {
        int most = REASON_NONE;

        for (int r = REASON_NONE + 1; r < REASON_N; r++)
                if (votes->counts[r] > 0 && (most == REASON_NONE || votes->counts[r] > votes->counts[most]))
                        most = r;
        return (Reason) most;
}

/* "h1: says"; "3 hosts such as h1: says". NULL: no memory. */
static const char *refused_by_sentence(Asking *k, const Trial *t, const Listed *l, const Votes *votes,
                                       Reason why) {
        const char *host = k->pl->s->hosts[votes->first[why]].name;
        const char *says = refused_by_says(k, t, l, votes->first[why], why);

        if (!says)
                return NULL;
        return votes->counts[why] == 1
                       ? text_format(k->pl->arena, "%s: %s", host, says)
                       : text_format(k->pl->arena, "%u hosts such as %s: %s", votes->counts[why], host, says);
}

/* Its own host cannot be seen: what is wrong with it, and why it is silent. */
static int refused_by_silence(Asking *k, Listed *l) {
        const Host *host = &k->pl->s->hosts[k->pl->now[l->refused.vm]];
        const char *words = host_silence_words(k->pl->arena, host);

        l->refused.by = words ? text_format(k->pl->arena, "%s: %s", host->name, words) : NULL;
        return l->refused.by ? 0 : -ENOMEM;
}

/* Up to BY_WHOM_SHOWN of the reasons, the commonest first, each with the first host that gives it. */
static int refused_by_one(Asking *k, const Trial *t, Listed *l) {
        const char *text = NULL;
        Votes votes;

        if (l->refused.reason == REASON_SOURCE_FENCED)
                return refused_by_silence(k, l);
        if (k->pl->first->pinned[l->refused.vm] != REASON_NONE || l->refused.reason == REASON_RESERVE_LACKS)
                return 0;
        votes = refused_by_votes(k, l);
        if (k->cut) /* of some hosts only: better nothing than half of it */
                return 0;
        for (int shown = 0; shown < BY_WHOM_SHOWN; shown++) {
                const Reason why = refused_by_commonest(&votes);
                const char *one;

                if (why == REASON_NONE)
                        break;
                one = refused_by_sentence(k, t, l, &votes, why);
                text = one && text ? text_format(k->pl->arena, "%s; %s", text, one) : one;
                if (!text)
                        return -ENOMEM;
                votes.counts[why] = 0;
        }
        l->refused.by = text;
        return 0;
}

int refused_by(Asking *k) {
        int64_t *mhz = NULL;
        Trial t = { .s = k->pl->s,
                    .settings = k->pl->settings,
                    .policies = k->pl->policies,
                    .layout = k->pl->layout,
                    .p = k->pl->first,
                    .e = k->e };
        int r = snapshot_speeds(&k->pl->scratch, k->pl->s, &mhz, &t.usual_mhz);

        t.mhz = mhz;
        for (uint32_t i = 0; i < k->n && i < BY_WHOM_MAX && r == 0 && !asking_is_cut(k); i++)
                r = refused_by_one(k, &t, &k->list[i]);
        return r;
}
