/* SPDX-License-Identifier: Apache-2.0 */
/* What a round finds out: the facts of now, and what rounds keep of demand, faults, holds and predictions. */
#include <errno.h>
#include <string.h>

#include "scheduler/app/round/round_store.h"
#include "scheduler/app/service/service_parts.h"
#include "scheduler/base/log.h"

#define QUOTE 512

static void service_facts_grade_changed(const GradeChange *c) {
        char quoted[QUOTE];

        log_event(c->is > c->was ? LOG_WARNING : LOG_INFO, c->is > c->was ? "fault.rose" : "fault.fell",
                  "host=%s device=\"%s\" grade=%lld was=%lld why=%s", c->host, c->device, (long long) c->is,
                  (long long) c->was, log_quote(c->why ? c->why : "", quoted, sizeof(quoted)));
}

/* What the round has learned of failing hardware outlives it. */
static int service_facts_write_faults(const ServiceRound *round, usec_t now, RoundDisplay *shown) {
        int r = fault_store_write(source_faults(round->source), round->leadership, round->arena, now,
                                  service_facts_grade_changed);

        if (r != 0)
                shown->live.summary = "no plan: what is remembered of failing hardware could not be kept";
        return r == 1 ? -ECANCELED : r;
}

/* What the VMs are taken to need, by what they used until now. */
static int service_facts_demand(const ServiceRound *round, RoundFindings *found) {
        char quoted[QUOTE];
        int r = demand_store_round(round->demand, round->leadership, round->arena, round->settings,
                                   found->input.snapshot, &found->input.snapshot);

        if (r == 0 && round->demand->note)
                log_event(LOG_WARNING, "demand.lost", "why=%s",
                          log_quote(round->demand->note, quoted, sizeof(quoted)));
        return r == 1 ? -ECANCELED : r;
}

/* What earlier decisions have led to; and whether predictions were too wrong to go on with balance. */
static int service_facts_audit(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        ServiceMemory *memory = round->memory;
        char quoted[QUOTE];
        int r = audit_store_look(round->leadership, round->arena, round->settings, found->facts);

        if (r == 0)
                r = audit_store_verdict(round->store, round->arena, round->settings, &found->input.paused);
        if (r != 0)
                return r == 1 ? -ECANCELED : r;
        shown->live.paused = found->input.paused;
        if (found->input.paused && !memory->paused)
                log_event(LOG_WARNING, "balance.paused", "why=%s",
                          log_quote(found->input.paused, quoted, sizeof(quoted)));
        if (!found->input.paused && memory->paused)
                log_event(LOG_INFO, "balance.resumed",
                          "why=\"predictions were right again, or acknowledged\"");
        memory->paused = found->input.paused != NULL;
        return 0;
}

static int service_facts_source(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        char quoted[QUOTE];
        const char *text;
        TextFault fault;
        int r = source_read(round->source, round->arena, round->settings, &found->input.snapshot, &fault);

        if (r < 0) {
                found->blind = text_format(round->arena, "%s", fault.what);
                shown->live.summary = text_format(round->arena, "no facts: %s", fault.what);
                return r;
        }
        found->facts = source_facts(round->source);
        for (uint32_t i = 0; (text = source_notice(round->source, i)); i++)
                log_event(LOG_WARNING, "host.notice", "notice=%s", log_quote(text, quoted, sizeof(quoted)));
        return 0;
}

int service_facts_read(const ServiceRound *round, RoundFindings *found, RoundDisplay *shown) {
        int r;

        found->doing = "reads the hosts' reports";
        r = service_facts_source(round, found, shown);
        if (r < 0)
                return r;
        found->doing = "admits hosts";
        r = service_admit(round, found->facts);
        if (r == 0) {
                found->doing = "keeps what is remembered of failing hardware";
                r = service_facts_write_faults(round, found->input.now, shown);
        }
        if (r == 0) {
                found->doing = "keeps what the VMs have used";
                r = service_facts_demand(round, found);
        }
        if (r == 0) {
                found->doing = "looks at what earlier decisions have led to";
                r = service_facts_audit(round, found, shown);
        }
        if (r == 0) {
                found->doing = "reads cool-downs and the journal";
                r = round_store_holds(round->store, round->arena, &found->input);
        }
        found->known = r == 0;
        return r;
}

int service_facts_pose(const ServiceRound *round, RoundFindings *found, unsigned not_now) {
        int r;

        found->input.not_now = not_now;
        if (found->is_posed && found->posed_not_now == not_now)
                return 0;
        r = round_prepare(round->arena, &found->input, &found->posed);
        found->is_posed = r == 0;
        found->posed_not_now = not_now;
        return r;
}
