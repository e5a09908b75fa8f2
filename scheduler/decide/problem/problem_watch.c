/* SPDX-License-Identifier: Apache-2.0 */
/* Hosts with a fault of grade 1 are watched: VMs there may stay, and none comes from a healthier host, save
 * to mend what is broken. And what mends at all, for those that may not now. */
#include <errno.h>

#include "scheduler/decide/problem/problem_parts.h"

int problem_mends(Arena *a, const Problem *p, bool *mends) {
        bool *broken = arena_new(a, bool, p->n_groups), *over = arena_new(a, bool, p->n_hosts);
        Assignment *x = NULL;

        if (!broken || !over || assignment_build(a, p, &x) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < (size_t) p->n_hosts * p->n_res; i++)
                over[i / p->n_res] |= x->load[i] > p->capacity[i];
        for (uint32_t i = 0; i < p->n_rules; i++)
                if (p->rules[i].must && rule_broken(p, &p->rules[i], x) > 0)
                        broken[p->rules[i].group] = broken[p->rules[i].group_b] = true;
        for (VmIx v = 0; v < p->n_vms; v++) {
                mends[v] = over[p->home[v]] || problem_class_denies(p, v, p->home[v]) == REASON_RULE_HOSTS;
                for (uint32_t i = p->groups_of_start[v]; i < p->groups_of_start[v + 1]; i++)
                        mends[v] |= broken[p->groups_of[i]];
        }
        return 0;
}

int problem_build_later(Arena *a, const Snapshot *s, Problem *p) {
        Reason *pinned;
        ArenaMark mark;
        bool *mends;
        int r;

        if (!(s->not_now & SNAPSHOT_NO_REPAIR))
                return 0;
        pinned = arena_new(a, Reason, p->n_vms);
        mark = arena_mark(a);
        mends = arena_new(a, bool, p->n_vms);
        if (!pinned || !mends)
                return -ENOMEM;
        r = problem_mends(a, p, mends);
        for (VmIx v = 0; r == 0 && v < p->n_vms; v++)
                pinned[v] = p->pinned[v] == REASON_NONE && mends[v] && problem_leave(p, v, p->home[v]) == 0
                                    ? REASON_VM_LATER
                                    : p->pinned[v];
        arena_rewind(a, mark);
        p->pinned = pinned;
        return r;
}

int problem_build_watch(Arena *a, const Snapshot *s, Problem *p) {
        uint8_t *grade;
        ArenaMark mark;
        bool any = false, *mends;
        int r;

        for (HostIx h = 0; h < s->n_hosts; h++)
                any |= s->hosts[h].fault_grade == 1;
        if (!any)
                return 0;
        grade = arena_new(a, uint8_t, s->n_hosts);
        mends = arena_new(a, bool, s->n_vms);
        if (!grade || !mends)
                return -ENOMEM;
        for (HostIx h = 0; h < s->n_hosts; h++)
                grade[h] = (uint8_t) s->hosts[h].fault_grade;
        mark = arena_mark(a);
        r = problem_mends(a, p, mends);
        arena_rewind(a, mark);
        p->grade = grade;
        p->mends = mends;
        return r;
}
