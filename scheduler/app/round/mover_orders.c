/* SPDX-License-Identifier: Apache-2.0 */
/* From plans to orders, and from what came of them to records. */
#include <errno.h>

#include "scheduler/app/round/mover_parts.h"
#include "scheduler/app/round/moves_at_once.h"

/* As it was admitted; where nobody knew that then, as it reports. */
static const char *host_machine(const Host *host) {
        return host->admitted && host->admitted->uuid ? host->admitted->uuid : host->uuid;
}

static int mover_orders_fill(const Snapshot *s, MoveOrder *m, TextFault *f) {
        HostIx from = snapshot_host(s, m->from), to = snapshot_host(s, m->to);
        VmIx v = snapshot_vm(s, m->vm);
        const char *missing = from == IX_NONE ? m->from : to == IX_NONE ? m->to : v == IX_NONE ? m->vm : NULL;

        if (missing) {
                text_fault(f, "", "%s %s not found in the cluster", missing == m->vm ? "VM" : "host",
                           missing);
                return -ENOENT;
        }
        m->uuid = s->vms[v].uuid;
        m->memory_mib = s->vms[v].memory_mib;
        m->local_disk_mib = s->vms[v].local_disk_mib;
        if (s->vms[v].state == VM_OFF) /* also in a plan by hand, which says nothing of it */
                m->manner.strategy = STRATEGY_COLD;
        m->from_uri = s->hosts[from].uri;
        m->to_uri = s->hosts[to].uri;
        m->from_machine = host_machine(&s->hosts[from]);
        m->to_machine = host_machine(&s->hosts[to]);
        m->to_address = s->hosts[to].admitted ? s->hosts[to].admitted->address : NULL;
        if (!m->from_uri || !m->to_uri) {
                text_fault(
                        f, "",
                        "host %s has no libvirt URI: its name does not fit service.uri. Add its uri to its entry in "
                        "hosts: in the settings",
                        m->from_uri ? m->to : m->from);
                return -ENOENT;
        }
        return 0;
}

int mover_moves_of_plan(Arena *a, const Snapshot *s, const Plan *plan, const MoveOrder **ret,
                        TextFault *reterr_fault) {
        MoveOrder *moves = arena_new(a, MoveOrder, plan->n_moves);

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                int r;

                moves[i] = move_order_of(s, &plan->moves[i]);
                r = mover_orders_fill(s, &moves[i], reterr_fault);
                if (r < 0)
                        return r;
        }
        *ret = moves;
        return 0;
}

int mover_moves_of_file(Arena *a, const Snapshot *s, const Settings *settings, const PlanFile *plan,
                        const MoveOrder **ret, TextFault *reterr_fault) {
        MoveOrder *moves = arena_new(a, MoveOrder, plan->n_moves);
        int r = 0;

        if (!moves)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_moves; i++) {
                moves[i] = plan->moves[i];
                r = mover_orders_fill(s, &moves[i], reterr_fault);
                if (r < 0)
                        return r;
        }
        r = moves_predict(a, s, settings, moves, plan->n_moves);
        if (r < 0)
                text_fault(reterr_fault, "", "out of memory");
        else
                *ret = moves;
        return r;
}

MoveMeasure mover_took(const MigrationStatus *s) {
        return (MoveMeasure){ .ms = (s->ended - s->started) / USEC_PER_MSEC,
                              .bytes = s->bytes_done,
                              .downtime_ms = s->downtime_ms };
}

int mover_record(Arena *a, const MoveOrder *moves, const MoveOutcome *outcomes, uint32_t n,
                 const RecordMove **ret) {
        RecordMove *list = arena_new(a, RecordMove, n);

        if (!list)
                return -ENOMEM;
        for (uint32_t i = 0; i < n; i++) {
                const MoveOutcome *o = &outcomes[i];
                bool ran = o->status.started > 0 && o->status.ended > o->status.started;

                list[i] = (RecordMove){
                        .order = &moves[i],
                        .end = move_end_names[o->end],
                        .why = text_format(a, "%s%s%s", o->why, o->why[0] && o->status.remark[0] ? "; " : "",
                                           o->status.remark),
                        .strategy = o->status.post_copy ? move_strategy_names[STRATEGY_POST_COPY]
                                                        : move_strategy_names[moves[i].manner.strategy],
                        .took = ran ? mover_took(&o->status) : MOVE_NOT_MEASURED,
                };
                if (!list[i].why)
                        return -ENOMEM;
        }
        *ret = list;
        return 0;
}

const char *mover_id(const Mover *m, Arena *a, uint32_t move) {
        return text_format(a, "%s/%llx/%u", m->in->leadership->self, (unsigned long long) m->begun_at, move);
}
