/* SPDX-License-Identifier: Apache-2.0 */
/* What became of the reserve: before the plan, after it, and what is missing. */
#include <errno.h>

#include "scheduler/decide/cost/reserve_cover.h"
#include "scheduler/decide/plan/plan_parts.h"

static const char *domain_title(const Planning *pl, uint32_t domain) {
        const Problem *p = pl->first;
        const Level level = p->reserve->level;
        HostIx h = 0;

        while (problem_domain(p, level, h) != domain)
                h++;
        if (level == LEVEL_HOST)
                return pl->s->hosts[h].name;
        if (level == LEVEL_RACK)
                return pl->s->hosts[h].rack ? pl->s->hosts[h].rack : "without a name";
        return pl->s->hosts[h].zone ? pl->s->hosts[h].zone : "without a name";
}

static const char *lost_names(const Planning *pl, const ReserveGap *gap) {
        const ReserveGoal *goal = pl->first->reserve;
        const char *text = "";

        for (uint32_t i = 0; i < goal->losses && text; i++)
                text = text_format(pl->arena, "%s%s%s%s%s", text,
                                   i == 0                  ? ""
                                   : i + 1 == goal->losses ? " and "
                                                           : ", ",
                                   goal->level == LEVEL_HOST ? "" : level_names[goal->level],
                                   goal->level == LEVEL_HOST ? "" : " ", domain_title(pl, gap->domains[i]));
        return text;
}

static const char *gap_sentence(const Planning *pl, const ReserveGap *gap) {
        const Vm *vm = &pl->s->vms[gap->vm];
        const char *names = lost_names(pl, gap);
        const int64_t tenths = vm->memory_mib * 10 / 1024;

        if (!names)
                return NULL;
        return text_format(
                pl->arena,
                "if %s %s lost, %s (%lld.%lld GiB) has no room elsewhere; %u of %u such losses are "
                "not covered",
                names, pl->first->reserve->losses > 1 ? "are" : "is", vm->name, (long long) (tenths / 10),
                (long long) (tenths % 10), gap->cases, gap->n_cases);
}

static const char *share_sentence(const Planning *pl, const PlanReserve *r) {
        static const char *const of[LEVEL_N + 1] = {
                [LEVEL_RACK] = "each rack", [LEVEL_ZONE] = "each zone", [LEVEL_N] = "the cluster"
        };

        return text_format(pl->arena, "%lld %% of %s should be free: short by %lld.%lld %% of a host",
                           (long long) (r->share_permille / 10), of[pl->first->reserve->share_level],
                           (long long) (r->lacking_after / 10), (long long) (r->lacking_after % 10));
}

/* A host that is being emptied and may spend the reserve is what the reserve is for. */
static bool is_being_spent(const Planning *pl) {
        const bool waits = settings_int(pl->settings, "reserve", "maintenance") != 0;

        for (HostIx h = 0; h < pl->s->n_hosts; h++)
                if (pl->s->hosts[h].fault_grade >= 3 || (pl->s->hosts[h].state == HOST_MAINTENANCE && !waits))
                        return true;
        return false;
}

static int64_t permille_of_host(int64_t lacking) {
        return (lacking * 1000 + 1023) / 1024;
}

int plan_reserve(Planning *pl, Plan *plan) {
        const ReserveGoal *goal = pl->first->reserve;
        PlanReserve *ret = &plan->reserve;
        ArenaMark mark = arena_mark(&pl->scratch);
        Reserve *before = NULL, *after = NULL;
        ReserveGap gap;

        if (!goal)
                return 0;
        if (reserve_build(&pl->scratch, pl->first, NULL, &before) < 0 ||
            reserve_build(&pl->scratch, pl->first, pl->now, &after) < 0)
                return -ENOMEM;
        *ret = (PlanReserve){ .asked = true,
                              .losses = goal->losses,
                              .losses_asked = goal->losses_asked,
                              .level = goal->level,
                              .share_permille = goal->share_permille };
        (void) reserve_gap(before, &gap);
        ret->uncovered_before = gap.cases;
        ret->lacking_before = permille_of_host(reserve_measure(before).lacking);
        ret->lacking_after = permille_of_host(reserve_measure(after).lacking);
        if (reserve_gap(after, &gap)) {
                ret->gap = gap_sentence(pl, &gap);
                if (!ret->gap)
                        return -ENOMEM;
        }
        ret->cases = gap.n_cases;
        ret->uncovered_after = gap.cases;
        if (!ret->gap && ret->lacking_after > 0 && !(ret->gap = share_sentence(pl, ret)))
                return -ENOMEM;
        ret->blocked = ret->gap && !is_being_spent(pl) && !pl->movers; /* or it is not asked about */
        arena_rewind(&pl->scratch, mark);
        return 0;
}
