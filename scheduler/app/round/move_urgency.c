/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/move_urgency.h"

int64_t move_urgency_left(const MoveUnderWay *m) {
        const int64_t predicted = m->order->predicted.ms - m->ran_ms;
        const MigrationStatus *s = &m->status;

        if (predicted > 0)
                return predicted;
        if (s->phase > MIGRATION_RUNNING)
                return 0; /* all is sent, and both hosts are being asked */
        if (s->bytes_per_s <= 0 || s->bytes_total <= 0 || s->stalled > 0 || s->bytes_left > INT64_MAX / 1000)
                return INT64_MAX;
        return s->bytes_left * 1000 / s->bytes_per_s;
}

bool move_urgency_may_stop(const MoveUnderWay *m) {
        return !m->urgency.spared && !m->status.post_copy && m->status.phase <= MIGRATION_RUNNING &&
               move_urgency_left(m) > MOVE_LAST_MS;
}

bool move_urgency_yields(const MoveUnderWay *m, const MoveOrder *waiting, const MoveUrgency *urgency,
                         usec_t now) {
        const int64_t left = move_urgency_left(m);
        int64_t within;

        if (!move_urgency_may_stop(m))
                return false;
        if (urgency->now || urgency->leave_by <= 0)
                return urgency->now;
        within = (urgency->leave_by - now) / USEC_PER_MSEC - waiting->predicted.ms;
        return within >= 0 && left > within; /* in time if it begins now, late if it waits */
}
