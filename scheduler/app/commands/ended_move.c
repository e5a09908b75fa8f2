/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/ended_move.h"

#include "scheduler/snapshot/json/json_value.h"

static json_t *ended_move_prediction(const Prediction *predicted) {
        return json_pack("{s:o, s:o, s:o, s:o, s:o}", "seconds_low", json_seconds(predicted->ms_low),
                         "seconds", json_seconds(predicted->ms), "seconds_high",
                         json_seconds(predicted->ms_high), "bytes", json_number(predicted->bytes),
                         "downtime_seconds", json_seconds(predicted->downtime_ms));
}

json_t *ended_move_json(const RecordMove *m, EndedMoveForm form) {
        const MoveOrder *order = m->order;
        json_t *o = json_pack("{s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "vm", order->vm, "from",
                              order->from, "to", order->to, "wave", (json_int_t) order->wave + 1, "end",
                              json_text(m->end), "why", json_text(m->why), "seconds",
                              json_seconds(m->took.ms), "bytes", json_number(m->took.bytes),
                              "downtime_seconds", json_seconds(m->took.downtime_ms));

        if (form == ENDED_MOVE_SHORT) {
                (void) json_object_set_new(o, "predicted_seconds", json_seconds(order->predicted.ms));
                return o;
        }
        (void) json_object_set_new(o, "kind", json_text(order->kind));
        (void) json_object_set_new(o, "strategy", json_text(m->strategy));
        (void) json_object_set_new(o, "predicted", ended_move_prediction(&order->predicted));
        return o;
}
