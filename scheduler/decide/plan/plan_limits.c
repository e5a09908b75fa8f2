/* SPDX-License-Identifier: Apache-2.0 */
/* What the orders of a plan are held to. */
#include <errno.h>
#include <string.h>

#include "scheduler/decide/migration/move_strategy.h"
#include "scheduler/decide/plan/plan_parts.h"

LinkCaps planner_link_caps(const Settings *s) {
        return (LinkCaps){ .host_in = (uint32_t) settings_int(s, "plan", "moves_in"),
                           .host_out = (uint32_t) settings_int(s, "plan", "moves_out"),
                           .per_switch = (uint32_t) settings_int(s, "plan", "moves_per_switch"),
                           .per_pool = (uint32_t) settings_int(s, "plan", "moves_per_pool"),
                           .downtime_ms = move_policy(s).downtime_ms };
}

WaveLimits plan_wave_limits(const Planning *pl) {
        const LinkCaps caps = planner_link_caps(pl->settings);

        return (WaveLimits){
                .per_host_in = caps.host_in > 0 ? caps.host_in : LINK_MOVES_MOST,
                .per_host_out = caps.host_out > 0 ? caps.host_out : LINK_MOVES_MOST,
                .at_once = (uint32_t) settings_int(pl->settings, "plan", "moves_at_once"),
                .stop_overs = settings_int(pl->settings, "plan", "stop_overs") != 0,
                .net = &pl->net,
                .links = caps,
                .time = time_limit_of(pl->request.time, PLAN_PART_ORDER),
        };
}

bool plan_time_is_up(Planning *pl, PlanPart part) {
        const bool up = time_limit_is_up(time_limit_of(pl->request.time, (unsigned) part));

        if (up)
                pl->cut |= 1U << part;
        return up;
}

int plan_order(Planning *pl, WaveLimits limits, const Problem *p, const Move *moves, uint32_t n,
               WaveOrder *ret) {
        int r = waves_order(&pl->scratch, p, limits, moves, n, ret);

        if (r == 0 && ret->cut)
                pl->cut |= 1U << limits.time.part;
        return r;
}

int plan_walk(Planning *pl, WaveLimits limits, const Problem *p, const Move *walk, uint32_t n,
              WaveOrder *ret) {
        int r = waves_walk(&pl->scratch, p, limits, walk, n, ret);

        if (r == 0 && ret->cut)
                pl->cut |= 1U << limits.time.part;
        return r;
}

int plan_rules_no_worse(Planning *pl, const HostIx *host_of) {
        Assignment before = { .problem = pl->first }, after = before;
        HostIx *home = arena_new(&pl->scratch, HostIx, pl->first->n_vms), *end;

        end = arena_new(&pl->scratch, HostIx, pl->first->n_vms);
        if (!home || !end)
                return -ENOMEM;
        memcpy(home, pl->first->home, sizeof(HostIx) * pl->first->n_vms);
        memcpy(end, host_of, sizeof(HostIx) * pl->first->n_vms);
        before.host_of = home;
        after.host_of = end;
        for (uint32_t i = 0; i < pl->first->n_rules; i++) {
                const GroupRule *rule = &pl->first->rules[i];

                if (rule->must && !rule->waived && (rule->kind == RULE_TOGETHER || rule->kind == RULE_NEAR) &&
                    rule_broken(pl->first, rule, &after) > rule_broken(pl->first, rule, &before))
                        return 0;
        }
        return 1;
}
