/* SPDX-License-Identifier: Apache-2.0 */
/* What a host says against a VM, and by whom one is refused, in words. */
#include <errno.h>

#include "scheduler/decide/plan/refused_parts.h"
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

/* The rule that should be mended is not. */
static const char *refused_by_rule(const Asking *k, uint32_t rule, HostIx h) {
        const Rule *r = &k->pl->s->rules[rule];
        const Host *host = &k->pl->s->hosts[h];

        if (host_place_is_known(host, r->level))
                return text_format(k->pl->arena, "rule %s would stay broken", r->name);
        return text_format(k->pl->arena, "rule %s would stay broken: the %s of %s is not known", r->name,
                           level_names[r->level], host->name);
}

/* What one host says, after the plan. */
static const char *refused_by_says(const Asking *k, const Listed *l, HostIx h, Reason why) {
        const VmIx v = l->refused.vm;
        const Move m = { v, k->pl->now[v], h };

        if (why == REASON_NO_ROOM || why == REASON_NO_ROOM_DURING)
                return refused_lacks_text(k, v, h, l->wish);
        if (evaluator_refuse(k->e, m) != REASON_NONE)
                return refusal_text(k->pl->arena, k->trial, v, h, why);
        return l->wish.rule != IX_NONE ? refused_by_rule(k, l->wish.rule, h) : reason_texts[why];
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

/* "h1: says"; "3 hosts such as h1: says"; "h1, the nearest of 3: lacks 1.0 cores". NULL: no memory. */
static const char *refused_by_sentence(const Asking *k, const Listed *l, const Votes *votes, Reason why) {
        const bool near = l->refused.near != IX_NONE && why == l->refused.reason;
        const HostIx h = near ? l->refused.near : votes->first[why];
        const char *host = k->pl->s->hosts[h].name, *says = refused_by_says(k, l, h, why);

        if (!says)
                return NULL;
        if (votes->counts[why] == 1)
                return text_format(k->pl->arena, "%s: %s", host, says);
        if (near && why == REASON_NO_ROOM)
                return text_format(k->pl->arena, "%s, the closest of %u: %s", host, votes->counts[why], says);
        return text_format(k->pl->arena, "%u hosts such as %s: %s", votes->counts[why], host, says);
}

/* Its own host cannot be seen: what is wrong with it, and why it is silent. */
static int refused_by_silence(Asking *k, Listed *l) {
        const Host *host = &k->pl->s->hosts[k->pl->now[l->refused.vm]];
        const char *words = host_silence_words(k->pl->arena, host);

        l->refused.by = words ? text_format(k->pl->arena, "%s: %s", host->name, words) : NULL;
        return l->refused.by ? 0 : -ENOMEM;
}

/* Up to BY_WHOM_SHOWN of the reasons: that of the host that needs the smallest change, then the commonest, each with a
 * host that gives it. */
static int refused_by_hosts(Asking *k, Listed *l) {
        const char *text = l->wish.below_line ? refused_over_text(k, l->refused.vm) : NULL;
        Votes votes = refused_by_votes(k, l);

        if (l->wish.below_line && !text)
                return -ENOMEM;
        if (k->cut) /* of some hosts only: better nothing than half of it */
                return 0;
        for (int shown = 0; shown < BY_WHOM_SHOWN; shown++) {
                const bool first = shown == 0 && l->refused.near != IX_NONE;
                const Reason why = first ? l->refused.reason : refused_by_commonest(&votes);
                const char *one;

                if (why == REASON_NONE)
                        break;
                one = refused_by_sentence(k, l, &votes, why);
                text = one && text ? text_format(k->pl->arena, "%s; %s", text, one) : one;
                if (!text)
                        return -ENOMEM;
                votes.counts[why] = 0;
        }
        l->refused.by = text;
        return 0;
}

static int refused_by_one(Asking *k, Listed *l) {
        int r = 0;

        if (l->refused.reason == REASON_SOURCE_FENCED)
                return refused_by_silence(k, l);
        if (l->refused.reason == REASON_NOT_WORTH && l->wish.below_line) {
                l->refused.by = refused_dear_text(k, l->refused.vm);
                return l->refused.by ? 0 : -ENOMEM;
        }
        if (l->refused.reason == REASON_NO_HOST && l->wish.below_line) {
                l->refused.by = refused_over_text(k, l->refused.vm);
                return l->refused.by ? 0 : -ENOMEM;
        }
        if (k->pl->first->pinned[l->refused.vm] != REASON_NONE || l->refused.reason == REASON_RESERVE_LACKS ||
            l->refused.reason == REASON_NO_HOST)
                return 0;
        if (l->refused.reason == REASON_RULE_TOGETHER && l->refused.near != IX_NONE)
                r = refused_group(k, l);
        return r != 0 ? (r < 0 ? r : 0) : refused_by_hosts(k, l);
}

int refused_trial(Asking *k, Trial *ret) {
        int64_t *mhz = NULL;
        int r;

        *ret = (Trial){ .s = k->pl->s,
                        .settings = k->pl->settings,
                        .policies = k->pl->policies,
                        .layout = k->pl->layout,
                        .p = k->pl->first,
                        .e = k->e };
        r = snapshot_speeds(&k->pl->scratch, k->pl->s, &mhz, &ret->usual_mhz);
        ret->mhz = mhz;
        return r;
}

int refused_by(Asking *k) {
        int r = 0;

        for (uint32_t i = 0; i < k->n && i < BY_WHOM_MAX && r == 0 && !asking_is_cut(k); i++)
                r = refused_by_one(k, &k->list[i]);
        return r;
}
