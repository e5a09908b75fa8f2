/* SPDX-License-Identifier: Apache-2.0 */
/* The reserve's goal from the settings: which losses are asked for, who counts, who may spend it. */
#include <errno.h>
#include <stdlib.h>

#include "scheduler/decide/cost/reserve_cover.h"
#include "scheduler/decide/problem/problem_parts.h"

/* Cases grow as hosts to the power of losses; beyond so many VMs in all of them together one loss less is
 * asked for, and said. */
#define CASE_VMS_MAX (UINT64_C(1) << 19)

typedef struct Sized {
        int64_t size;
        VmIx vm;
} Sized;

static int problem_reserve_by_size(const void *left, const void *right) {
        const Sized *x = left, *y = right;

        if (x->size != y->size)
                return x->size > y->size ? -1 : 1;
        return x->vm < y->vm ? -1 : x->vm > y->vm;
}

static int rank_vms(Arena *a, const Problem *p, ReserveGoal *goal) {
        VmIx *order = arena_new(a, VmIx, p->n_vms);
        uint32_t *rank = arena_new(a, uint32_t, p->n_vms);
        ArenaMark mark = arena_mark(a);
        Sized *sized = arena_new(a, Sized, p->n_vms);

        if (!order || !rank || !sized)
                return -ENOMEM;
        for (uint32_t r = 0; r < p->n_res && r <= RES_MEMORY; r++)
                goal->mean[r] = problem_mean_capacity(p, r);
        for (VmIx v = 0; v < p->n_vms; v++) {
                sized[v].vm = v;
                for (uint32_t r = 0; r < p->n_res && r <= RES_MEMORY; r++) {
                        const int64_t share = problem_need(p, v)[r] * 65536 / goal->mean[r];

                        sized[v].size = share > sized[v].size ? share : sized[v].size;
                }
        }
        qsort(sized, p->n_vms, sizeof(*sized), problem_reserve_by_size);
        for (uint32_t i = 0; i < p->n_vms; i++) {
                order[i] = sized[i].vm;
                rank[sized[i].vm] = i;
        }
        arena_rewind(a, mark);
        goal->by_size = order;
        goal->rank = rank;
        return 0;
}

static int list_domains(Arena *a, const Problem *p, ReserveGoal *goal) {
        uint32_t *domains = arena_new(a, uint32_t, p->n_domains[goal->level]);
        bool *may = arena_new(a, bool, p->n_domains[goal->level]);

        if (!domains || !may)
                return -ENOMEM;
        for (HostIx h = 0; h < p->n_hosts; h++)
                may[problem_domain(p, goal->level, h)] |= reserve_may_be_lost(p, h);
        for (uint32_t d = 0; d < p->n_domains[goal->level]; d++)
                if (may[d])
                        domains[goal->n_domains++] = d;
        goal->domains = domains;
        return 0;
}

/* VMs in all cases together: each VM is in those that its domain is in. */
static bool too_many(const Problem *p, const ReserveGoal *goal) {
        uint64_t n = p->n_vms;

        for (uint32_t i = 1; i < goal->losses && n <= CASE_VMS_MAX; i++)
                n = n * (goal->n_domains > i ? goal->n_domains - i : 1) / i;
        return goal->losses > 1 && n > CASE_VMS_MAX;
}

/* A host to be emptied, an overfull host, a rule that is broken: what mends these may spend the reserve. Of
 * those that `most` marks, unless it is NULL. */
static int mark_spenders(Arena *a, const Problem *p, ReserveGoal *goal, const bool *most) {
        bool *spends = arena_new(a, bool, p->n_vms);

        if (!spends || problem_mends(a, p, spends) < 0)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++) {
                spends[v] |= problem_leave(p, v, p->home[v]) > 0 && goal->deadline_exempt[v];
                if (most)
                        spends[v] = spends[v] && most[v];
        }
        goal->spends = spends;
        return 0;
}

/* Who may spend it in a wave: what docs/limits.md says of the snapshot, as the judge asks it. The search may allow less: what is
 * not to be done now, or is mended by now. */
static int mark_wave_spenders(Arena *a, const Snapshot *s, const Problem *p, bool waits, ReserveGoal *goal) {
        bool *spends = arena_new(a, bool, p->n_vms), *forbidden = arena_new(a, bool, p->n_hosts);

        if (!spends || !forbidden || problem_mends(a, p, spends) < 0)
                return -ENOMEM;
        for (uint32_t i = 0; i < s->n_rules; i++) {
                const Rule *rule = &s->rules[i];

                if (!rule->must || !rule_is_about_hosts(rule))
                        continue;
                problem_rule_denied(rule, s->n_hosts, forbidden);
                for (uint32_t k = 0; k < rule->n_vms; k++)
                        spends[rule->vms[k]] |= forbidden[s->vms[rule->vms[k]].host];
        }
        for (VmIx v = 0; v < s->n_vms; v++) {
                const Host *host = &s->hosts[s->vms[v].host];

                if (host->excluded == EXCLUDED_NONE && host->state != HOST_OFFLINE)
                        spends[v] |= snapshot_vm_fault(s, v, NULL) >= 3 ||
                                     (host->state == HOST_MAINTENANCE && !waits);
        }
        goal->spends_wave = spends;
        return 0;
}

static int mark_vms(Arena *a, const Snapshot *s, const Settings *settings, const Problem *p,
                    ReserveGoal *goal) {
        const bool waits = settings_int(settings, "reserve", "maintenance") != 0;
        bool *counts = arena_new(a, bool, p->n_vms), *deadline_exempt = arena_new(a, bool, p->n_vms);

        if (!counts || !deadline_exempt)
                return -ENOMEM;
        for (VmIx v = 0; v < p->n_vms; v++) {
                counts[v] = s->vms[v].local_disk_mib <= 0;
                deadline_exempt[v] = !waits || snapshot_vm_fault(s, v, NULL) >= 3;
        }
        goal->counts = counts;
        goal->deadline_exempt = deadline_exempt;
        return mark_wave_spenders(a, s, p, waits, goal) < 0 ? -ENOMEM : mark_spenders(a, p, goal, NULL);
}

int problem_reserve_again(Arena *a, Problem *p) {
        ReserveGoal *goal = arena_new(a, ReserveGoal, 1);

        if (!goal)
                return -ENOMEM;
        *goal = *p->reserve;
        if (mark_spenders(a, p, goal, p->reserve->spends) < 0)
                return -ENOMEM;
        p->reserve = goal;
        return 0;
}

int problem_build_reserve(Arena *a, const Snapshot *s, const Settings *settings, Problem *p) {
        static const Level losses_of[] = { LEVEL_HOST, LEVEL_RACK, LEVEL_ZONE };
        static const Level share_of[] = { LEVEL_N, LEVEL_RACK, LEVEL_ZONE };
        const int64_t losses = settings_int(settings, "reserve", "losses");
        const int64_t share = settings_int(settings, "reserve", "share");
        ReserveGoal *goal;

        if (losses == 0 && share == 0)
                return 0;
        goal = arena_new(a, ReserveGoal, 1);
        if (!goal)
                return -ENOMEM;
        goal->losses = goal->losses_asked = (uint32_t) losses;
        goal->level = losses_of[settings_int(settings, "reserve", "losses_of")];
        goal->share_permille = share;
        goal->share_level = share_of[settings_int(settings, "reserve", "share_of")];
        if (rank_vms(a, p, goal) < 0 || list_domains(a, p, goal) < 0 || mark_vms(a, s, settings, p, goal) < 0)
                return -ENOMEM;
        while (too_many(p, goal))
                goal->losses--;
        p->reserve = goal;
        return 0;
}
