/* SPDX-License-Identifier: Apache-2.0 */
/* Which host needs the smallest change to take a VM, and what it lacks. By what the judge would object to: first how many
 * kinds of things beside room (the host takes none or does not suit the VM; rules; the reserve), for each has to be
 * changed by itself; then the greatest share of the host that is lacking of any resource. */
#include <errno.h>

#include "scheduler/decide/plan/refused_parts.h"
#include "scheduler/model/sentence.h"

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

static int64_t refused_near_line(const Problem *p, HostIx h, uint32_t r, Wish wish) {
        return (wish.below_line ? p->limit : p->capacity)[(size_t) h * p->n_res + r];
}

int64_t refused_lack(const Asking *k, VmIx v, HostIx h, uint32_t r, Wish wish) {
        const Problem *p = k->pl->first;
        const int64_t need = problem_need(p, v)[r];
        const int64_t room = refused_near_line(p, h, r, wish) - assignment_load(k->e->x, h)[r];

        return need > 0 && need > room ? need - room : 0;
}

/* v would come to a place where one of those is that it avoids; the judge objects to that wherever v was before. */
static bool refused_near_meets(const Asking *k, VmIx v, HostIx h) {
        const Problem *p = k->pl->first;

        for (uint32_t i = 0; i < p->n_rules; i++) {
                const GroupRule *rule = &p->rules[i];
                const uint32_t place = problem_domain(p, rule->level, h);
                const Group *others = &p->groups[rule->group_b];

                if (!rule->must || rule->kind != RULE_AVOID || !rule_touches(p, v, rule) ||
                    place == problem_domain(p, rule->level, k->pl->now[v]))
                        continue;
                for (uint32_t m = 0; m < others->n_vms; m++)
                        if (others->vms[m] == v)
                                others = &p->groups[rule->group];
                for (uint32_t m = 0; m < others->n_vms; m++)
                        if (others->vms[m] != v &&
                            problem_domain(p, rule->level, k->e->x->host_of[others->vms[m]]) == place)
                                return true;
        }
        return false;
}

Nearness refused_nearness(const Asking *k, VmIx v, HostIx h, Wish wish, Reason why) {
        const Problem *p = k->pl->first;
        const HostIx from = k->pl->now[v];
        const Reason denied = h == p->home[v] ? problem_class_denies(p, v, h) : problem_denied(p, v, h);
        Nearness near = { .kinds = denied != REASON_NONE };
        Costs unused = { 0 };

        near.kinds += rule_counts_touch(&k->e->rules, v) &&
                      (rule_counts_try(&k->e->rules, v, from, h, &unused) != REASON_NONE ||
                       refused_near_meets(k, v, h));
        near.kinds += why == REASON_RESERVE;
        for (uint32_t r = 0; r < p->n_res; r++) {
                const int64_t lack = refused_lack(k, v, h, r, wish);
                const int64_t share = lack > 0 ? share_ppm(lack, problem_capacity(p, h)[r]) : 0;

                near.lack_ppm = share > near.lack_ppm ? share : near.lack_ppm;
        }
        /* Nothing of these, and it would not do all the same: the rule that it should mend stays broken. */
        near.kinds += near.kinds == 0 && near.lack_ppm == 0 && why != REASON_NONE;
        return near;
}

bool nearness_less(Nearness left, Nearness right) {
        return left.kinds != right.kinds ? left.kinds < right.kinds : left.lack_ppm < right.lack_ppm;
}

const char *refused_lacks_text(const Asking *k, VmIx v, HostIx h, Wish wish) {
        Arena *a = k->pl->arena;
        const char *text = NULL;

        for (uint32_t r = 0; r < k->pl->first->n_res; r++) {
                const int64_t lack = refused_lack(k, v, h, r, wish);
                const char *amount = lack > 0 ? trial_amount(a, k->trial, h, r, lack) : NULL;

                if (amount)
                        text = text_format(a, "%s%s%s", text ? text : "lacks ", text ? " and " : "", amount);
        }
        if (!text)
                return wish.below_line ? "would be above its load line" : reason_texts[REASON_NO_ROOM];
        return wish.below_line ? text_format(a, "%s below its load line", text) : text;
}

/* ---- a group that fits nowhere ---- */

/* What h lacks of r to hold all of the group at once. */
static int64_t refused_near_group(const Asking *k, const Group *g, HostIx h, uint32_t r, int64_t *ret_need) {
        const Problem *p = k->pl->first;
        int64_t room = problem_capacity(p, h)[r] - assignment_load(k->e->x, h)[r];

        *ret_need = 0;
        for (uint32_t i = 0; i < g->n_vms; i++) {
                const int64_t need = problem_need(p, g->vms[i])[r];

                *ret_need += need;
                room += k->e->x->host_of[g->vms[i]] == h ? need : 0;
        }
        return *ret_need > room ? *ret_need - room : 0;
}

typedef struct GroupLack {
        HostIx host; /* that lacks the smallest share of itself; IX_NONE: no host takes them, or one has room */
        uint32_t r;
        int64_t need, ppm;
        bool has; /* some host is large enough, but not free */
} GroupLack;

static GroupLack refused_near_group_lack(const Asking *k, const Group *g, VmIx v) {
        const Problem *p = k->pl->first;
        GroupLack least = { .host = IX_NONE };

        for (HostIx h = 0; h < p->n_hosts; h++) {
                GroupLack here = { .host = h };

                if (problem_denied(p, v, h) != REASON_NONE)
                        continue;
                for (uint32_t r = 0; r < p->n_res; r++) {
                        int64_t need;
                        const int64_t lack = refused_near_group(k, g, h, r, &need);
                        const int64_t ppm = lack > 0 ? share_ppm(lack, problem_capacity(p, h)[r]) : 0;

                        if (ppm > here.ppm)
                                here = (GroupLack){ .host = h, .r = r, .need = need, .ppm = ppm };
                }
                if (here.ppm == 0)
                        return (GroupLack){ .host = IX_NONE };
                if (least.host == IX_NONE || here.ppm < least.ppm)
                        least = here;
        }
        for (HostIx h = 0; least.host != IX_NONE && h < p->n_hosts; h++)
                least.has |= problem_denied(p, v, h) == REASON_NONE &&
                             problem_capacity(p, h)[least.r] -
                                             (p->base ? p->base[(size_t) h * p->n_res + least.r] : 0) >=
                                     least.need;
        return least;
}

int refused_group(const Asking *k, Listed *l) {
        const uint32_t source = refusal_rule(k->trial, l->refused.vm, l->refused.near, REASON_RULE_TOGETHER);
        const Problem *p = k->pl->first;
        Arena *a = k->pl->arena;
        const Group *g = NULL;
        const char *names, *amount;
        GroupLack lack;

        for (uint32_t i = 0; source != IX_NONE && i < p->n_rules; i++)
                if (p->rules[i].source == source && p->rules[i].level == LEVEL_HOST)
                        g = &p->groups[p->rules[i].group];
        if (!g || g->n_vms < 2)
                return 0;
        lack = refused_near_group_lack(k, g, l->refused.vm);
        if (lack.host == IX_NONE)
                return 0;
        names = text_format(a, g->n_vms == 2 ? "%s and %s" : "%s, %s and %u more",
                            k->pl->s->vms[g->vms[0]].name, k->pl->s->vms[g->vms[1]].name, g->n_vms - 2);
        amount = trial_left(a, k->trial, lack.host, lack.r, lack.need);
        l->refused.reason = REASON_NO_ROOM;
        l->refused.near = lack.host;
        l->refused.by = names && amount
                                ? text_format(a, "%s together need %s, no host has that%s (rule %s)", names,
                                              amount, lack.has ? " free" : "", k->pl->s->rules[source].name)
                                : NULL;
        return l->refused.by ? 1 : -ENOMEM;
}
