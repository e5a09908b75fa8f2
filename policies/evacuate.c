/* SPDX-License-Identifier: Apache-2.0 */
/* Empties hosts in maintenance or with failing hardware: each VM on one costs the host's weight. Where what
 * fails serves only some of the VMs (a data disk), those leave and the others may stay: moving them would
 * save nobody, and take time and links from those that must go. */
#include <errno.h>

#include "scheduler/decide/cost/move_view.h"
#include "scheduler/decide/cost/policy.h"

static void evacuate_total(const Problem *p, const Settings *s, const Assignment *x, Costs *ret) {
        (void) s;
        for (VmIx v = 0; v < p->n_vms; v++)
                ret->tier[TIER_EVACUATE] += x->host_of[v] != IX_NONE ? problem_leave(p, v, x->host_of[v]) : 0;
}

static int evacuate_add_terms(const Problem *p, const Settings *s, Terms *t) {
        int64_t *weight = arena_new(t->arena, int64_t, p->n_hosts);
        bool any = false;

        (void) s;
        if (!weight)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                weight[h] = p->leave && p->roles[h].evacuate > 0 ? 1 : p->roles[h].evacuate;
                any |= weight[h] != 0;
        }
        return any ? terms_add_host_cost(t, (HostCost){ TIER_EVACUATE, weight, p->leave }) : 0;
}

static int evacuate_sample(Arena *a, Prng *g, Problem *p) {
        static const int64_t weights[] = { 0, 1, 7, 100 };
        HostRole *roles = arena_new(a, HostRole, p->n_hosts);
        int64_t *leave = prng_below(g, 2) ? arena_new(a, int64_t, p->n_vms) : NULL;

        if (!roles)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++) {
                roles[h] = p->roles[h];
                roles[h].evacuate = prng_below(g, 4) == 0 ? 7 : 0;
        }
        for (VmIx v = 0; leave && v < p->n_vms; v++)
                leave[v] = weights[prng_below(g, ARRAY_SIZE(weights))];
        p->roles = roles;
        p->leave = leave;
        return 0;
}

static Fact evacuate_fact(FactKind kind, const MoveView *view, bool of_vm, int64_t value, const char *text) {
        return (Fact){ .kind = kind,
                       .host = view->m->from,
                       .vm = of_vm ? view->m->vm : IX_NONE,
                       .value = value,
                       .text = text };
}

/* Off a device that is failing. */
static void evacuate_device(const MoveView *view, const Fault *fault, Fact leaves, SentenceDraft *d) {
        const Fact device = evacuate_fact(FACT_DEVICE, view, true, 0, fault->device),
                   grade = evacuate_fact(FACT_GRADE, view, true, fault->grade, NULL),
                   who = evacuate_fact(fault->partly ? CLAIM_PARTLY : CLAIM_WHOLLY, view, true, 0, NULL);

        if (fault->why)
                SENTENCE_CLAUSE(
                        d,
                        fault->partly ? "{} of {} has fault grade {} ({}), and the VM uses it"
                                      : "{} of {} has fault grade {} ({}), and the whole host depends on it",
                        device, fact_host(view, view->m->from), grade,
                        evacuate_fact(FACT_EVIDENCE, view, true, 0, fault->why), who, leaves);
        else
                SENTENCE_CLAUSE(d,
                                fault->partly
                                        ? "{} of {} has fault grade {}, and the VM uses it"
                                        : "{} of {} has fault grade {}, and the whole host depends on it",
                                device, fact_host(view, view->m->from), grade, who, leaves);
}

/* The first rule that forbids the VM both hosts. */
static void evacuate_breach(const MoveView *view, SentenceDraft *d) {
        uint32_t rule;

        if (problem_class_denies(view->p, view->m->vm, view->m->to) != REASON_RULE_HOSTS)
                return;
        rule = view_breach(view);
        if (rule != IX_NONE)
                SENTENCE_CLAUSE(d, "the rule {} forbids it on {} as well as on {}, and stays broken",
                                { .kind = FACT_RULE, .rule = rule, .text = view->s->rules[rule].name },
                                fact_host(view, view->m->to), fact_host(view, view->m->from),
                                { .kind = CLAIM_DENIED, .vm = view->m->vm, .host = view->m->to },
                                { .kind = CLAIM_DENIED, .vm = view->m->vm, .host = view->m->from });
}

/* The operator's choice: the rule gives way to leaving the host. */
static void evacuate_waived(const MoveView *view, SentenceDraft *d) {
        const uint32_t rule = view_waived(view);

        if (rule != IX_NONE)
                SENTENCE_CLAUSE(d, "the rule {} is waived for it (evacuate: yes)",
                                { .kind = FACT_RULE, .rule = rule, .text = view->s->rules[rule].name },
                                { .kind = CLAIM_WAIVED, .rule = rule, .vm = view->m->vm });
}

static bool evacuate_why(const MoveView *view, SentenceDraft *d) {
        const HostIx from = view->m->from;
        const Host *host = &view->s->hosts[from];
        const Fact leaves = { .kind = CLAIM_MUST_LEAVE, .vm = view->m->vm, .host = from };
        const Fact grade = evacuate_fact(FACT_GRADE, view, false, host->fault_grade, NULL);
        const Fault *fault = NULL;

        if (problem_leave(view->p, view->m->vm, from) <= 0)
                return false;
        if (view->s->vms[view->m->vm].host == from && snapshot_vm_fault(view->s, view->m->vm, &fault) >= 3 &&
            fault)
                evacuate_device(view, fault, leaves, d);
        else if (host->n_faults == 0 && host->fault_grade >= 3 && host->fault_why)
                SENTENCE_CLAUSE(d, "{} has a hardware fault of grade {} ({}) and is being evacuated",
                                fact_host(view, from), grade,
                                evacuate_fact(FACT_EVIDENCE, view, false, 0, host->fault_why), leaves);
        else if (host->n_faults == 0 && host->fault_grade >= 3)
                SENTENCE_CLAUSE(d, "{} has a hardware fault of grade {} and is being evacuated",
                                fact_host(view, from), grade, leaves);
        else if (host->state == HOST_MAINTENANCE)
                SENTENCE_CLAUSE(d, "{} is in maintenance and is being evacuated", fact_host(view, from),
                                leaves, { .kind = CLAIM_MAINTENANCE, .host = from });
        else
                SENTENCE_CLAUSE(d, "{} is being evacuated", fact_host(view, from), leaves);
        evacuate_breach(view, d);
        evacuate_waived(view, d);
        clause_room(view, d);
        return true;
}

const Policy policy_evacuate = {
        .name = "evacuate",
        .summary = "evacuate hosts in maintenance and failing hardware",
        .add_terms = evacuate_add_terms,
        .total = evacuate_total,
        .why = evacuate_why,
        .sample = evacuate_sample,
};
