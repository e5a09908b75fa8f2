/* SPDX-License-Identifier: Apache-2.0 */
/* Rules "span", as the judge reads them: a VM that moves or flies is in two places, and hosts that are to be left count only towards
 * one more than the rule allows. */
#include <string.h>

#include "scheduler/decide/judge/check_parts.h"

bool check_span_is_left(const Check *c, HostIx h) {
        const Host *host = &c->s->hosts[h];

        if (host->state == HOST_OFFLINE || host->excluded != EXCLUDED_NONE || host->held)
                return false;
        return (host->state == HOST_MAINTENANCE && !(c->s->not_now & SNAPSHOT_NO_MAINTENANCE)) ||
               (host->fault_grade >= 3 && !(c->s->not_now & SNAPSHOT_NO_EVACUATION));
}

/* Whether h is a place that was not counted yet; `count` is of places that stay in use, `in` of all. */
static uint32_t check_span_stays(Check *c, const Rule *rule, HostIx h) {
        return !check_span_is_left(c, h) && c->count[c->domain[rule->level][h]]++ == 0;
}

static uint32_t check_span_any(Check *c, const Rule *rule, HostIx h) {
        return c->in[c->domain[rule->level][h]]++ == 0;
}

static void check_span_clear(Check *c) {
        memset(c->count, 0, sizeof(*c->count) * c->s->n_hosts);
        memset(c->in, 0, sizeof(*c->in) * c->s->n_hosts);
}

/* It moves, and the rule is waived for it: it counts in no place beside the others. */
static bool check_span_is_out(const SpanMoves *in, VmIx v) {
        for (uint32_t i = 0; i < in->n; i++)
                if (in->waived[i] && in->moves[i]->move.vm == v)
                        return true;
        return false;
}

uint32_t check_span_too_many(Check *c, const Rule *rule, const SpanMoves *in) {
        uint32_t stays = 0, any = 0, found = in->n;

        for (uint32_t i = 0; i < rule->n_vms; i++) {
                const HostIx ends[] = { c->at[rule->vms[i]], check_flight_to(c, rule->vms[i]) };

                for (size_t k = 0; k < ARRAY_SIZE(ends) && !check_span_is_out(in, rule->vms[i]); k++) {
                        stays += check_span_stays(c, rule, ends[k]);
                        any += check_span_any(c, rule, ends[k]);
                }
        }
        for (uint32_t i = 0; i < in->n && found == in->n; i++) {
                uint32_t more, more_any;

                if (in->waived[i])
                        continue;
                more = check_span_stays(c, rule, in->moves[i]->move.to);
                more_any = check_span_any(c, rule, in->moves[i]->move.to);
                stays += more;
                any += more_any;
                if ((more > 0 && stays > (uint64_t) rule->k) ||
                    (more_any > 0 && any > (uint64_t) rule->k + 1))
                        found = i;
        }
        check_span_clear(c);
        return found;
}

bool check_span_broken(Check *c, const Rule *rule) {
        uint32_t stays = 0;

        for (uint32_t i = 0; i < rule->n_vms; i++)
                stays += check_span_stays(c, rule, c->s->vms[rule->vms[i]].host);
        check_span_clear(c);
        return stays > (uint64_t) rule->k;
}
