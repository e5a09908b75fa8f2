/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/hasten_moves.h"

#include <string.h>

#include "scheduler/decide/migration/migration_net.h"
#include "scheduler/model/units.h"

static bool hasten_moves_goes_on(const Settled *s) {
        return s->now == JOURNAL_STARTED && !journal_is_cold(&s->entry);
}

/* In MiB/s, at least 1: 0 is no limit. */
static int64_t hasten_moves_share(int64_t mib_s, uint32_t moves) {
        return mib_s == 0 ? 0 : mib_s / moves > 0 ? mib_s / moves : 1;
}

void hasten_moves(const ServiceWorld *world, const Settings *settings, const Settled *list, uint32_t n) {
        const int64_t kbit = migration_bandwidth(settings);
        const int64_t mib_s = kbit > 0 && kbit < KBIT_A_MIB ? 1 : kbit / KBIT_A_MIB;

        for (uint32_t i = 0; i < n && world->hasten; i++) {
                const MoveOrder *o = list[i].entry.order;
                uint32_t moves = 0;

                if (!hasten_moves_goes_on(&list[i]) || !o->uuid || !o->from_uri)
                        continue;
                for (uint32_t k = 0; k < n; k++)
                        moves += hasten_moves_goes_on(&list[k]) &&
                                 strcmp(list[k].entry.order->from, o->from) == 0;
                world->hasten(world->self, (LibvirtAt){ o->from_uri, o->from_machine }, o->uuid,
                              hasten_moves_share(mib_s, moves));
        }
}
