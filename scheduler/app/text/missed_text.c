/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/text/missed_text.h"

#include "scheduler/snapshot/json/json_value.h"

json_t *missed_json(const Snapshot *s, const MoveHold *hold) {
        return json_pack("{s:s?, s:s?, s:s?, s:s?, s:s, s:I, s:o, s:o, s:b, s:o}", "vm", hold->vm, "uuid",
                         hold->uuid, "from", hold->from, "to", hold->to, "miss", move_miss_names[hold->miss],
                         "tries", (json_int_t) hold->tries, "at", json_instant(hold->at), "until",
                         json_instant(hold->until), "waits", (int) move_hold_holds(hold, s->taken_at), "why",
                         json_text(hold->why));
}

json_t *missed_waiting_json(const Snapshot *s) {
        json_t *list = json_array();

        for (uint32_t i = 0; i < s->holds.n; i++)
                if (move_hold_holds(&s->holds.at[i], s->taken_at))
                        (void) json_array_append_new(list, missed_json(s, &s->holds.at[i]));
        return list;
}

uint32_t missed_waiting(const Snapshot *s) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < s->holds.n; i++)
                n += move_hold_holds(&s->holds.at[i], s->taken_at);
        return n;
}
