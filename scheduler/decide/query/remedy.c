/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/decide/query/remedy.h"

#include <errno.h>
#include <string.h>

#include "scheduler/decide/whynot/refusal.h"

/* VMs of the host that are tried as the one to move away. */
#define AWAY_TRIES 64

const char *const remedy_names[REMEDY_N] = { "none", "state", "facts", "repair", "move-away",
                                             "room", "there", "rule",  "movable" };

typedef struct Sought {
        Arena *arena;
        const Trial *t;
        VmIx v;
        HostIx h;
        Reason reason;
} Sought;

/* ---- changes of the snapshot ---- */

static int with_words(Arena *a, const Strings *wanted, bool known, Strings *there) {
        const char **at = arena_new(a, const char *, (size_t) wanted->n + there->n);
        Strings all = { .at = at, .n = there->n };

        if (!at)
                return -ENOMEM;
        for (uint32_t i = 0; i < there->n; i++)
                at[i] = there->at[i];
        for (uint32_t i = 0; i < wanted->n; i++) {
                const Strings one = { .at = &wanted->at[i], .n = 1 };

                if (refusal_missing(&one, &all, known))
                        at[all.n++] = wanted->at[i];
        }
        *there = all;
        return 0;
}

static int change_host(Arena *a, const Vm *vm, const Remedy *remedy, Host *host) {
        int r = 0;

        switch (remedy->kind) {
        case REMEDY_STATE:
                host->state = HOST_ACTIVE;
                break;
        case REMEDY_FACTS:
                host->excluded = EXCLUDED_NONE;
                break;
        case REMEDY_REPAIR:
                host->fault_grade = 0;
                host->n_faults = 0;
                break;
        case REMEDY_THERE:
                r = with_words(a, &vm->networks, host->networks_known, &host->networks);
                return r == 0 ? with_words(a, &vm->pools, host->pools_known, &host->pools) : r;
        case REMEDY_NONE:
        case REMEDY_AWAY:
        case REMEDY_ROOM:
        case REMEDY_RULE:
        case REMEDY_MOVABLE:
        case REMEDY_N:
                break;
        }
        return 0;
}

static int drop_rule(Arena *a, const Snapshot *s, uint32_t rule, Snapshot *ret) {
        Rule *rules = arena_new(a, Rule, s->n_rules);
        uint32_t n = 0;

        if (!rules)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++)
                if (i != rule)
                        rules[n++] = s->rules[i];
        ret->rules = rules;
        ret->n_rules = n;
        return 0;
}

int remedy_apply(Arena *a, const Snapshot *s, VmIx v, HostIx h, const Remedy *remedy, const Snapshot **ret) {
        Snapshot *copy = arena_new(a, Snapshot, 1);
        Host *hosts = arena_new(a, Host, s->n_hosts);
        Vm *vms = arena_new(a, Vm, s->n_vms);
        int r;

        (void) h;
        if (!copy || !hosts || !vms)
                return -ENOMEM;
        *copy = *s;
        memcpy(hosts, s->hosts, sizeof(*hosts) * s->n_hosts);
        memcpy(vms, s->vms, sizeof(*vms) * s->n_vms);
        copy->hosts = hosts;
        copy->vms = vms;
        if (remedy->kind == REMEDY_MOVABLE) {
                vms[v].movable = true;
                vms[v].local_disk_mib = 0;
        }
        r = remedy->kind == REMEDY_RULE ? drop_rule(a, s, remedy->rule, copy) : 0;
        if (r == 0 && remedy->host != IX_NONE)
                r = change_host(a, &vms[v], remedy, &hosts[remedy->host]);
        *ret = copy;
        return r;
}

/* 1: with the change nothing refuses it; 0: something does. */
static int try_change(const Sought *k, Remedy *remedy) {
        const Snapshot *changed;
        TrialHost verdict = { 0 };
        Trial t = { 0 };
        int r = remedy_apply(k->arena, k->t->s, k->v, k->h, remedy, &changed);

        if (r == 0)
                r = trial_build(k->arena, changed, k->t->settings, k->t->policies, 0, &t);
        if (r == 0)
                r = trial_host(k->arena, &t, k->v, k->h, &verdict);
        if (r < 0)
                return r;
        remedy->delta = verdict.delta;
        return verdict.reason == REASON_NONE;
}

/* ---- changes of the load ---- */

static int try_room(const Sought *k, Remedy *remedy) {
        const Problem *p = k->t->p;
        TrialHost verdict = { 0 };
        Trial t = { 0 };
        int r;

        for (uint32_t i = 0; i < p->n_res; i++)
                remedy->amount[i] = refusal_lack(k->t, k->v, k->h, i);
        r = trial_free(k->arena, k->t, k->h, remedy->amount, &t);
        if (r == 0)
                r = trial_host(k->arena, &t, k->v, k->h, &verdict);
        if (r < 0)
                return r;
        remedy->delta = verdict.delta;
        return verdict.reason == REASON_NONE;
}

/* The cheapest other host for w; IX_NONE: none takes it. */
static HostIx remedy_elsewhere(const Sought *k, VmIx w) {
        const Evaluator *e = k->t->e;
        HostIx best = IX_NONE;
        Costs least = { 0 };

        for (HostIx h = 0; h < k->t->p->n_hosts; h++) {
                const Move m = { w, k->h, h };
                Costs d;

                if (h == k->h || evaluator_refuse(e, m) != REASON_NONE)
                        continue;
                d = evaluator_delta(e, m);
                if (best != IX_NONE && costs_compare(&d, &least) >= 0)
                        continue;
                best = h;
                least = d;
        }
        return best;
}

static bool frees_enough(const Sought *k, VmIx w) {
        for (uint32_t r = 0; r < k->t->p->n_res; r++)
                if (problem_need(k->t->p, w)[r] < refusal_lack(k->t, k->v, k->h, r))
                        return false;
        return true;
}

/* Moves w away and asks again; everything is put back. */
static int remedy_try_away(const Sought *k, VmIx w, Remedy *remedy) {
        const HostIx to = remedy_elsewhere(k, w);
        TrialHost verdict;
        Trial t = *k->t;
        int r;

        if (to == IX_NONE)
                return 0;
        t.parts = NULL;
        trial_put(&t, w, to);
        r = trial_host(k->arena, &t, k->v, k->h, &verdict);
        trial_put(&t, w, k->h);
        if (r < 0)
                return r;
        remedy->host = to;
        remedy->vm = w;
        remedy->delta = verdict.delta;
        return verdict.reason == REASON_NONE;
}

/* The smallest VM there whose move away makes way. */
static int try_aways(const Sought *k, Remedy *remedy) {
        const Problem *p = k->t->p;
        int64_t above = -1;

        for (int n = 0; n < AWAY_TRIES; n++) {
                VmIx next = IX_NONE;
                int64_t least = INT64_MAX;
                int r;

                /* the next larger one; of equals only the first is tried */
                for (VmIx w = 0; w < p->n_vms; w++) {
                        const int64_t size = problem_need(p, w)[RES_MEMORY];

                        if (k->t->e->x->host_of[w] != k->h || w == k->v || p->pinned[w] != REASON_NONE ||
                            size <= above || size >= least || !frees_enough(k, w))
                                continue;
                        next = w;
                        least = size;
                }
                if (next == IX_NONE)
                        return 0;
                above = least;
                r = remedy_try_away(k, next, remedy);
                if (r != 0)
                        return r;
        }
        return 0;
}

/* The VMs of the rule that are there. */
static int try_partners(const Sought *k, uint32_t rule, Remedy *remedy) {
        const Rule *written = &k->t->s->rules[rule];
        int r = 0;

        for (uint32_t i = 0; i < written->n_vms && r == 0; i++)
                if (k->t->e->x->host_of[written->vms[i]] == k->h && written->vms[i] != k->v &&
                    k->t->p->pinned[written->vms[i]] == REASON_NONE)
                        r = remedy_try_away(k, written->vms[i], remedy);
        return r;
}

/* ---- words ---- */

static const char *room_text(const Sought *k, const Remedy *remedy) {
        const char *text = NULL;

        for (uint32_t r = 0; r < k->t->p->n_res; r++) {
                const char *amount = remedy->amount[r] > 0
                                             ? trial_amount(k->arena, k->t, k->h, r, remedy->amount[r])
                                             : NULL;

                if (amount)
                        text = text_format(k->arena, "%s%s%s", text ? text : "freeing ", text ? " and " : "",
                                           amount);
        }
        return text ? text_format(k->arena, "%s there", text) : NULL;
}

static const char *remedy_text(const Sought *k, const Remedy *remedy) {
        const Snapshot *s = k->t->s;
        const Vm *vm = &s->vms[k->v];
        const Host *host = &s->hosts[k->h];
        const char *word = refusal_missing(&vm->networks, &host->networks, host->networks_known);
        const bool network = word != NULL;

        switch (remedy->kind) {
        case REMEDY_STATE:
                return host->state == HOST_CORDONED      ? "uncordoning it"
                       : host->state == HOST_MAINTENANCE ? "ending its maintenance"
                                                         : "bringing it back online";
        case REMEDY_FACTS:
                if (s->hosts[remedy->host].excluded == EXCLUDED_SEEN)
                        return text_format(k->arena, "admitting %s", s->hosts[remedy->host].name);
                return remedy->host == k->h
                               ? "getting fresh and complete facts about it"
                               : text_format(k->arena, "getting fresh and complete facts about %s",
                                             s->hosts[remedy->host].name);
        case REMEDY_REPAIR:
                return "repairing its fault";
        case REMEDY_AWAY:
                return text_format(k->arena, "moving %s from there to %s first", s->vms[remedy->vm].name,
                                   s->hosts[remedy->host].name);
        case REMEDY_ROOM:
                return room_text(k, remedy);
        case REMEDY_THERE:
                word = network ? word : refusal_missing(&vm->pools, &host->pools, host->pools_known);
                return text_format(k->arena, "giving it the %s %s", network ? "network" : "pool",
                                   word ? word : "");
        case REMEDY_RULE:
                return text_format(k->arena, "dropping the rule %s", s->rules[remedy->rule].name);
        case REMEDY_MOVABLE:
                return k->reason == REASON_LOCAL_DISK
                               ? "putting its disks on shared storage (or cluster.local_disks: copy)"
                               : "allowing it to be moved";
        case REMEDY_NONE:
        case REMEDY_N:
                break;
        }
        return NULL;
}

/* ---- all of them ---- */

static RemedyKind remedy_kind_of(Reason reason) {
        switch (reason) {
        case REASON_HOST_CORDONED:
        case REASON_HOST_MAINTENANCE:
        case REASON_HOST_OFFLINE:
                return REMEDY_STATE;
        case REASON_HOST_FENCED:
        case REASON_HOST_SEEN:
        case REASON_HOST_UNSURE:
        case REASON_SOURCE_FENCED:
                return REMEDY_FACTS;
        case REASON_HOST_FAULTY:
        case REASON_HOST_WATCHED:
                return REMEDY_REPAIR;
        case REASON_NETWORK:
        case REASON_STORAGE:
                return REMEDY_THERE;
        case REASON_VM_PINNED:
        case REASON_VM_DEVICE:
        case REASON_VM_SNAPSHOTS:
        case REASON_VM_BLOCK_JOB:
        case REASON_VM_TRANSIENT_DISK:
        case REASON_VM_INVTSC:
        case REASON_VM_FOR_NOW:
        case REASON_LOCAL_DISK:
                return REMEDY_MOVABLE;
        default:
                return REMEDY_NONE;
        }
}

static int remedy_seek(const Sought *k, Remedy *remedy) {
        const uint32_t rule = refusal_rule(k->t, k->v, k->h, k->reason);
        const HostIx own = k->t->e->x->host_of[k->v];
        int r = 0;

        *remedy = (Remedy){ .kind = remedy_kind_of(k->reason), .host = k->h, .vm = IX_NONE, .rule = rule };
        if (k->reason == REASON_SOURCE_FENCED)
                remedy->host = own;
        if (remedy->kind != REMEDY_NONE)
                return try_change(k, remedy);
        if (k->reason == REASON_NO_ROOM || rule != IX_NONE) {
                remedy->kind = REMEDY_AWAY;
                r = k->reason == REASON_NO_ROOM ? try_aways(k, remedy) : try_partners(k, rule, remedy);
        }
        if (r == 0 && k->reason == REASON_NO_ROOM) {
                remedy->kind = REMEDY_ROOM;
                remedy->host = k->h;
                r = try_room(k, remedy);
        }
        if (r == 0 && rule != IX_NONE) {
                remedy->kind = REMEDY_RULE;
                remedy->host = IX_NONE;
                r = try_change(k, remedy);
        }
        return r;
}

int remedy_find(Arena *a, const Trial *t, VmIx v, HostIx h, Reason reason, Remedy *ret) {
        const Sought k = { .arena = a, .t = t, .v = v, .h = h, .reason = reason };
        ArenaMark mark = arena_mark(a);
        Remedy remedy;
        int r = remedy_seek(&k, &remedy);

        arena_rewind(a, mark);
        if (r < 0)
                return r;
        *ret = (Remedy){ .kind = REMEDY_NONE };
        if (r == 0)
                return 0;
        remedy.text = remedy_text(&k, &remedy);
        *ret = remedy;
        return remedy.text ? 0 : -ENOMEM;
}
